"""What a run's predictions.csv and history.csv say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.metrics.confusion import confusion_matrix
from ecg.progress import track
from ecg.runs.run import Run


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


def read_tested(runs: Iterable[Run], problems: list[str]) -> dict[str, Tested]:
    """`Tested` of each run that has a whole predictions.csv, by folder; what is damaged is added to `problems`."""
    found = {}
    for run in track(list(runs), "reading predictions"):
        try:
            found[str(run.folder)] = _tested(run)
        except EcgError as damage:
            problems.append(str(damage))
    return found


def read_histories(runs: Iterable[Run], problems: list[str]) -> dict[str, pd.DataFrame]:
    """history.csv of each run that has a whole one, by folder; what is damaged is added to `problems`."""
    found = {}
    for run in runs:
        try:
            found[str(run.folder)] = run.history
        except EcgError as damage:
            problems.append(str(damage))
    return found


def _tested(run: Run) -> Tested:
    table = run.predictions
    classes = tuple(name.removeprefix("p_") for name in table.columns if name.startswith("p_"))
    number = {name: place for place, name in enumerate(classes)}
    target, predicted = (table[name].map(number).to_numpy(dtype=np.int64) for name in ("label", "predicted"))
    identity = pd.util.hash_pandas_object(table[["record", "sample", "label"]], index=False).to_numpy().tobytes()
    return Tested(
        classes=classes,
        confusion=confusion_matrix(target, predicted, len(classes)),
        beats=len(table),
        patients=int(table["patient"].replace("", np.nan).nunique()),
        which=hashlib.sha256(identity).hexdigest()[:16],
    )
