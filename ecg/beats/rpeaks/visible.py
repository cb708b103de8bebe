"""Where no ECG is visible: noise, no contact, or ventricular flutter, by the detector's own doubts.

Of a QRS complex the network is sure, and between them it is sure that there is none. In noise it is neither.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STEP_S = 0.02
"""From one value of the network to the next, in s."""
WINDOW_S, HOP_S = 10.0, 5.0
"""What is judged at once, and how far apart, in s."""
BESIDE_S = 0.16
"""How far around an R peak no doubt is counted, in s."""
DOUBT = 0.05
"""A value above this is a doubt where there is no R peak."""
# Chosen on DS1, svdb's training records, nstdb and made noise, see experiments/rpeaks/README.md.
FEW, DOUBTS_OF_FEW = 3, 0.02
"""Windows with fewer R peaks show no ECG above this share of doubts; a pause has hardly any."""
UNSURE, DOUBTS = 0.75, 0.06
"""So do those whose R peaks are less sure than this on average, above this share of doubts."""
NEVER_SURE = 0.6
"""And those whose R peaks are even less sure, as in square waves."""


def invisible(
    probability: npt.NDArray[np.float32], seconds: npt.NDArray[np.float64], height: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Stretches without a visible ECG.

    Args:
        probability: shape [time], of the network, one value each 20 ms.
        seconds: shape [beat], R peaks.
        height: shape [beat], how sure the network is of each.

    Returns:
        shape [stretch, 2], in s.
    """
    n = len(probability)
    beside = np.zeros(n + 1, dtype=np.int64)
    first, last = (np.clip(np.rint((seconds + by) / STEP_S), 0, n).astype(np.int64) for by in (-BESIDE_S, BESIDE_S))
    np.add.at(beside, first, 1)
    np.add.at(beside, last, -1)
    between = np.cumsum(beside)[:n] == 0
    starts: npt.NDArray[np.float64] = np.arange(max(round(n * STEP_S / HOP_S), 1), dtype=np.float64) * HOP_S
    low, high = starts - (WINDOW_S - HOP_S) / 2, starts + (WINDOW_S + HOP_S) / 2
    free = _sums(between, low, high)
    doubts = _sums(between & (probability > DOUBT), low, high) / np.maximum(free, 1)
    a, b = np.searchsorted(seconds, low), np.searchsorted(seconds, high)
    total = np.concatenate([[0.0], np.cumsum(height, dtype=np.float64)])
    count = b - a
    sure = np.where(count > 0, (total[b] - total[a]) / np.maximum(count, 1), 0.0)
    hidden = ((count < FEW) & (doubts > DOUBTS_OF_FEW)) | ((sure < UNSURE) & (doubts > DOUBTS))
    hidden |= (count > 0) & (sure < NEVER_SURE)
    edges = np.flatnonzero(np.diff(hidden, prepend=False, append=False)).reshape(-1, 2) * HOP_S
    return np.where(edges >= starts[-1] + HOP_S, max(n * STEP_S, starts[-1] + HOP_S), edges)


def _sums(
    values: npt.NDArray[np.bool_], low: npt.NDArray[np.floating], high: npt.NDArray[np.floating]
) -> npt.NDArray[np.int64]:
    """How many are true from each `low` to each `high`, in s."""
    total = np.concatenate([[0], np.cumsum(values)])
    first, last = (np.clip(np.rint(at / STEP_S), 0, len(values)).astype(np.int64) for at in (low, high))
    return np.asarray(total[last] - total[first])
