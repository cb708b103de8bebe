"""How many threads PyTorch works on."""

from __future__ import annotations

import logging
import os
import time

import torch

log = logging.getLogger(__name__)

MOST = torch.get_num_threads()
"""As many as PyTorch begins with: later it has what a run before in this process chose."""

ROUNDS, ENOUGH_S = 7, 1.0
"""How often each number of threads is timed, unless that takes too long: then a core is not free anyway."""
GAIN = 1.15
"""How many times faster several threads must be than one to be taken."""


def choose_threads(wanted: int | None) -> int:
    """Set PyTorch's number of threads, say it, and return it.

    OpenMP's threads wait for each other at the end of every operation: on a machine whose cores others use, two threads
    can be several times slower than one. So a few products of a training step's size are timed with all threads and
    with one, in turn.

    Args:
        wanted: that many; None: OMP_NUM_THREADS where it is set, else what is faster at this moment.
    """
    most = MOST
    if wanted is not None:
        count, why = wanted, "as set by threads="
    elif os.environ.get("OMP_NUM_THREADS"):
        count, why = most, "as OMP_NUM_THREADS says"
    elif most == 1:
        count, why = 1, "there is one core"
    else:
        alone, together = _seconds(1, most)
        count = most if alone > GAIN * together else 1
        why = f"{most} are {alone / together:.1f} times as fast as one at this moment; threads= sets it"
    torch.set_num_threads(count)
    log.info("%d thread%s (%s)", count, "" if count == 1 else "s", why)
    return count


def _seconds(*counts: int) -> list[float]:
    """The median time of the same work with each number of threads, measured in turn."""
    x, weight = torch.rand(64, 32, 183), torch.rand(64, 32, 5)
    matrix = torch.rand(2048, 1024)
    batch = torch.rand(256, 2048)
    times: dict[int, list[float]] = {count: [] for count in counts}
    first = time.perf_counter()
    with torch.inference_mode():
        for _ in range(ROUNDS):
            if time.perf_counter() - first > ENOUGH_S and all(times.values()):
                break
            for count in counts:
                torch.set_num_threads(count)
                began = time.perf_counter()
                torch.nn.functional.conv1d(x, weight).relu_()
                batch @ matrix
                times[count].append(time.perf_counter() - began)
    return [sorted(times[count])[len(times[count]) // 2] for count in counts]
