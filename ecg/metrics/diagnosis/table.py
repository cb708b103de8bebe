"""One row per patient: who it is, in which part of the test, and what each scorer says; of one run, or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.data.people import Person
from ecg.metrics.confusion import FloatArray
from ecg.metrics.diagnosis.scorers import SCORERS

TEST, BESIDE, EXTERNAL = "test", "beside", "external"
"""Parts: test patients of the two classes, those beside them in the same databases, and those of other databases."""
ABOVE = "threshold_"


@dataclass(frozen=True)
class PatientScores:
    """One scorer's scores of the patients of one part.

    Attributes:
        scores: by patient; higher for MI.
        threshold: what a score must be above to mean MI; NaN where nobody chose one.
    """

    scores: Mapping[str, float]
    threshold: float


def patient_table(
    parts: Mapping[str, Sequence[str]],
    people: Mapping[str, Person],
    label: Mapping[str, int],
    scored: Mapping[str, PatientScores],
) -> pd.DataFrame:
    """The table of a run.

    Args:
        parts: patients of each part.
        people: by patient.
        label: class number of each patient in a class, the others are in none.
        scored: by scorer.

    Returns:
        columns part, database, diagnosis, label (NaN in no class), age, sex, and of each scorer its scores and
        `threshold_<scorer>`; the patient is the index.
    """
    rows = []
    for part, patients in parts.items():
        for patient in patients:
            who = people[patient]
            row: dict[str, object] = {"patient": patient, "part": part, "database": who.database}
            row |= {"diagnosis": who.diagnosis, "label": label.get(patient, np.nan), "age": who.age, "sex": who.sex}
            for name, one in scored.items():
                row |= {name: one.scores.get(patient, np.nan), f"{ABOVE}{name}": one.threshold}
            rows.append(row)
    return pd.DataFrame(rows).set_index("patient")


def scorers_of(table: pd.DataFrame) -> list[str]:
    """Names of the scorers of a table, in their usual order."""
    return [name for name in SCORERS if name in table and np.isfinite(table[name].astype(float)).any()]


@dataclass(frozen=True)
class Columns:
    """Patients who are compared with each other, and one column of scores for each time that all were scored.

    Attributes:
        people: one row a patient, with `label`, `diagnosis`, `age` and `sex`.
        scores: by scorer, shape [patient, time]; NaN where a scorer has none.
        above: by scorer, the same shape: whether the score means MI; NaN where no threshold was chosen.
    """

    people: pd.DataFrame
    scores: Mapping[str, FloatArray]
    above: Mapping[str, FloatArray]


def columns_of(tables: Sequence[pd.DataFrame], part: Sequence[str], database: str | None = None) -> Columns | None:
    """The patients of some parts, of tables that all hold the same ones; None where there are none."""
    own = [t[t["part"].isin(list(part)) & ((t["database"] == database) if database else True)] for t in tables]
    if not len(own[0]):
        return None
    index = own[0].index
    scores, above = {}, {}
    for name in scorers_of(own[0]):
        values = np.stack([t.loc[index, name].to_numpy(dtype=np.float64) for t in own], axis=1)
        limit = np.stack([t.loc[index, f"{ABOVE}{name}"].to_numpy(dtype=np.float64) for t in own], axis=1)
        scores[name] = values
        above[name] = np.where(np.isfinite(values) & np.isfinite(limit), (values > limit).astype(float), np.nan)
    return Columns(own[0][["label", "diagnosis", "age", "sex"]], scores, above)


def pooled(tables: Mapping[tuple[int, int], pd.DataFrame], count: int) -> tuple[list[pd.DataFrame], list[int]]:
    """Tables of whole repeats, each with the test patients of all folds.

    Whoever is beside them is scored by every fold's model; in a repeat, one fold's scores are taken of each, so that no
    score is a mean of several models where those of the test patients are not.

    Args:
        tables: by repeat and fold.
        count: number of folds.

    Returns:
        A table per repeat whose folds are all there, and the repeats that lack some.
    """
    whole, lacking = [], []
    for repeat in sorted({repeat for repeat, _ in tables}):
        folds = [tables.get((repeat, fold)) for fold in range(count)]
        there = [table for table in folds if table is not None]
        if len(there) < count:
            lacking.append(repeat)
            continue
        test = pd.concat([table[table["part"] == TEST] for table in there])
        rest = [table[table["part"] == BESIDE] for table in there]
        dealt = _dealt(len(rest[0]), count)
        beside = [table[dealt == fold] for fold, table in enumerate(rest)]
        whole.append(pd.concat([test, *beside]).sort_index())
    return whole, lacking


def _dealt(n: int, count: int) -> npt.NDArray[np.int64]:
    return np.arange(n) % count
