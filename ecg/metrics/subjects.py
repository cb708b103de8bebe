"""One prediction per patient, and intervals over patients: beats of one patient are too much alike to count singly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.metrics.bootstrap import bootstrap_intervals, percentiles, resamplings
from ecg.metrics.classification import test_metrics
from ecg.metrics.confusion import OVERALL, FloatArray, IntArray

SCORES = (*OVERALL, "auroc")
PER_CLASS = ("se", "ppv", "f1", "support")


def subject_table(
    patient: npt.ArrayLike, target: npt.ArrayLike, probabilities: npt.ArrayLike, classes: Sequence[str]
) -> pd.DataFrame:
    """One row a patient: the mean probability over all beats, and the class that it makes most likely.

    Args:
        patient: who each beat belongs to, shape [beat].
        target: true class indices, shape [beat]; one class a patient.
        probabilities: shape [beat, class].
        classes: names of the task's classes.

    Returns:
        A table with the patient as index, `beats`, `label` and `predicted` (class names) and `p_<class>`.

    Raises:
        ValueError: shapes that do not fit, or a patient with beats of two classes.
    """
    names, first, member = np.unique(np.asarray(patient), return_index=True, return_inverse=True)
    true, probability = np.asarray(target), np.asarray(probabilities, dtype=np.float64)
    if not len(member) == len(true) == len(probability) or probability.ndim != 2:
        raise ValueError(f"{len(member)} patients, {len(true)} targets, probabilities of shape {probability.shape}")
    if np.any(true != true[first][member]):
        raise ValueError("a patient has beats of two classes")
    beats = np.bincount(member)
    mean = np.stack([np.bincount(member, column) / beats for column in probability.T], axis=1)
    mean = mean.round(9)  # the last digits of a mean of equal numbers depend on how many there are; ties must be ties
    names_of = np.array(classes)
    columns = {"beats": beats, "label": names_of[true[first]], "predicted": names_of[mean.argmax(axis=1)]}
    columns |= {f"p_{name}": mean[:, c] for c, name in enumerate(classes)}
    return pd.DataFrame(columns, index=pd.Index(names.astype(str), name="patient"))


def subject_metrics(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, float]:
    """Scores of `subject_table`, each patient counted once.

    Returns:
        `subject/accuracy|balanced_accuracy|macro_f1|auroc`, `subject/<class>/se|ppv|f1|support` as in `test_metrics`
        and `subject/count`, the number of patients.
    """
    target, probability = _arrays(table, classes)
    found = test_metrics(target, probability, classes)
    wanted = [*SCORES, *(f"{name}/{score}" for name in classes for score in PER_CLASS)]
    return {f"subject/{key}": found[f"test/{key}"] for key in wanted} | {"subject/count": float(len(table))}


def subject_intervals(
    table: pd.DataFrame, classes: Sequence[str], *, replicates: int = 2000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % intervals of the scores of `subject_table`, by resampling patients; see `bootstrap_intervals`.

    None for a score on which all resamplings agree: a few patients who are all right do not make it certain.
    """
    target, probability = _arrays(table, classes)
    found = bootstrap_intervals(target, probability.argmax(axis=1), classes, replicates=replicates, seed=seed)
    if len(classes) == 2:
        area = auroc_interval(target, probability[:, 1], replicates=replicates, seed=seed)
        found |= {} if area is None else {"auroc": area}
    return {f"subject/{key}": (low, high) for key, (low, high) in found.items() if low < high}


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
    areas = np.concatenate([_weighted_auroc(true, given, drawn[:, member]) for drawn in parts])
    found = percentiles(areas, np.isfinite(areas), level)
    return found if found is not None and found[0] < found[1] else None


def _weighted_auroc(target: npt.NDArray[np.generic], score: FloatArray, weight: npt.NDArray[np.int64]) -> FloatArray:
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


def _arrays(table: pd.DataFrame, classes: Sequence[str]) -> tuple[IntArray, FloatArray]:
    target = np.array([classes.index(name) for name in table["label"]], dtype=np.int64)
    return target, np.asarray(table[[f"p_{name}" for name in classes]], dtype=np.float64)
