"""A module's mutants: one for each of its places, drawn by chance, or those that were drawn before."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names


@dataclass(frozen=True)
class Change:
    """One change of a line.

    Attributes:
        operator: what cosmic-ray calls it.
        before, after: the line; the blanks of `after` are single.
    """

    operator: str
    before: str
    after: str


@dataclass(frozen=True)
class Place:
    """Where cosmic-ray can change something, and how: the operator's name, and which of its occurrences it is."""

    operator: str
    occurrence: int
    start: tuple[int, int]
    stop: tuple[int, int]


class Bare(ast.NodeTransformer):
    """Takes annotations off: they are not evaluated, so a change of one is none."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Of parameters."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Of what functions return."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Of variables and fields."""
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def bare(code: str) -> str | None:
    """What Python makes of a module, annotations left out; None if it is no Python."""
    try:
        return ast.dump(Bare().visit(ast.parse(code)))
    except SyntaxError:
        return None


def places(code: str) -> Iterator[Place]:
    """Every place for every operator; an `is` for `==`, or the other way round, tells nothing, and is left out."""
    tree = get_ast(code)
    for name in operator_names():
        identity = {word in ("Is", "IsNot") for word in name.split("_")[1:]}
        if get_operator(name).arguments() or len(identity) > 1:
            continue
        operator = get_operator(name)()
        found = (at for node in ast_nodes(tree) for at in operator.mutation_positions(node))
        for occurrence, (start, stop) in enumerate(found):
            yield Place(name, occurrence, start, stop)


def changed(code: str, place: Place) -> tuple[int, Change, str] | None:
    """The line's number, its change and the mutated module; None where Python reads the same, or nothing at all."""
    new = mutate_code(code, get_operator(place.operator)(), place.occurrence)
    if new is None or bare(new) in (None, bare(code)):
        return None
    lines, others = code.splitlines(), new.splitlines()
    if place.operator.endswith("RemoveDecorator"):
        return place.start[0], Change("RemoveDecorator", lines[place.start[0] - 1].strip(), ""), new
    differ = (i for i, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b)
    line = next(differ, place.start[0] - 1)
    change = Change(place.operator.removeprefix("core/"), lines[line].strip(), " ".join(others[line].split()))
    return line + 1, change, new


def drawn(code: str, draw: random.Random) -> Iterator[tuple[int, Change, str]]:
    """One mutant for each place and kind of operator, in random order."""
    kinds = dict[tuple[object, ...], list[Place]]()
    for place in places(code):
        kinds.setdefault((place.operator.split("_")[0], place.start, place.stop), []).append(place)
    for _, choices in draw.sample(sorted(kinds.items(), key=lambda item: item[0]), len(kinds)):
        if (made := changed(code, draw.choice(choices))) is not None:
            yield made


def same(code: str, wanted: set[Change]) -> Iterator[tuple[int, Change, str]]:
    """The wanted mutants, as far as the code still has their lines."""
    lines = code.splitlines()
    likely = {(one.operator, one.before) for one in wanted}
    for place in places(code):
        if (place.operator.removeprefix("core/"), lines[place.start[0] - 1].strip()) in likely:
            made = changed(code, place)
            if made is not None and made[1] in wanted:
                yield made
