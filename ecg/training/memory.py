"""Memory that was freed stays with the process, for the next batch."""

from __future__ import annotations

import ctypes
import sys

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
