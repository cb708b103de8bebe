"""One way to show progress wherever a person waits: rich on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

T = TypeVar("T")
_WITHIN: ContextVar[bool] = ContextVar("_WITHIN", default=False)
"""Whether a bar over the whole is shown, within which others are silent."""


def track(items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` under a progress bar on stderr that says what is being done and goes away at the end.

    Args:
        items: what is worked through.
        doing: shown beside the bar, e.g. `reading mitdb`.
        total: number of items where `items` has no length.
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    silent = _WITHIN.get() or not console.is_terminal
    yield from rich_track(items, description=doing, total=total, console=console, transient=True, disable=silent)


def live(console: Console, *columns: ProgressColumn, shown: bool = True, **more: Any) -> Progress:
    """A bar that goes away at its end; what is printed meanwhile goes above it.

    Standard output is left alone where it leads elsewhere: what is piped into a file stays there.

    Args:
        console: where the bar is.
        columns: of rich.
        shown: whether it is there at all.
        more: for `rich.progress.Progress`.
    """
    from rich.progress import Progress

    out = sys.stdout.isatty()
    return Progress(
        *columns, console=console, transient=True, disable=not shown, redirect_stdout=out, redirect_stderr=False, **more
    )


def track_whole(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
    """Yield `items` under the one bar of a whole command, with how many are done and the time that is left.

    What is printed meanwhile goes above the bar.

    Args:
        items: what is worked through.
        doing: shown beside the bar.
        total: number of items.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = console.is_terminal and total > 1
    before = _WITHIN.set(shown)
    try:
        with live(console, *columns, shown=shown) as progress:
            yield from progress.track(items, total=total, description=doing)
    finally:
        _WITHIN.reset(before)
