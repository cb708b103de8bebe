"""What a class or function takes: the names, types and defaults that its settings are checked against."""

from __future__ import annotations

import contextlib
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

REQUIRED = inspect.Parameter.empty
"""The default of a parameter that has none."""


class Parameter(NamedTuple):
    """One parameter of a signature.

    Attributes:
        annotation: its type; Any where it has none.
        default: its default, or REQUIRED.
    """

    annotation: Any = Any
    default: Any = REQUIRED


class Signature(NamedTuple):
    """What can be set.

    Attributes:
        parameters: by name.
        open: whether any other name is taken as well (`**kwargs` that lead nowhere known).
    """

    parameters: Mapping[str, Parameter]
    open: bool = False


def signature(target: Callable[..., Any]) -> Signature:
    """The parameters of a class's constructor or of a function; `**kwargs` of a class lead on to its base class.

    What a base class needs is not asked for there: the class may provide it itself.
    """
    if is_dataclass(target):
        made = {f.name: f.default_factory() for f in fields(target) if callable(f.default_factory)}
        hints, named = _hints(target), inspect.signature(target).parameters.items()
        return Signature({name: Parameter(hints.get(name, Any), made.get(name, one.default)) for name, one in named})
    found: dict[str, Parameter] = {}
    inherited = False
    for layer in target.__mro__ if isinstance(target, type) else (target,):
        call = layer.__dict__.get("__init__") if isinstance(layer, type) else layer
        if call is None or call is object.__init__:
            continue
        hints, given = _hints(call), inspect.signature(call).parameters.values()
        for one in given:
            if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name != "self":
                default = None if inherited and one.default is REQUIRED else one.default
                found.setdefault(one.name, Parameter(hints.get(one.name, Any), default))
        if not any(one.kind is one.VAR_KEYWORD for one in given):
            return Signature(found)
        inherited = True
    return Signature(found, open=True)


def _hints(call: Any) -> dict[str, Any]:
    """Types by name; a parameter whose type is there for type checkers only is taken as it is."""
    try:
        return get_type_hints(call)
    except Exception:
        found: dict[str, Any] = {}
        for name, said in getattr(call, "__annotations__", {}).items():
            one = types.SimpleNamespace(__annotations__={name: said}, __module__=call.__module__)
            with contextlib.suppress(Exception):
                found |= get_type_hints(one, vars(sys.modules[call.__module__]))
        return found


class NotFittingError(ValueError):
    """A value is of another type than its annotation; the message says what is wanted."""


def fit(value: Any, annotation: Any) -> Any:
    """The value as `annotation` wants it: 1 as 1.0 for a float, a list as a tuple, text as a path.

    Raises:
        NotFittingError: it is of another type, or none of the choices.
    """
    if annotation is Any:
        return value
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _fit_any(value, annotation)
    if origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in get_args(annotation)):
            return value
        raise NotFittingError(words(annotation))
    kind = origin or annotation
    if not isinstance(kind, type) or kind is object:
        return value  # a type variable, say: nothing to hold the value against
    if isinstance(value, Mapping) and ("_target_" in value or is_dataclass(kind)):
        return value  # built, and checked, as a node of its own
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if isinstance(value, list) and kind is not str and not _is_protocol(kind) and issubclass(list, kind):
        return _fit_items(value, annotation)
    if isinstance(value, list) and kind is tuple:
        return tuple(_fit_items(value, annotation))
    if isinstance(value, kind) and (kind in (bool, str) or not isinstance(value, bool | str)):
        return value
    raise NotFittingError(words(annotation))


def _fit_any(value: Any, annotation: Any) -> Any:
    own: Any = type(value)  # a number for `int | float` stays an int: the type that is the value's own comes first
    for choice in sorted(get_args(annotation), key=lambda choice: (get_origin(choice) or choice) is not own):
        with contextlib.suppress(NotFittingError):
            return fit(value, choice)
    raise NotFittingError(words(annotation))


def _fit_items(value: list[Any], annotation: Any) -> list[Any]:
    inner = [a for a in get_args(annotation) if a is not Ellipsis]
    return [fit(one, inner[0]) for one in value] if len(inner) == 1 else value


_NULL = type(None)
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", Path: "a path", _NULL: "null"}


def words(annotation: Any) -> str:
    """What an annotation wants, for a message: `a whole number or null`, `one of min, max`."""
    choices, kinds = _parts(annotation)
    said = [f"one of {', '.join(dict.fromkeys(map(str, choices)))}"] if choices else []
    return " or ".join([*said, *dict.fromkeys(kinds)]) or "something else"


def _is_protocol(kind: Any) -> bool:
    """Whether it is a contract for objects, which some cannot be asked about by `issubclass`."""
    return bool(getattr(kind, "_is_protocol", False))


def _parts(annotation: Any) -> tuple[list[Any], list[str]]:
    """Choices by value, and kinds in words."""
    origin = get_origin(annotation)
    if origin is Literal:
        return list(get_args(annotation)), []
    if origin in (Union, types.UnionType):
        parts = [_parts(one) for one in sorted(get_args(annotation), key=lambda one: one is _NULL)]
        return [c for choices, _ in parts for c in choices], [k for _, kinds in parts for k in kinds]
    kind = origin or annotation
    if _is_protocol(kind):  # an object, which nobody can type
        return [], []
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Mapping)):
        return [], ["settings of its own (key=value)"]
    if isinstance(kind, type) and kind not in _WORDS and issubclass(kind, Iterable):
        return [], ["a list, e.g. [a,b]"]
    return [], [_WORDS.get(kind, getattr(kind, "__name__", str(kind)))]
