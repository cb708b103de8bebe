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

    def check(self, beats: Beats, *, may_lack: Sequence[str] = ()) -> Split:
        """Return self if the parts are disjoint and none is empty; of one `by_patient` no patient is in two.

        Args:
            beats: the table.
            may_lack: subsets that may be empty.

        Raises:
            EcgError: they are not; the message names the subsets and what they share.
        """
        for subset, index in self.subsets.items():
            if not len(index) and subset not in may_lack:
                raise EcgError(f"dataset.split={self.name}: no beats left to {subset}")
        whose = {
            subset: set(np.unique(beats.patient[index]).tolist()) if self.by_patient else set()
            for subset, index in self.subsets.items()
        }
        for (a, left), (b, right) in combinations(self.subsets.items(), 2):
            there = np.zeros(len(beats), dtype=bool)
            there[left] = True
            if shared := int(there[right].sum()):
                raise EcgError(f"dataset.split={self.name}: {shared} beats are in {a} and in {b}")
            if torn := sorted(whose[a] & whose[b] - set(self.shared)):
                raise EcgError(f"dataset.split={self.name}: patients {', '.join(torn)} are in {a} and in {b}")
        return self


def kaggle_split(beats: Beats, *, val_fraction: float, seed: int) -> Split:
    """The published 80/20 split by beat; validation is drawn by class from its training rows."""
    from_files = np.isin(beats.record, (TRAIN_FILE, TEST_FILE))
    test = np.flatnonzero(beats.record == TEST_FILE) if from_files.all() else published_test_rows(beats)
    rest = np.setdiff1d(np.arange(len(beats)), test)
    train, val = divide_beats(rest, beats.y, val_fraction, seed)
    made = Split("kaggle", train, val, test, notes=(LEAK_LINE,))
    return made.check(beats, may_lack=() if val_fraction else ("val",))


def beats_split(beats: Beats, *, test_fraction: float, val_fraction: float, seed: int) -> Split:
    """80/20 by beat within each class, as in the published split, for recordings that it does not cover."""
    rest, test = divide_beats(np.arange(len(beats)), beats.y, test_fraction, seed)
    train, val = divide_beats(rest, beats.y, val_fraction, seed)
    made = Split("beats", train, val, test, notes=(LEAK_LINE,))
    return made.check(beats, may_lack=() if val_fraction else ("val",))


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
        val_fraction: share of the training beats kept for validation, as whole patients; 0: none.
        seed: of both draws.
        strict_subjects: leave training records out whose subject has a test record too (201 of MIT-BIH, also 202).
        databases: where the beats come from.

    Raises:
        EcgError: the patients are unknown or too few.
    """
    rest, test, notes, shared = _standard(beats, test_fraction, seed, strict_subjects, databases)
    train, val = divide_groups(rest, beats.patient, beats.y, val_fraction, seed) if val_fraction else (rest, test[:0])
    made = Split("patients", train, val, test, True, notes, shared)
    return made.check(beats, may_lack=() if val_fraction else ("val",))


def training_folds_split(
    beats: Beats,
    *,
    test_fraction: float,
    val_fraction: float,
    seed: int,
    count: int,
    index: int,
    repeat: int,
    strict_subjects: bool = False,
    databases: Sequence[BeatDatabase] = (),
) -> Split:
    """One fold of a cross-validation over the training patients of `patients_split`; its test patients are in none.

    Choices are made on these folds, so that the test patients are looked at once.

    Args:
        beats: with known patients.
        test_fraction: as of `patients_split`.
        val_fraction: share of the other folds' beats kept for validation, as whole patients; 0: none.
        seed: of the draw of validation patients.
        count: number of folds.
        index: the fold that tests, from 0.
        repeat: another repeat deals the patients out anew.
        strict_subjects: as of `patients_split`.
        databases: where the beats come from.

    Raises:
        EcgError: the patients are unknown or too few.
    """
    learnt, _, notes, _ = _standard(beats, test_fraction, repeat, strict_subjects, databases)
    rng, fold = np.random.default_rng([repeat, count]), np.full(len(beats), -1)
    for name in np.unique(beats.database[learnt]).tolist():
        own = learnt[beats.database[learnt] == name]
        patients = np.unique(beats.patient[own])
        if len(patients) < count:
            raise EcgError(
                f"dataset.split=folds: {name} has {len(patients)} training patients; set dataset.folds.count to "
                "that or fewer"
            )
        ectopic = np.array([(beats.y[own][beats.patient[own] == one] > 0).sum() for one in patients])
        dealt = patients[np.lexsort((rng.random(len(patients)), -ectopic))]  # the most ectopic ones to different folds
        place = {one: (i + i // count) % count for i, one in enumerate(dealt.tolist())}
        fold[own] = [place[one] for one in beats.patient[own].tolist()]
    test, rest = np.flatnonzero(fold == index), np.flatnonzero((fold >= 0) & (fold != index))
    train, val = divide_groups(rest, beats.patient, beats.y, val_fraction, seed) if val_fraction else (rest, test[:0])
    note = f"Fold {index} of {count} over the training patients; the records of the standard test set are in no subset."
    made = Split("folds", train, val, test, True, (note, *notes))
    return made.check(beats, may_lack=() if val_fraction else ("val",))


def _standard(
    beats: Beats, test_fraction: float, seed: int, strict_subjects: bool, databases: Sequence[BeatDatabase]
) -> tuple[Index, Index, tuple[str, ...], tuple[str, ...]]:
    """Positions of beats that train and that test, what must be said of it, and patients that are in both."""
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
    return rest, test, tuple(notes), tuple(sorted(shared))
