"""What a person reads when something is wrong: one message that names the key or the file and the valid choices."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ecg.config import sweep
from ecg.config.job import Job
from ecg.config.root import RunConfig
from ecg.errors import EcgError

log = logging.getLogger(__name__)
CONF = Path(__file__).parents[2] / "conf"
TRACE = "HYDRA_FULL_ERROR"


@contextmanager
def logged() -> Iterator[None]:
    """Tell a sweep job's failure at once: Hydra's launcher shows only the first one, when all jobs are through.

    A single run's failure is told by `report`. Either way, a job that failed before it wrote anything leaves no folder.
    """
    job = Job.current()
    try:
        yield
    except Exception as error:
        if job.sweep is not None:
            reason = explain(error) or repr(error)
            log.error("job %s failed: %s", " ".join(job.overrides), reason)
            sweep.failed(job, reason)
        else:
            _remove_empty(job.folder)
        raise


def report(main: Callable[[], object]) -> int:
    """Run a Hydra main function; a failure ends with its message alone and exit code 1.

    HYDRA_FULL_ERROR=1 keeps the stack trace. An exception that no user caused keeps it anyway.
    """
    wanted = _trace_wanted()
    os.environ[TRACE] = "1"  # Hydra then leaves the exception to us
    try:
        main()
    except Exception as error:
        if wanted:
            raise
        message = explain(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        return 1
    return 0


def explain(error: BaseException) -> str | None:
    """The message for an exception, None where it is a bug that needs its trace."""
    if isinstance(error, EcgError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}; is output_dir= (or cache_dir=) a folder to write in?"
    if isinstance(error, ValueError) and "Config group override" in str(error):
        return f"null is no choice for a group; groups: {', '.join(_groups())} (only experiment can be null)"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else None
    text = f"{error}\n{cause or ''}"
    for pattern, say in _PATTERNS:
        if found := re.search(pattern, text):
            return say(found, text)
    return str(error)


def _remove_empty(folder: Path) -> None:
    """Remove a run folder that holds only what Hydra put there; its log, which a failed job filled, is told anyway."""
    if {path.name for path in folder.iterdir()} <= {".hydra", "train.log"}:
        shutil.rmtree(folder / ".hydra", ignore_errors=True)
        (folder / "train.log").unlink(missing_ok=True)
        folder.rmdir()


def _unknown_key(found: re.Match[str], text: str) -> str:
    key = _full_key(text) or found.group(1).strip("+~")
    parent, _, last = key.rpartition(".")
    known = _keys(parent)
    close = get_close_matches(last, known, n=1) or get_close_matches(key, _groups(), n=1)
    hint = f" did you mean {f'{parent}.' if parent else ''}{close[0]}?" if close else ""
    return f"unknown key {key}:{hint} {'keys of ' + parent if parent else 'keys'}: {', '.join(known)}"


def _unknown_group_option(found: re.Match[str], text: str) -> str:
    group, name = found.group(1), found.group(2)
    options = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    if not options:
        return f"unknown group {group}; groups: {', '.join(_groups())}"
    close = get_close_matches(name, options, n=1)
    hint = f" did you mean {close[0]}?" if close else ""
    return f"{group}={name}:{hint} choose one of {', '.join(options)}"


def _wrong_type(found: re.Match[str], text: str) -> str:
    kinds = {"Integer": "a whole number", "Float": "a number", "Boolean": "true or false", "bool": "true or false"}
    return f"{_full_key(text)}={found.group(1)}: must be {kinds.get(found.group(2), found.group(2))}"


def _syntax(found: re.Match[str], text: str) -> str:
    return f"cannot read the setting {found.group(1)!r}; settings look like key=value, e.g. trainer.epochs=10"


def _not_a_value(found: re.Match[str], text: str) -> str:
    key = _full_key(text)
    return f"{_typed(text)}: {key} holds settings of its own; keys of {key}: {', '.join(_keys(key))}"


def _typed(text: str) -> str:
    """The override that Hydra says it could not merge."""
    found = re.search(r"Error merging override (.+)", text)
    return found.group(1) if found else _full_key(text)


_PATTERNS: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    (r"Could not find '(\w+)/([^']+)'", _unknown_group_option),
    (r"Value '([^']*)' .*could not be converted to (\w+)", _wrong_type),
    (r"Value '([^']*)' is not a valid (\w+)", _wrong_type),
    (r"field '([^']+)' is not Optional", lambda found, text: f"{found.group(1)}=null: must have a value"),
    (r"Invalid type assigned: \w+ is not a subclass", _not_a_value),
    (r"is not a ListConfig", lambda found, text: f"{_typed(text)}: must be a list, e.g. {_full_key(text)}=[a,b]"),
    (r"Could not override '([^']+)'", _unknown_key),
    (r"Key '([^']+)' (?:is )?not in", _unknown_key),
    (r"Error parsing override '([^']+)'", _syntax),
)


def _full_key(text: str) -> str:
    found = re.search(r"full_key: (\S+)", text)
    return found.group(1) if found else ""


def _groups() -> list[str]:
    return sorted(path.name for path in CONF.iterdir() if path.is_dir())


def _keys(parent: str) -> list[str]:
    """Names of the keys below a dotted path of the schemas; those of every schema of a group."""
    from ecg.config.compose import SCHEMAS

    top, *rest = parent.split(".") if parent else [""]
    if not top:
        return [f.name for f in fields(RunConfig)]
    names: list[str] = []
    for (group, _), schema in SCHEMAS.items():
        node = schema if group == top else None
        for part in rest:
            factories = {f.name: f.default_factory for f in fields(node)} if node else {}
            factory = factories.get(part)
            node = factory if isinstance(factory, type) and is_dataclass(factory) else None
        names += [f.name for f in fields(node) if f.name not in names] if node else []
    return names


def _trace_wanted() -> bool:
    return os.environ.get(TRACE) == "1"
