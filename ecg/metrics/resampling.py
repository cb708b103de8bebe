"""Drawing with replacement, and intervals from what was drawn (Efron 1979)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import FloatArray, IntArray

Pair = tuple[float, float]
"""Low and high end of an interval."""

_CHUNK = 4_000_000  # counts held at once: 32 MB
_FEWEST = 0.25  # share of the replicates that must be usable


def resamplings(n: int, replicates: int, rng: np.random.Generator, *, held: int) -> Iterator[IntArray]:
    """How often each of `n` units is drawn with replacement, [replicate, unit], a part of the replicates at a time.

    Args:
        n: number of units.
        replicates: of all parts together.
        rng: draws.
        held: numbers that the caller makes of each replicate; a part is small enough to hold them.
    """
    step, share = max(1, _CHUNK // held), np.full(n, 1 / n)
    for first in range(0, replicates, step):
        yield rng.multinomial(n, share, size=min(step, replicates - first))


def percentiles(values: FloatArray, usable: npt.NDArray[np.bool_], level: float) -> tuple[float, float] | None:
    """The interval that holds the share `level` of the usable replicates; None where too few of all are usable."""
    if usable.mean() < _FEWEST:
        return None
    low, high = np.quantile(values[usable], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def auroc_interval(
    target: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the area under the ROC curve of a task of two classes.

    Args:
        target: 0 or 1, shape [item].
        score: higher for 1, shape [item].
        groups: patient of each item, shape [item]: whole patients are resampled; None resamples items.
        replicates: number of resampled data sets.
        level: coverage, between 0 and 1.
        seed: same seed, same interval.

    Returns:
        (low, high), over the replicates that hold both classes; None where fewer than two groups carry each class, less
        than a quarter of the replicates remains, or all of them agree (classes that never overlap in a small sample say
        nothing about how much they do).

    Raises:
        ValueError: shapes that do not fit.
    """
    true, given = np.asarray(target), np.asarray(score, dtype=np.float64)
    if true.shape != given.shape or true.ndim != 1:
        raise ValueError(f"targets of shape {true.shape} and scores of shape {given.shape}: not one per item")
    names, member = np.unique(np.arange(len(true)) if groups is None else np.asarray(groups), return_inverse=True)
    if any(len(np.unique(member[true == c])) < 2 for c in (0, 1)):
        return None
    parts = resamplings(len(names), replicates, np.random.default_rng(seed), held=len(true))
    areas = np.concatenate([weighted_auroc(true, given, drawn[:, member]) for drawn in parts])
    found = percentiles(areas, np.isfinite(areas), level)
    return found if found is not None and found[0] < found[1] else None


def weighted_auroc(target: npt.NDArray[np.generic], score: FloatArray, weight: npt.NDArray[np.generic]) -> FloatArray:
    """Area under the ROC curve for each row of `weight`, [replicate, item]; nan where a class has no weight.

    The share of pairs of one item of each class in which the second class scores higher; ties count half.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) > 0]))
    ordered, positive = weight[:, order].astype(np.float64), target[order] == 1
    ones = np.add.reduceat(ordered * positive, starts, axis=1)
    zeros = np.add.reduceat(ordered * ~positive, starts, axis=1)
    below = np.cumsum(zeros, axis=1) - zeros
    pairs = ones.sum(axis=1) * zeros.sum(axis=1)
    won = (ones * (below + 0.5 * zeros)).sum(axis=1)
    areas: FloatArray = np.divide(won, pairs, out=np.full(len(weight), np.nan), where=pairs > 0)
    return areas
