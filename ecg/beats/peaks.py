"""R peaks as positions in time: intervals between them, and which of them is nearest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]

MATCH_S = 0.15
"""Two marks are of the same beat if they are at most this far apart (ANSI/AAMI EC57: 150 ms)."""


def rr_intervals(sample: npt.NDArray[np.int64], fs: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """RR interval before and after each beat in seconds, NaN at the two ends.

    Args:
        sample: shape [beat], R peaks in time order.
        fs: their sampling rate in Hz.
    """
    rr = (np.diff(sample) / fs).astype(np.float32)
    edge = np.full(min(len(sample), 1), np.nan, dtype=np.float32)
    return np.concatenate([edge, rr]), np.concatenate([rr, edge])


def nearest_index(reference: Index, samples: Index) -> Index:
    """For each of `samples` the position of the nearest entry of `reference`, which is sorted and not empty."""
    right = np.minimum(np.searchsorted(reference, samples), len(reference) - 1)
    left = np.maximum(right - 1, 0)
    nearer_left = np.abs(samples - reference[left]) <= np.abs(reference[right] - samples)
    return np.where(nearer_left, left, right).astype(np.int64)
