"""Things named by their import path: found, or refused in a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from ecg.checks import BadSettingError, one_of
from ecg.errors import EcgError

PUBLIC = (
    "ecg.data",
    "ecg.models",
    "ecg.training",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "pytorch_lightning.callbacks",
    "pytorch_lightning.loggers",
)
"""Modules whose public names a stranger's run folder may name: things that train.

Not what those modules, or modules below them, have imported for themselves: among that are functions that build, read
or write whatever they are given.
"""
SINGLE = ("ecg.transfer.Transfer", "pytorch_lightning.Trainer")
"""And these, and the losses of torch.nn."""


def locate(path: object, where: str) -> Callable[..., Any]:
    """The class or function of an import path; raises as `find`."""
    found = find(path, where)
    if not callable(found):
        raise EcgError(f"{where}={path}: is neither a class nor a function")
    return found  # type: ignore[no-any-return]


def find(path: object, where: str) -> Any:
    """What an import path names.

    A package that is not installed is also looked for in the current folder.

    Args:
        path: e.g. `torch.optim.AdamW`.
        where: the key that holds it, for messages.

    Raises:
        EcgError: no such module or name, or it cannot be imported.
    """
    if not isinstance(path, str) or "." not in path:
        raise EcgError(f"{where}={path}: must be an import path such as torch.optim.AdamW")
    module_name, _, name = path.rpartition(".")
    module = _module(module_name, f"{where}={path}")
    if not hasattr(module, name):
        close = get_close_matches(name, [word for word in dir(module) if not word.startswith("_")], n=1)
        hint = f"; did you mean {module_name}.{close[0]}?" if close else ""
        raise EcgError(f"{where}={path}: {module_name} has no {name}{hint}")
    return getattr(module, name)


def _module(name: str, said: str) -> Any:
    top = name.partition(".")[0]
    for attempt in (1, 2):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != top and not name.startswith(f"{error.name}."):
                raise EcgError(f"{said}: needs the package {error.name}; pip install {error.name}") from error
            here = os.getcwd()  # noqa: PTH109 (a string, as in sys.path)
            if attempt == 2 or error.name != top or here in sys.path:
                raise EcgError(f"{said}: there is no module {error.name}; is it installed?") from None
            sys.path.append(here)  # at the end: a folder here hides nothing that is installed
        except Exception as error:
            why = " ".join(str(error).split())
            raise EcgError(f"{said}: cannot be imported ({type(error).__name__}: {why})") from error
    raise AssertionError("unreachable")


def known(path: object) -> bool:
    """Whether a run folder may name this; see PUBLIC, and ECG_TRUST for packages of one's own."""
    if not isinstance(path, str):
        return False
    trusted = (f"{name}." for name in os.environ.get("ECG_TRUST", "").replace(",", " ").split())
    home, _, name = path.rpartition(".")
    if path in SINGLE or path.startswith(tuple(trusted)) or (home == "torch.nn" and name.endswith("Loss")):
        return True
    return home in PUBLIC and name in import_module(home).__all__


def require_known(tree: object, where: str) -> None:
    """Refuse a stranger's tree of settings that names anything but what `known` allows, at any depth.

    Raises:
        EcgError: so it is.
    """
    if isinstance(tree, Mapping):
        if "_target_" in tree and not known(named := tree["_target_"]):
            package = str(named).partition(".")[0]
            raise EcgError(
                f"{where}._target_={named}: a run folder or a weights file may name only parts of ecg, losses, "
                f"optimizers, callbacks and loggers; if you trust it, set ECG_TRUST={package}"
            )
        for key, value in tree.items():
            require_known(value, f"{where}.{key}")
    elif isinstance(tree, list | tuple):
        for value in tree:
            require_known(value, where)


def name_of(path: object) -> str:
    """What a target is called for short: `cnn` of ecg.models.cnn, `mi` of ecg.data.MIDataModule."""
    last = str(path).rpartition(".")[2]
    short = last.removesuffix("DataModule")
    return short.lower() if short and short != last else last


def by_name(what: str, value: str, registered: Mapping[str, Any], *, also: Sequence[str] = ()) -> Any:
    """Something registered, by its name, or one's own by its import path.

    Args:
        what: the setting, for messages.
        value: the name.
        registered: what can be chosen.
        also: further choices, for messages.

    Raises:
        BadSettingError: it is neither; the message has the choices.
    """
    if isinstance(value, str) and value in registered:
        return registered[value]
    if isinstance(value, str) and "." in value:
        try:
            return find(value, what)
        except EcgError as error:
            raise BadSettingError(str(error)) from None
    one_of(what, value, [*also, *registered, "or the import path of one of your own, e.g. my_package.mine"])
    raise AssertionError("unreachable")
