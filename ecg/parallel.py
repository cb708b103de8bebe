"""Parts of a recording side by side, on threads: NumPy, SciPy and PyTorch leave Python's lock while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
    """What `work` makes of each part, in order; few are ahead of the one that is taken, so that memory stays flat.

    PyTorch works on one thread meanwhile: several for each part would wait for each other.

    Args:
        work: of one part.
        parts: in order.
    """
    workers = min(_cores(), len(parts))
    if workers < 2:
        yield from map(work, parts)
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(workers) as pool:
            rest = iter(parts)
            running = [pool.submit(work, part) for part in islice(rest, 2 * workers)]
            while running:
                yield running.pop(0).result()
                running += [pool.submit(work, part) for part in islice(rest, 1)]
    finally:
        torch.set_num_threads(before)


def _cores() -> int:
    """As many as the user allows: OMP_NUM_THREADS=1 is for machines that others use as well."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else os.cpu_count() or 1
