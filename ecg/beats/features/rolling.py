"""Statistics of a column over the beats around each beat."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.ndimage import percentile_filter

Kind = TypeVar("Kind", bound=np.generic)
Column = npt.NDArray[np.float64]
"""Shape [beat]."""


def percentile(x: Column, q: float, over: int) -> Column:
    """Percentile `q` over the `over` values centred on each; the ends are repeated."""
    return np.asarray(percentile_filter(x, q, size=min(over, 2 * len(x) - 1), mode="nearest"))


def mean(x: npt.NDArray[np.floating], over: int) -> npt.NDArray[np.float64]:
    """Mean over the `over` (odd) rows centred on each; fewer at the ends. Shape as `x`, [beat, ...]."""
    reach = over // 2
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0, dtype=np.float64)])
    at = np.arange(len(x))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(x))
    count = (high - low).reshape(-1, *(1,) * (x.ndim - 1))
    return np.asarray((total[high] - total[low]) / count)


def previous_mean(x: Column, count: int) -> Column:
    """Mean of the `count` values before each; the first has its own value."""
    total = np.concatenate([[0.0], np.cumsum(x)])
    at = np.arange(len(x))
    low = np.maximum(at - count, 0)
    return np.where(at > 0, (total[at] - total[low]) / np.maximum(at - low, 1), x)


def shifted(x: npt.NDArray[Kind], by: int) -> npt.NDArray[Kind]:
    """Row i + `by` at i; the ends are repeated."""
    return x[np.clip(np.arange(len(x)) + by, 0, len(x) - 1)]
