"""Objects out of nodes: the class or function that `_target_` names, called with the node's other keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, get_args

from ecg.checks import BadSettingError
from ecg.config.signature import Parameter, fit, signature
from ecg.errors import EcgError
from ecg.targets import locate


def build(node: Mapping[str, Any], path: str, **given: Any) -> Any:
    """Build what a checked node describes.

    Args:
        node: `_target_` and parameters.
        path: its dotted key, for messages.
        given: parameters that are not settings; those that the target does not take are left out. A node's own value
            goes before a given one.

    Raises:
        EcgError: the target refuses its parameters, or a package that it needs is not installed.
    """
    target = locate(node["_target_"], f"{path}._target_")
    takes = signature(target)
    wanted = {name: value for name, value in given.items() if name in takes.parameters}
    try:
        for name, value in node.items():
            if name != "_target_":
                wanted[name] = _value(value, f"{path}.{name}", takes.parameters.get(name, Parameter()))
        return target(**wanted)
    except BadSettingError as error:
        raise EcgError(f"{path}.{error}") from None
    except EcgError:
        raise
    except ModuleNotFoundError as error:
        # Lightning's own words may name no module, but begin with what to install
        needs = error.name or str(error).strip().splitlines()[0]
        raise EcgError(f"{path} needs a package that is not installed: {needs}") from error
    except Exception as error:
        said = next(iter(str(error).strip().splitlines()), "")
        raise EcgError(f"{path} ({node['_target_']}) refuses its settings: {said or repr(error)}") from error


def _value(value: Any, path: str, parameter: Parameter) -> Any:
    """A node within a node built, a mapping for a dataclass as one, anything else as its annotation wants it."""
    if isinstance(value, Mapping) and "_target_" in value:
        return build(value, path)
    kind = dataclass_in(parameter.annotation)
    if isinstance(value, Mapping) and kind is not None:
        try:
            inner = signature(kind).parameters
            return kind(**{name: _value(one, f"{path}.{name}", inner[name]) for name, one in value.items()})
        except BadSettingError as error:
            raise BadSettingError(f"{path.rpartition('.')[2]}.{error}") from None
    return fit(value, parameter.annotation)


def dataclass_in(annotation: Any) -> Any:
    """The dataclass that an annotation is, or that is one of its choices; else None."""
    kinds = (one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and is_dataclass(one))
    return next(kinds, None)
