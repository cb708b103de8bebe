"""Percentile bootstrap intervals of every metric, over beats or over patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import IntArray, Scores, confusion_by_group, confusion_matrix
from ecg.metrics.registry import Interval, Metric, Scored, metrics
from ecg.metrics.resampling import Pair, percentiles, resamplings

SLOW = 200
"""Replicates of a metric that does not follow from predictions alone: each takes as long as the metric itself."""


def intervals(
    scored: Scored, *, groups: npt.ArrayLike | None = None, replicates: int = 2000, seed: int = 0
) -> dict[str, Pair]:
    """95 % intervals of every metric that has one, and of each class's Se, +P and F1; see `bootstrap_intervals`.

    Args:
        scored: labelled beats, or patients.
        groups: patient of each beat, shape [beat]; None resamples beats.
        replicates: number of resampled data sets.
        seed: same seed, same intervals.
    """
    found: dict[str, Pair | None] = dict(
        bootstrap_intervals(
            scored.target, scored.predicted, scored.classes, groups=groups, replicates=replicates, seed=seed
        )
    )
    for one in metrics(scored.classes):
        if one.of is not None and one.bootstrap:
            resample = one.interval or _slow(one)
            found[one.name] = resample(scored, groups, replicates, seed)
    return {name: pair for name, pair in found.items() if pair is not None}


def _slow(one: Metric) -> Interval:
    """The interval of a metric that has no quicker way: it is computed anew for each replicate."""

    def resample(scored: Scored, groups: npt.ArrayLike | None, replicates: int, seed: int) -> Pair | None:
        n = len(scored.target)
        names, member = np.unique(np.arange(n) if groups is None else np.asarray(groups), return_inverse=True)
        if len(names) < 2:
            return None
        values = []
        for drawn in resamplings(len(names), min(replicates, SLOW), np.random.default_rng(seed), held=n):
            for times in drawn:
                chosen = np.repeat(np.arange(n), times[member])
                part = Scored(scored.target[chosen], scored.probability[chosen], scored.classes)
                values.append(one.value(part))
        found = np.array(values)
        return percentiles(found, np.isfinite(found), 0.95)

    return resample


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
        (low, high) by the names of the metrics that follow from predictions alone, and `<class>/se|ppv|f1`.

    Raises:
        ValueError: shapes that do not fit, an index out of range, `level` or `replicates` out of range.

    Example:
        Three patients whose beats are all right, and one whose beats are all wrong:

        >>> patients = np.repeat(["a", "b", "c", "d"], 25)
        >>> target = np.tile([0, 1, 0, 1, 1], 20)
        >>> predicted = np.where(patients == "d", 1 - target, target)
        >>> bootstrap_intervals(target, predicted, ("normal", "MI"), groups=patients)["accuracy"]
        (0.25, 1.0)
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


def _intervals(
    drawn: IntArray, carriers: IntArray, classes: Sequence[str], level: float
) -> dict[str, tuple[float, float]]:
    """Percentiles of each score over `drawn`, [replicate, class, class]; `carriers`: units that hold each class."""
    held = drawn.sum(axis=2) > 0
    complete = held[:, carriers > 0].all(axis=1)
    found: dict[str, tuple[float, float] | None] = {}
    for one in metrics(classes):
        if one.counts is None or not one.bootstrap:
            continue
        own = [classes.index(name) for name in one.classes]
        if all(carriers[c] >= 2 for c in own):
            usable = complete if one.averages else held[:, own].all(axis=1)
            found[one.name] = percentiles(one.counts(drawn, classes), usable, level)
    scores = Scores.of(drawn)
    for index, name in enumerate(classes):
        if carriers[index] >= 2:
            for score in ("se", "ppv", "f1"):
                values = getattr(scores, score)[..., index]
                found[f"{name}/{score}"] = percentiles(values, held[:, index], level)
    return {name: interval for name, interval in found.items() if interval is not None}
