"""Splits: which beats train, validate and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ecg.beats.grouping import Index, divide_beats, divide_groups
from ecg.beats.kaggle_rows import published_test_rows
from ecg.beats.table import Beats
from ecg.errors import EcgError
from ecg.recordings.databases import BeatDatabase

TRAIN_FILE, TEST_FILE = "mitbih_train.csv", "mitbih_test.csv"
"""The `record` of beats that come from the Kaggle files, which do not tell it."""

LEAK_LINE = (
    "Beats of the same patients are in training and test: this split measures memory of known patients. "
    "For new patients see dataset.split=patients."
)


@dataclass(frozen=True)
class Split:
    """Positions in a `Beats` table, in three disjoint parts.

    Attributes:
        name: `kaggle`, `beats`, `patients`, `folds`, or what one's own rule is called.
        train, val, test: shape [beat of that part].
        by_patient: whether no patient may be in two subsets.
        notes: what a reader of any number from this split must be told, one sentence each.
        shared: patients that a published protocol puts in two subsets, and that `notes` therefore names.
    """

    name: str
    train: Index
    val: Index
    test: Index
    by_patient: bool = False
    notes: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def subsets(self) -> Mapping[str, Index]:
        """The three parts by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def check(self, beats: Beats) -> Split:
        """Return self if the parts are disjoint and none is empty; of one `by_patient` no patient is in two.

        Raises:
            EcgError: they are not; the message names the subsets and what they share.
        """
        for subset, index in self.subsets.items():
            if not len(index):
                raise EcgError(f"dataset.split={self.name}: no beats left to {subset}")
        for (a, left), (b, right) in combinations(self.subsets.items(), 2):
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
    return Split("kaggle", train, val, test, notes=(LEAK_LINE,)).check(beats)


def beats_split(beats: Beats, *, test_fraction: float, val_fraction: float, seed: int) -> Split:
    """80/20 by beat within each class, as in the published split, for recordings that it does not cover."""
    rest, test = divide_beats(np.arange(len(beats)), beats.y, test_fraction, seed)
    train, val = divide_beats(rest, beats.y, val_fraction, seed)
    return Split("beats", train, val, test, notes=(LEAK_LINE,)).check(beats)


def patients_split(
    beats: Beats,
    *,
    test_fraction: float,
    val_fraction: float,
    seed: int,
    strict_subjects: bool = False,
    databases: Sequence[BeatDatabase] = (),
) -> Split:
    """No patient in two subsets: each database's standard split, whole patients drawn by class where it has none.

    Args:
        beats: with known patients.
        test_fraction: share of test beats, where there is no standard split.
        val_fraction: share of the training beats kept for validation, as whole patients.
        seed: of both draws.
        strict_subjects: leave training records out whose subject has a test record too (201 of MIT-BIH, also 202).
        databases: where the beats come from.

    Raises:
        EcgError: the patients are unknown or too few.
    """
    if np.any(beats.patient == ""):
        raise EcgError(
            "dataset.split=patients: this source does not tell whose beats they are; choose dataset.split=kaggle, "
            "or dataset.source=physionet"
        )
    rest, test, notes, shared = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), [], set[str]()
    standard = {database.name: database for database in databases if database.test}
    for name in dict.fromkeys(beats.database.tolist()):
        own = np.flatnonzero(beats.database == name)
        if name not in standard:
            learnt, tested = divide_groups(own, beats.patient, beats.y, test_fraction, seed)
        else:
            trains = standard[name].trains(np.unique(beats.record[own]).tolist())
            learnt = own[np.isin(beats.record[own], trains)]
            tested = own[np.isin(beats.record[own], standard[name].test)]
            both = np.intersect1d(beats.patient[learnt], beats.patient[tested])
            if strict_subjects:
                learnt = learnt[~np.isin(beats.patient[learnt], both)]
            elif len(both):
                shared |= set(both.tolist())
                notes.append(standard[name].split_note or f"Patients {', '.join(both)} of {name} are in two subsets.")
        rest, test = np.concatenate([rest, learnt]), np.concatenate([test, tested])
    train, val = divide_groups(rest, beats.patient, beats.y, val_fraction, seed)
    return Split("patients", train, val, test, True, tuple(notes), tuple(sorted(shared))).check(beats)
