"""Scores record by record: what a total over all beats hides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.metrics.confusion import Scores, confusion_by_group, confusion_matrix


def per_record(
    record: npt.ArrayLike, target: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str]
) -> pd.DataFrame:
    """One row a record.

    Args:
        record: record name of each beat, shape [beat].
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        classes: names of the task's classes.

    Returns:
        A table with the record as index, `beats`, `accuracy`, and for each class `<class>/support` (beats), `/se` and
        `/f1` (nan in records without such beats) and `/ppv` (nan in records where no beat was predicted so).

    Raises:
        ValueError: shapes that do not fit or an index out of range.
    """
    names, matrices = confusion_by_group(record, target, predicted, len(classes))
    scores = Scores.of(matrices)
    columns: dict[str, npt.NDArray[np.generic]] = {"beats": matrices.sum(axis=(1, 2)), "accuracy": scores.accuracy}
    predictions = matrices.sum(axis=1)
    for index, name in enumerate(classes):
        support = matrices[:, index].sum(axis=1)
        columns[f"{name}/support"] = support
        columns[f"{name}/se"] = np.where(support > 0, scores.se[:, index], np.nan)
        columns[f"{name}/ppv"] = np.where(predictions[:, index] > 0, scores.ppv[:, index], np.nan)
        columns[f"{name}/f1"] = np.where(support > 0, scores.f1[:, index], np.nan)
    return pd.DataFrame(columns, index=pd.Index(names, name="record"))


def mean_over_records(table: pd.DataFrame) -> dict[str, float]:
    """Mean of each score of `per_record`, every record with the same weight, over the records where it is defined.

    Returns:
        `accuracy`, `<class>/se|ppv|f1`; a score that no record defines is left out.
    """
    means = table.filter(regex="^accuracy$|/(se|ppv|f1)$").mean().dropna()
    return {str(name): float(value) for name, value in means.items()}


def without_record(
    record: npt.ArrayLike,
    target: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: Sequence[str],
    *,
    leave: str,
    name: str,
) -> dict[str, float]:
    """Scores of one class when one record does not count: a record may hold most of a rare class.

    Args:
        record: record name of each beat, shape [beat].
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        classes: names of the task's classes.
        leave: the record that does not count.
        name: of the class.

    Returns:
        `<name>/se|ppv|f1|support` (0/0 is 0.0); empty where `leave` is not among the records: no total
        passes for a result without it.

    Raises:
        EcgError: the task has no such class.
        ValueError: shapes that do not fit or an index out of range.
    """
    if name not in classes:
        raise EcgError(f"no class {name!r} in this task; it has {', '.join(classes)}")
    keep = np.asarray(record).astype(str) != leave
    if keep.all():
        return {}
    matrix = confusion_matrix(np.asarray(target)[keep], np.asarray(predicted)[keep], len(classes))
    named = Scores.of(matrix).by_class(classes)
    return {key: float(named[key]) for key in (f"{name}/{score}" for score in ("se", "ppv", "f1", "support"))}
