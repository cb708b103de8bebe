"""Splits: which beats train, validate and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ecg.beats.grouping import Index, divide_beats, divide_groups
from ecg.beats.kaggle_rows import published_test_rows
from ecg.beats.table import Beats
from ecg.errors import EcgError

# fmt: off
DS1 = ("101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124",
       "201", "203", "205", "207", "208", "209", "215", "220", "223", "230")
"""Training records of de Chazal et al. 2004 (doi 10.1109/TBME.2004.827359)."""
DS2 = ("100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210", "212",
       "213", "214", "219", "221", "222", "228", "231", "232", "233", "234")
"""Their test records. The paced 102, 104, 107 and 217 are in neither, as EC57 asks."""
# fmt: on
PACED = ("102", "104", "107", "217")
SAME_SUBJECT = ("201", "202")
"""One man, on two sides of DS1/DS2 (PhysioNet, mitdb directory)."""

TRAIN_FILE, TEST_FILE = "mitbih_train.csv", "mitbih_test.csv"
"""The `record` of beats that come from the Kaggle files, which do not tell it."""

BY_PATIENT = ("patients", "folds")
"""Splits that put no patient on two sides."""

LEAK_LINE = (
    "Beats of the same patients are in training and test: this split measures memory of known patients. "
    "For new patients see dataset.split=patients."
)


SAME_SUBJECT_LINE = "Records 201 (DS1) and 202 (DS2) are one subject; dataset.strict_subjects=true leaves 201 out."


@dataclass(frozen=True)
class Split:
    """Positions in a `Beats` table, in three disjoint parts.

    Attributes:
        name: `kaggle`, `beats`, `patients` or `folds`.
        train, val, test: shape [beat of that part].
        notes: what a reader of any number from this split must be told, one sentence each.
        shared: patients that a published protocol puts on two sides, and that `notes` therefore names.
    """

    name: str
    train: Index
    val: Index
    test: Index
    notes: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def by_patient(self) -> bool:
        """Whether no patient may be on two sides."""
        return self.name in BY_PATIENT

    @property
    def sides(self) -> Mapping[str, Index]:
        """The three parts by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def check(self, beats: Beats) -> Split:
        """Return self if the parts are disjoint and none is empty; no patient may be on two sides of one `by_patient`.

        Raises:
            EcgError: they are not; the message names the sides and what they share.
        """
        for side, index in self.sides.items():
            if not len(index):
                raise EcgError(f"dataset.split={self.name}: no beats left to {side}")
        for (a, left), (b, right) in combinations(self.sides.items(), 2):
            if shared := len(np.intersect1d(left, right)):
                raise EcgError(f"dataset.split={self.name}: {shared} beats are in {a} and in {b}")
            people = np.intersect1d(beats.patient[left], beats.patient[right]) if self.by_patient else ()
            if torn := sorted(set(map(str, people)) - set(self.shared)):
                raise EcgError(f"dataset.split={self.name}: patients {', '.join(torn)} are in {a} and in {b}")
        return self


def kaggle_split(beats: Beats, *, val_fraction: float, seed: int) -> Split:
    """The published 80/20 split by beat; validation is drawn by class from its training rows."""
    from_files = np.isin(beats.record, (TRAIN_FILE, TEST_FILE))
    test = np.flatnonzero(beats.record == TEST_FILE) if from_files.all() else published_test_rows(beats)
    rest = np.setdiff1d(np.arange(len(beats)), test)
    train, val = divide_beats(rest, beats.y, val_fraction, seed)
    return Split("kaggle", train, val, test, (LEAK_LINE,)).check(beats)


def beats_split(beats: Beats, *, test_fraction: float, val_fraction: float, seed: int) -> Split:
    """80/20 by beat within each class, as in the published split, for recordings that it does not cover."""
    rest, test = divide_beats(np.arange(len(beats)), beats.y, test_fraction, seed)
    train, val = divide_beats(rest, beats.y, val_fraction, seed)
    return Split("beats", train, val, test, (LEAK_LINE,)).check(beats)


def patients_split(
    beats: Beats, *, test_fraction: float, val_fraction: float, seed: int, strict_subjects: bool = False
) -> Split:
    """No patient on two sides: DS1/DS2 where the records are MIT-BIH's, whole patients drawn by class otherwise.

    Args:
        beats: with known patients.
        test_fraction: share of test beats, where there is no standard split.
        val_fraction: share of the training beats kept for validation, as whole patients.
        seed: of both draws.
        strict_subjects: leave record 201 out of training, since its subject is also record 202 of DS2.

    Raises:
        EcgError: the patients are unknown or too few.
    """
    if np.any(beats.patient == ""):
        raise EcgError(
            "dataset.split=patients: this source does not tell whose beats they are; choose dataset.split=kaggle, "
            "or dataset.source=physionet"
        )
    everything = np.arange(len(beats))
    notes: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    if set(np.unique(beats.record)) <= {*DS1, *DS2, *PACED}:
        training = tuple(r for r in DS1 if not (strict_subjects and r in SAME_SUBJECT))
        rest, test = everything[np.isin(beats.record, training)], everything[np.isin(beats.record, DS2)]
        if not strict_subjects:
            notes, shared = (SAME_SUBJECT_LINE,), tuple(np.unique(beats.patient[np.isin(beats.record, SAME_SUBJECT)]))
    else:
        rest, test = divide_groups(everything, beats.patient, beats.y, test_fraction, seed)
    train, val = divide_groups(rest, beats.patient, beats.y, val_fraction, seed)
    return Split("patients", train, val, test, notes, shared).check(beats)
