"""Work side by side: parts of a recording on threads, many recordings in processes.

NumPy, SciPy and PyTorch leave Python's lock while they compute; reading files and looking for beats does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ecg.errors import EcgError
from ecg.progress import track

T = TypeVar("T")
R = TypeVar("R")

WORTH_IT = 24
"""Fewer recordings are worked through sooner than a second process has started."""
MOST = 16
"""Processes at most: more wait for the disk."""


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


def each(items: Sequence[T], work: Callable[[T], R], doing: str) -> Iterator[R]:
    """What `work` gives for every item, in order, under a bar with the time that is left; many in several processes.

    Args:
        items: records.
        work: a function that other processes can be sent.
        doing: shown beside the bar.

    Raises:
        EcgError: a process ended, as where memory runs out.
    """
    n = min(_cores(), MOST)
    if n == 1 or len(items) < WORTH_IT:
        yield from map(work, track(items, doing))
        return
    from joblib import Parallel, delayed  # its processes do not run a script again that lacks a main guard
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pool = Parallel(n_jobs=n, return_as="generator", pre_dispatch=2 * n, batch_size=1)  # few results wait at once
    try:
        yield from track(pool(delayed(work)(item) for item in items), doing, total=len(items))
    except BrokenProcessPool as error:
        raise EcgError(
            f"{doing}: one of {n} processes ended, as where memory runs out; with OMP_NUM_THREADS=1 there is one alone"
        ) from error


def _cores() -> int:
    """As many as the user allows: OMP_NUM_THREADS=1 is for machines that others use as well."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
