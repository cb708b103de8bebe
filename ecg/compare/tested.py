"""What a run's predictions.csv and history.csv say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.metrics.confusion import confusion_matrix
from ecg.progress import track
from ecg.runs.run import Run

T = TypeVar("T")


@dataclass(frozen=True)
class Tested:
    """The test beats of a run.

    Attributes:
        classes: class names.
        confusion: counts, shape [true, predicted].
        beats: number of test beats.
        patients: number of test patients, 0 where they are unknown.
        which: digest of the beats' records, samples and labels; equal for the same beats in the same order.
    """

    classes: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    beats: int
    patients: int
    which: str


def _of_each(runs: Iterable[Run], read: Callable[[Run], T], problems: list[str]) -> dict[str, T]:
    """What `read` finds, by the runs' folders."""
    found = {}
    for run in runs:
        try:
            found[str(run.folder)] = read(run)
        except EcgError as damage:
            problems.append(str(damage))
    return found


def read_tested(runs: Iterable[Run], problems: list[str]) -> dict[str, Tested]:
    """`Tested` of each run that has a whole predictions.csv, by folder; what is damaged is added to `problems`."""
    return _of_each(track([run for run in runs if run.tested], "reading predictions"), _tested, problems)


def read_histories(runs: Iterable[Run], problems: list[str]) -> dict[str, pd.DataFrame]:
    """history.csv of each run that has a whole one, by folder; what is damaged is added to `problems`."""
    return _of_each(runs, lambda run: run.history, problems)


def _tested(run: Run) -> Tested:
    table = run.predictions
    classes = tuple(name.removeprefix("p_") for name in table.columns if name.startswith("p_"))
    target, predicted = (pd.Categorical(table[name], classes).codes for name in ("label", "predicted"))
    identity = pd.util.hash_pandas_object(table[["record", "sample", "label"]], index=False).to_numpy().tobytes()
    patients = int(table["patient"].replace("", np.nan).nunique())
    matrix, which = confusion_matrix(target, predicted, len(classes)), hashlib.sha256(identity).hexdigest()[:16]
    return Tested(classes, matrix, beats=len(table), patients=patients, which=which)
