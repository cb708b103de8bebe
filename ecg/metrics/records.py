"""Scores record by record: what a total over all beats hides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

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


def over_records(table: pd.DataFrame, how: str = "mean") -> dict[str, float]:
    """Mean or median of each score of `per_record`, every record with the same weight, over those where it is defined.

    Args:
        table: of `per_record`.
        how: `mean` or `median`.

    Returns:
        `accuracy`, `<class>/se|ppv|f1`; a score that no record defines is left out.
    """
    found = table.filter(regex="^accuracy$|/(se|ppv|f1)$").agg(how).dropna()
    return {str(name): float(value) for name, value in found.items()}


def ectopic_scores(target: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str]) -> dict[str, float]:
    """What a table of ways to count shows of each: `jk`, and `se`, `ppv`, `f1`, `support` of S and V.

    Args:
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        classes: names of the task's classes.

    Returns:
        By name; a 0/0 is 0.0. Empty for tasks without S and V.

    Raises:
        ValueError: shapes that do not fit or an index out of range.
    """
    scores = Scores.of(confusion_matrix(target, predicted, len(classes)))
    jk = scores.jk(classes)
    if jk is None:
        return {}
    named = scores.by_class(classes)
    found = {f"{name}/{one}": float(named[f"{name}/{one}"]) for name in "SV" for one in ("se", "ppv", "f1", "support")}
    return {"jk": float(jk), **found}


def without_record(
    record: npt.ArrayLike, target: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str], *, leave: str
) -> dict[str, float]:
    """`ectopic_scores` when one record does not count: a record may hold most of a rare class.

    Args:
        record: record name of each beat, shape [beat].
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        classes: names of the task's classes.
        leave: the record that does not count.

    Returns:
        Empty where `leave` is not among the records: no total passes for a result without it.

    Raises:
        ValueError: shapes that do not fit or an index out of range.
    """
    keep = np.asarray(record).astype(str) != leave
    if keep.all():
        return {}
    return ectopic_scores(np.asarray(target)[keep], np.asarray(predicted)[keep], classes)
