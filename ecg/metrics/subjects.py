"""One prediction per patient, and intervals over patients: beats of one patient are too much alike to count singly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.metrics.bootstrap import intervals
from ecg.metrics.classification import scored, test_metrics
from ecg.metrics.confusion import FloatArray, IntArray
from ecg.metrics.registry import metrics

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
        `subject/<metric>` for those with `by_patient`, `subject/<class>/se|ppv|f1|support` as in `test_metrics` and
        `subject/count`, the number of patients.
    """
    target, probability = _arrays(table, classes)
    found = test_metrics(target, probability, classes)
    wanted = [*by_patient(classes), *(f"{name}/{score}" for name in classes for score in PER_CLASS)]
    return {f"subject/{key}": found[f"test/{key}"] for key in wanted} | {"subject/count": float(len(table))}


def subject_intervals(
    table: pd.DataFrame, classes: Sequence[str], *, replicates: int = 2000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % intervals of the scores of `subject_table`, by resampling patients; see `intervals`.

    None for a score on which all resamplings agree: a few patients who are all right do not make it certain.
    """
    target, probability = _arrays(table, classes)
    found = intervals(scored(target, probability, classes), replicates=replicates, seed=seed)
    known = {*by_patient(classes), *(f"{name}/{score}" for name in classes for score in PER_CLASS)}
    return {f"subject/{key}": (low, high) for key, (low, high) in found.items() if low < high and key in known}


def by_patient(classes: Sequence[str]) -> list[str]:
    """Names of the metrics that are computed over patients too."""
    return [one.name for one in metrics(classes) if one.by_patient]


def _arrays(table: pd.DataFrame, classes: Sequence[str]) -> tuple[IntArray, FloatArray]:
    target = np.array([classes.index(name) for name in table["label"]], dtype=np.int64)
    return target, np.asarray(table[[f"p_{name}" for name in classes]], dtype=np.float64)
