"""One way to show progress wherever a person waits: rich on a terminal, silence in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


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
    yield from rich_track(
        items, description=doing, total=total, console=console, transient=True, disable=not console.is_terminal
    )
