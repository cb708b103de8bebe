"""Batches side by side, each on threads of its own, where they do not depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

AT_MOST = 8
"""Batches at a time: each of them needs memory of its own, some 40 MB for the cnn."""


@contextmanager
def streams() -> Iterator[Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]]:
    """A `map` that works on as many items at once as PyTorch has threads, in the order of the items.

    No thread then waits for the slowest at the end of every operation (`experiments/predict`). Inside, PyTorch's
    operations share its threads between the streams. An error, or Ctrl-C, drops what has not begun.
    """
    threads = torch.get_num_threads()
    count = min(threads, AT_MOST)
    if count == 1:
        yield map
        return
    torch.set_num_threads(threads // count)
    try:
        with ThreadPoolExecutor(count) as pool:
            try:
                yield pool.map
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(threads)
