"""The one check of a composed configuration: every key against a signature, every value against its annotation.

It runs before any data is read. Ranges are checked where a value is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from difflib import get_close_matches
from typing import Any

from ecg.config.build import dataclass_in
from ecg.config.hints import VALUES, hint_for
from ecg.config.root import GROUPS, Group, Node, RunConfig
from ecg.config.signature import REQUIRED, NotFittingError, Parameter, Signature, fit, signature
from ecg.errors import EcgError
from ecg.targets import locate, require_known

MANY = 16
"""Where there are more keys than this, a message names the nearest one alone."""


def checked(tree: Mapping[str, Any], *, own: bool = True) -> RunConfig:
    """The configuration that a tree of plain dictionaries describes, with the defaults of what it builds filled in.

    Args:
        tree: as composed, or as a run folder keeps it.
        own: whether the user wrote it: any import path may be named then. What stands in a stranger's folder may name
            only what `ecg.targets` knows.

    Raises:
        EcgError: an unknown key, a wrong type or a wrong choice; one line that names the key and what there is.
    """
    root = signature(RunConfig).parameters
    if strange := [key for key in tree if key not in root]:
        raise EcgError(unknown(strange[0], list(root)))
    if missing := [key for key, one in root.items() if key not in tree and one.default is REQUIRED]:
        raise EcgError(f"{missing[0]} is missing: a configuration has {', '.join(root)}")
    values = {
        key: _group(key, value, GROUPS[key], own=own) if key in GROUPS else _fitted(key, value, root[key].annotation)
        for key, value in tree.items()
    }
    return RunConfig(**values)


def _group(name: str, value: Any, group: Group, *, own: bool) -> Any:
    if not value and name == "scheduler":  # null, or ~scheduler: a rate that stays as it is
        return None
    if not group.many:
        return check_node(value, name, group, own=own)
    nodes = _mapping(value, name).items()
    return {key: None if one is None else check_node(one, f"{name}.{key}", group, own=own) for key, one in nodes}


def check_node(node: Mapping[str, Any], path: str, group: Group, *, own: bool = True) -> Node:
    """A node whose keys and values fit the signature of its target, defaults of our own targets filled in."""
    if "_target_" not in _mapping(node, path):
        name = path.partition(".")[2]
        choice = f"choose {path.replace('.', '=')}, or " if name else ""
        raise EcgError(f"{path} has no _target_: {choice}name what it builds, e.g. {path}._target_=my_package.MyClass")
    named = node["_target_"]
    if not own:
        require_known({"_target_": named}, path)
    takes = signature(locate(named, f"{path}._target_"))
    checked: Node = {"_target_": named}
    for name, value in node.items():
        key = f"{path}.{name}"
        if name == "_target_":
            continue
        if name in group.given:
            raise EcgError(f"{key} is no setting: {group.given[name]}")
        if name in group.named and not own:
            require_known(_named(value), key)
        if name in group.extra:
            checked[name] = _fitted(key, value, group.extra[name])
        elif name in takes.parameters:
            checked[name] = _value(key, value, takes.parameters[name], group.also.get(name), own=own)
        elif takes.open and not name.startswith("_"):
            checked[name] = _value(key, value, Parameter(), None, own=own)
        else:
            known = [one for one in takes.parameters if one not in group.given]
            raise EcgError(unknown(key, [*known, *group.extra]))
    for name, one in takes.parameters.items():
        if one.default is REQUIRED and name not in (*checked, *group.given, *group.provided):
            raise EcgError(f"{path}.{name} must be set: {named} needs it")
        if named.startswith("ecg.") and one.default is not REQUIRED and name not in group.given:
            checked.setdefault(name, _plain(one.default))  # a run folder says all settings of our own targets
    return checked


def _named(value: Any) -> list[Node]:
    """Import paths among the names of registered things, as if they were to be built; files are none."""
    if isinstance(value, Mapping):
        return _named(value.get("name"))
    if isinstance(value, list | tuple):
        return [one for item in value for one in _named(item)]
    return [{"_target_": value}] if isinstance(value, str) and "." in value and "/" not in value else []


def unknown(key: str, known: list[str]) -> str:
    """What is said of a key that does not exist: the nearest one at the same place, and those there are."""
    if (said := hint_for(key)) is not None:
        return f"unknown key {key}: {said}"
    parent, dot, last = key.rpartition(".")
    close = get_close_matches(last, known, n=1)
    said = f" did you mean {parent}{dot}{close[0]}?" if close else ""
    there = f" keys{f' of {parent}' if parent else ''}: {', '.join(known) or 'none'}"
    return f"unknown key {key}:{said}{'' if close and len(known) > MANY else there}"


def _value(key: str, value: Any, parameter: Parameter, also: Any, *, own: bool) -> Any:
    if isinstance(value, Mapping) and "_target_" in value:
        return check_node(value, key, Group(), own=own)
    kind = dataclass_in(parameter.annotation)
    if kind is not None and value is not None:
        return _part(key, _mapping(value, key), signature(kind), parameter.default, own=own)
    annotation = parameter.annotation if also is None else parameter.annotation | also
    return _fitted(key, value, annotation)


def _part(key: str, value: Mapping[str, Any], takes: Signature, default: Any, *, own: bool) -> dict[str, Any]:
    """Settings for a dataclass within a signature; what is not said is as in the parameter's own default."""
    if strange := [name for name in value if name not in takes.parameters]:
        raise EcgError(unknown(f"{key}.{strange[0]}", list(takes.parameters)))
    said = {name: _value(f"{key}.{name}", one, takes.parameters[name], None, own=own) for name, one in value.items()}
    return _plain(default) | said if is_dataclass(default) else said


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EcgError(f"{key}={value}: holds settings of its own, e.g. {key}.KEY=VALUE")
    return value


def _fitted(key: str, value: Any, annotation: Any) -> Any:
    try:
        return _plain(fit(value, annotation))
    except NotFittingError as error:
        shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else value
        wanted = str(error)
        verb = "choose" if wanted.startswith("one of") else "must be"
        hint = f"{said}; " if (said := VALUES.get((key, str(value)))) else ""
        raise EcgError(f"{key}={shown}: {hint}{verb} {wanted}") from None


def _plain(value: Any) -> Any:
    """As YAML and JSON hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
