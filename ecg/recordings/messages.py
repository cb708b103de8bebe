"""Parts of the messages about files that are missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecg.errors import EcgError


def one_line(error: Exception) -> str:
    """What another library's exception says, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


@contextmanager
def failing(problem: str, kind: type[Exception] = Exception) -> Iterator[None]:
    """Turn whatever another library's parser trips over into the `problem`, with what the library says in brackets."""
    try:
        yield
    except kind as error:
        raise EcgError(f"{problem} ({one_line(error)})") from error


def found_in(folder: Path, ending: str, what: str) -> str:
    """A sentence about which files of one `ending` a folder has; headers are called as their records are."""
    if not folder.is_dir():
        return f"There is no folder {folder}."
    names = sorted(file.name.removesuffix(".hea") for file in folder.glob(f"*{ending}"))
    if not names:
        return f"{folder} has no {what} (no {ending} file)."
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"{folder} has {', '.join(names[:12])}{more}."
