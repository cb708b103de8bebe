"""What can be set is what a constructor takes, and a value fits its annotation or is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
import pytorch_lightning as pl
import torch

from ecg.config.build import build
from ecg.config.signature import REQUIRED, NotFittingError, fit, signature, words
from ecg.errors import EcgError

T = TypeVar("T")


class Base:
    def __init__(self, width: int = 3, *, name: str = "base") -> None: ...


class Passes(Base):
    def __init__(self, depth: int, width: float = 1.5, **more: Any) -> None: ...


class Inherits(Passes):
    pass


class Nothing:
    pass


class TakesAll:
    def __init__(self, **more: Any) -> None: ...


@dataclass(frozen=True)
class Data:
    size: int
    names: list[str] = field(default_factory=lambda: ["a"])
    hidden: int = field(default=1, init=False)


def function(*values: int, rate: float, mode: Literal["a", "b"] = "a") -> None: ...


def test_a_constructor_takes_its_own_parameters_and_those_that_it_passes_on() -> None:
    takes = signature(Passes)
    assert set(takes.parameters) == {"depth", "width", "name"}
    assert takes.parameters["depth"].default is REQUIRED
    assert (takes.parameters["width"].annotation, takes.parameters["width"].default) == (float, 1.5)
    assert takes.parameters["name"].default == "base"
    assert not takes.open
    assert set(signature(Inherits).parameters) == {"depth", "width", "name"}


def test_functions_and_dataclasses_have_signatures_too() -> None:
    assert {name: one.annotation for name, one in signature(function).parameters.items()} == {
        "rate": float,
        "mode": Literal["a", "b"],
    }
    takes = signature(Data).parameters
    assert (takes["size"].default, takes["names"].default) == (REQUIRED, ["a"])
    assert "hidden" not in takes


def test_what_takes_any_name_is_open() -> None:
    assert signature(TakesAll).open
    assert signature(dict).open
    assert not signature(Base).open


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, torch.optim.SGD, torch.optim.RMSprop])
def test_parameters_of_libraries_are_found(optimizer: type) -> None:
    names = set(inspect.signature(optimizer).parameters)
    assert set(signature(optimizer).parameters) == names
    assert set(signature(pl.Trainer).parameters) == set(inspect.signature(pl.Trainer).parameters)


FITS: list[tuple[Any, Any, Any]] = [
    (3, int, 3),
    (3, float, 3.0),
    (0.5, int | float, 0.5),
    (3, int | float | None, 3),
    (3, float | int, 3),
    (None, int | None, None),
    (True, bool, True),
    (True, bool | int, True),
    ("a", Literal["a", "b"], "a"),
    (16, Literal["16", 16], 16),
    ("x/y", Path, Path("x/y")),
    ("x/y", str | Path | None, "x/y"),
    ([1, 2], list[int], [1, 2]),
    ([1, 2], tuple[float, ...], (1.0, 2.0)),
    ([0.9, 0.99], tuple[float, float], (0.9, 0.99)),
    (["a"], Sequence[str], ["a"]),
    (["a"], Iterable[str], ["a"]),
    ([1], list[int] | str | int, [1]),
    ({"a": 1}, dict[str, int], {"a": 1}),
    ({"a": 1}, Mapping[str, Any], {"a": 1}),
    ({"_target_": "a.b"}, int, {"_target_": "a.b"}),
    ({"size": 1}, Data, {"size": 1}),
    (object, Any, object),
    (3, T, 3),
]


@pytest.mark.parametrize(("value", "annotation", "wanted"), FITS)
def test_a_value_that_fits_is_as_the_annotation_wants_it(value: Any, annotation: Any, wanted: Any) -> None:
    found = fit(value, annotation)
    assert (found, type(found)) == (wanted, type(wanted))


REFUSED: list[tuple[Any, Any, str]] = [
    ("3", int, "a whole number"),
    (3.0, int, "a whole number"),
    (True, int, "a whole number"),
    (True, float, "a number"),
    (None, int, "a whole number"),
    ("1", float | None, "a number or null"),
    (1, bool, "true or false"),
    ("true", bool, "true or false"),
    (3, str, "text"),
    (True, str | None, "text or null"),
    (["a"], str, "text"),
    (3, Path, "a path"),
    ("c", Literal["a", "b"], "one of a, b"),
    (True, Literal[1, 0], "one of 1, 0"),
    ("c", Literal["a"] | int | None, "one of a or a whole number or null"),
    ("ab", list[str], "a list, e.g. [a,b]"),
    ("ab", Sequence[str], "a list, e.g. [a,b]"),
    ("ab", Iterable[str], "a list, e.g. [a,b]"),
    (["a"], list[int], "a whole number"),
    (["a"], tuple[float, ...], "a number"),
    (3, dict[str, int], "settings of its own (key=value)"),
    (3, Data, "settings of its own (key=value)"),
    ({"a": 1}, int, "a whole number"),
]


@pytest.mark.parametrize(("value", "annotation", "said"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_what_is_wanted(value: Any, annotation: Any, said: str) -> None:
    with pytest.raises(NotFittingError) as told:
        fit(value, annotation)
    assert str(told.value) == said


def test_choices_come_first_and_once() -> None:
    assert words(Literal["a", "b"] | Literal["b", "c"] | None) == "one of a, b, c or null"


def test_what_is_built_gets_what_it_takes_and_a_nodes_own_value_goes_first(here: Callable[[str, str], Path]) -> None:
    content = (
        "class Thing:\n"
        "    def __init__(self, *, width: float, inner=None, seed: int = 0):\n"
        "        self.width, self.inner, self.seed = width, inner, seed\n"
    )
    here("ecg_test_thing", content)
    inner = {"_target_": "ecg_test_thing.Thing", "width": 2}
    made = build({"_target_": "ecg_test_thing.Thing", "width": 3, "inner": inner, "seed": 4}, "x", seed=9, other=1)
    assert (made.width, type(made.width), made.seed) == (3.0, float, 4)
    assert (made.inner.width, made.inner.seed) == (2.0, 0)
    assert build({"_target_": "ecg_test_thing.Thing", "width": 3}, "x", seed=9).seed == 9
    with pytest.raises(EcgError, match=r"^x \(ecg_test_thing\.Thing\) refuses its settings: .*width"):
        build({"_target_": "ecg_test_thing.Thing"}, "x")
