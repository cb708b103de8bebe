"""Percentile bootstrap intervals of the scores of a confusion matrix, over beats or over patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import FloatArray, IntArray, Scores, confusion_by_group, confusion_matrix

_CHUNK = 4_000_000  # counts held at once: 32 MB
_FEWEST = 0.25  # share of the replicates that must be usable


def bootstrap_intervals(
    target: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: Sequence[str],
    *,
    groups: npt.ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals (Efron 1979).

    Without `groups` beats are resampled. Scores depend on the beats only through the confusion matrix, so drawing its
    cells from a multinomial is the same as drawing beats, and much cheaper. Beats of one patient are alike, so these
    intervals are too narrow for a claim about new patients. With `groups` whole patients are resampled.

    What cannot be estimated gets no interval rather than a false one. With fewer than two patients (or beats) there
    is none at all; a class that fewer than two of them carry has none of its own, and jk needs both S and V.
    Replicates without a class that the data do hold say nothing about it: they are left out for that class's scores,
    and for those that average over classes; where less than a quarter of the replicates remains, there is no interval.

    Args:
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        classes: names of the task's classes.
        groups: patient of each beat, shape [beat]; None resamples beats.
        replicates: number of resampled data sets.
        level: coverage, between 0 and 1.
        seed: same seed, same intervals.

    Returns:
        (low, high) for `accuracy`, `balanced_accuracy`, `macro_f1`, `<class>/se|ppv|f1` and, with S and V, `jk`.

    Raises:
        ValueError: shapes that do not fit, an index out of range, `level` or `replicates` out of range.
    """
    if not 0 < level < 1 or replicates < 1:
        raise ValueError(f"level {level} must be between 0 and 1, replicates {replicates} at least 1")
    rng = np.random.default_rng(seed)
    if groups is None:
        whole = confusion_matrix(target, predicted, len(classes))
        units, carriers = int(whole.sum()), whole.sum(axis=1)
    else:
        _, matrices = confusion_by_group(groups, target, predicted, len(classes))
        units, carriers = len(matrices), (matrices.sum(axis=2) > 0).sum(axis=0)
    if units < 2:
        return {}
    drawn = _draw_beats(whole, replicates, rng) if groups is None else _draw_groups(matrices, replicates, rng)
    return _intervals(drawn, carriers, classes, level)


def _draw_beats(whole: IntArray, replicates: int, rng: np.random.Generator) -> IntArray:
    beats = int(whole.sum())
    return rng.multinomial(beats, whole.ravel() / beats, size=replicates).reshape(replicates, *whole.shape)


def _draw_groups(matrices: IntArray, replicates: int, rng: np.random.Generator) -> IntArray:
    flat = matrices.reshape(len(matrices), -1).astype(np.float64)  # floats: the product is then BLAS, and still exact
    parts = [drawn @ flat for drawn in resamplings(len(matrices), replicates, rng, held=len(matrices))]
    return np.concatenate(parts).reshape(replicates, *matrices.shape[1:]).astype(np.int64)


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


def _intervals(
    drawn: IntArray, carriers: IntArray, classes: Sequence[str], level: float
) -> dict[str, tuple[float, float]]:
    """Percentiles of each score over `drawn`, [replicate, class, class]; `carriers`: units that hold each class."""
    scores = Scores.of(drawn).named(classes)
    held = drawn.sum(axis=2) > 0
    complete = held[:, carriers > 0].all(axis=1)
    usable = {"accuracy": np.ones(len(drawn), dtype=bool), "balanced_accuracy": complete, "macro_f1": complete}
    for index, name in enumerate(classes):
        if carriers[index] >= 2:
            usable |= {f"{name}/{score}": held[:, index] for score in ("se", "ppv", "f1")}
    if "S/se" in usable and "V/se" in usable:
        usable["jk"] = usable["S/se"] & usable["V/se"]
    found = {name: percentiles(scores[name], keep, level) for name, keep in usable.items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def percentiles(values: FloatArray, usable: npt.NDArray[np.bool_], level: float) -> tuple[float, float] | None:
    """The interval that holds the share `level` of the usable replicates; None where too few of all are usable."""
    if usable.mean() < _FEWEST:
        return None
    low, high = np.quantile(values[usable], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
