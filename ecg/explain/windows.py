"""Maps on a common footing: short windows of the beat, compared by rank."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecg.explain.arrays import Floats, Ints, Mask

WINDOW_S = 0.04
"""Two maps are compared, and samples deleted, in windows of this length: about half a narrow QRS."""


def window_index(samples: int, fs: float) -> Ints:
    """Number of the window that each sample lies in, shape [sample]."""
    return np.arange(samples) // max(1, round(WINDOW_S * fs))


def windowed(values: Floats, index: Ints) -> Floats:
    """Mean of each window, shape [beat, window], of values of shape [beat, sample]."""
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    return np.asarray(np.add.reduceat(values, starts, axis=1) / np.bincount(index))


def rank_correlation(a: Floats, b: Floats, mask: Mask) -> Floats:
    """Spearman's rank correlation of two maps, beat by beat.

    Args:
        a: shape [beat, window].
        b: shape [beat, window].
        mask: shape [beat, window]; windows that count.

    Returns:
        shape [beat]; NaN where fewer than three windows count or a map is flat.
    """
    ranks_a, ranks_b = (pd.DataFrame(np.where(mask, values, np.nan)).rank(axis=1) for values in (a, b))
    return np.where(mask.sum(axis=1) >= 3, ranks_a.corrwith(ranks_b, axis=1), np.nan)


def mean_interval(values: Floats, rng: np.random.Generator, *, replicates: int = 1000) -> tuple[float, float, float]:
    """Mean of `values`, shape [beat], with its 95 % percentile bootstrap interval over beats; NaN are left out."""
    kept = values[np.isfinite(values)]
    if len(kept) == 0:
        return float("nan"), float("nan"), float("nan")
    means = kept[rng.integers(0, len(kept), size=(replicates, len(kept)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(kept.mean()), float(low), float(high)
