"""What a run's predictions.csv and history.csv say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.compare.run import Run
from ecg.metrics.confusion import confusion_matrix
from ecg.progress import track


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


def read_tested(runs: Iterable[Run]) -> dict[str, Tested]:
    """`Tested` of each run that has a readable predictions.csv, by folder."""
    found = {}
    for run in track(list(runs), "reading predictions"):
        if run.files.predictions.is_file() and (one := _tested(run)) is not None:
            found[str(run.folder)] = one
    return found


def read_histories(runs: Iterable[Run]) -> dict[str, pd.DataFrame]:
    """history.csv of each run that has a readable one, by folder."""
    found = {}
    for run in runs:
        try:
            found[str(run.folder)] = pd.read_csv(run.files.history)
        except (OSError, ValueError):
            continue
    return found


def _tested(run: Run) -> Tested | None:
    try:
        table = pd.read_csv(
            run.files.predictions, dtype={"record": str, "patient": str, "label": str, "predicted": str}
        )
        classes = tuple(name.removeprefix("p_") for name in table.columns if name.startswith("p_"))
        number = {name: place for place, name in enumerate(classes)}
        target, predicted = (table[name].map(number).to_numpy(dtype=np.int64) for name in ("label", "predicted"))
    except (OSError, ValueError, KeyError):
        return None
    identity = pd.util.hash_pandas_object(table[["record", "sample", "label"]], index=False).to_numpy().tobytes()
    return Tested(
        classes=classes,
        confusion=confusion_matrix(target, predicted, len(classes)),
        beats=len(table),
        patients=int(table["patient"].nunique()),
        which=hashlib.sha256(identity).hexdigest()[:16],
    )
