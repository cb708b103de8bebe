"""What makes a processor quick: batches side by side, memory that is kept, and the right precision."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
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


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_LARGEST_KEPT = 32 * 2**20  # the most that glibc takes as its threshold for a mapping of its own
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask glibc not to give freed memory back to the system; mallopt(3), "M_TRIM_THRESHOLD", "M_MMAP_THRESHOLD".

    Activations of a batch are allocated and freed at each step. By default the larger ones are mapped and unmapped each
    time, and the system fills every page with zeros anew: a tenth to a fifth of a training step (`experiments/speed`).

    Returns:
        Whether it was done: on Linux with glibc only.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)) and bool(mallopt(_M_TRIM_THRESHOLD, _NEVER))


def give_back_memory() -> None:
    """Ask glibc to give freed memory back to the system now; malloc_trim(3). Elsewhere nothing happens."""
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux says what a processor is and can do."""


def choose_precision(wanted: str, accelerator: str) -> str:
    """Resolve `trainer.precision=auto`.

    bf16-mixed where it is the faster one: graphics cards that say so, processors with AMX, and AMD's with AVX-512 BF16.
    Else 32-true: Intel's with AVX-512 BF16 alone train faster so (experiments/speed measured one of
    each maker's).

    Args:
        wanted: `auto`, or a Lightning precision which is returned as it is.
        accelerator: `auto`, `cpu`, `gpu` or `mps`.
    """
    if wanted != "auto":
        return wanted
    on_gpu = accelerator in ("auto", "gpu") and torch.cuda.is_available()
    if on_gpu:
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if accelerator == "mps" or (accelerator == "auto" and torch.backends.mps.is_available()):
        return "32-true"
    return "bf16-mixed" if _cpu_is_quick_with_bf16() else "32-true"


def _cpu_is_quick_with_bf16() -> bool:
    try:
        facts = CPU_INFO.read_text(encoding="utf-8")
    except OSError:  # not Linux: no such file
        return False
    return "amx_bf16" in facts or ("AuthenticAMD" in facts and "avx512_bf16" in facts)
