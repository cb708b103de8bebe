"""What a person reads when Hydra refuses something: one message that names the key or the file and the choices."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import fields
from difflib import get_close_matches

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ecg.config.check import unknown
from ecg.config.compose import choices, groups
from ecg.config.hints import hint_for
from ecg.config.root import RunConfig
from ecg.errors import EcgError


def explain(error: BaseException) -> str | None:
    """The message for an exception, None where it is a bug that needs its trace."""
    if isinstance(error, EcgError):
        return str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is a file, where resume=, output_dir= or cache_dir= must name a folder"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{error.filename or 'a file'}: {error.strerror}; make room, then go on with resume= and the run's folder"
        )
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}; is output_dir= (or cache_dir=) a folder to write in?"
    if isinstance(error, ValueError) and "Config group override" in str(error):
        return f"a group takes the name of one of its files, e.g. model=cnn, logger=none; groups: {', '.join(groups())}"
    if isinstance(error, RuntimeError) and '"srun"' in str(error):
        return (
            "hydra/launcher=slurm: there is no Slurm here (no srun); hydra/launcher=submitit_local runs its jobs here"
        )
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else None
    text = f"{error}\n{cause or ''}"
    for pattern, say in _PATTERNS:
        if found := re.search(pattern, text):
            return say(found, text)
    return " ".join(str(error).split())


def _unknown_key(found: re.Match[str], text: str) -> str:
    """A key at the top, the one place where Hydra takes no new ones (see `compose.register`)."""
    key = _full_key(text) or found.group(1).strip("+~")
    if key.startswith("hydra."):
        return (
            f"{key} is no key of Hydra's part of the settings; +{key}= adds one, e.g. for another sampler or launcher"
        )
    settings = [*(field.name for field in fields(RunConfig)), "experiment"]
    return unknown(key if hint_for(key) else key.partition(".")[0], settings)


def _unknown_choice(found: re.Match[str], text: str) -> str:
    group, name = found.group(1), found.group(2)
    if group == "hydra/launcher":
        plugin = f"install the plugin that brings it, e.g. hydra-{name}-launcher"
        extra = {"joblib": "parallel", "slurm": "slurm", "submitit_slurm": "slurm", "submitit_local": "slurm"}.get(name)
        way = f"pip install 'ecg-experiments[{extra}]'" if extra else plugin
        return f"hydra/launcher={name}: that launcher is not installed; {way}"
    if group.startswith("hydra/"):
        return f"{group}={name}: not installed; it comes with a Hydra plugin of that name"
    options = choices(group)
    if not options:
        return unknown(group, groups())
    close = get_close_matches(name, options, n=1)
    hint = f" did you mean {close[0]}?" if close else ""
    return f"{group}={name}:{hint} choose one of {', '.join(options)}"


def _syntax(found: re.Match[str], text: str) -> str:
    key, equals, value = found.group(1).partition("=")
    said = f"cannot read the setting {found.group(1)!r}; settings look like key=value, e.g. trainer.max_epochs=10"
    return f"{said}; a value with brackets or signs in two pairs of quotes: \"{key}='{value}'\"" if equals else said


def _unreadable(found: re.Match[str], text: str) -> str:
    return "cannot read the settings; quote a value that holds =, blanks or brackets, e.g. 'key=\"a=b\"'"


def _typed(found: re.Match[str], text: str) -> str:
    """The override that Hydra says it could not merge."""
    typed = re.search(r"Error merging override (.+)", text)
    key = _full_key(text)
    return f"{typed.group(1) if typed else key}: {key} holds settings of its own, e.g. {key}.KEY=VALUE"


_PATTERNS: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    (r"Could not (?:find|load) '([\w/]+)/([^'/]+)'", _unknown_choice),
    (r"Could not override '([^']+)'", _unknown_key),
    (r"Key '([^']+)' (?:is )?not in", _unknown_key),
    (r"(?:Error parsing override|LexerNoViableAlt\w*:?) '?([^'\n]+)'?", _syntax),
    (r"Error merging override", _typed),
    (r"mismatched input", _unreadable),
)


def _full_key(text: str) -> str:
    found = re.search(r"full_key: (\S+)", text)
    return found.group(1) if found else ""
