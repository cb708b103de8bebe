"""Splits of patients who have one class each: drawn by class, once or as repeated folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.errors import EcgError

Patients = list[npt.NDArray[np.str_]]
"""Patients of each class."""


def stratified_split(
    beats: Beats, classes: Sequence[str], *, test_fraction: float, val_fraction: float, train_fraction: float, seed: int
) -> Split:
    """Whole patients drawn within each class, so that every subset has patients of both.

    Args:
        beats: of patients with one class each.
        classes: class names by number.
        test_fraction: share of each class's patients.
        val_fraction: share of the others, for validation.
        train_fraction: share of the training patients that are used; a smaller share is a part of a larger one.
        seed: of the draws.

    Raises:
        EcgError: unknown patients, one with two classes, or fewer than three of a class.
    """
    people = patients_by_class(beats, classes, needed=3, why="dataset.split=patients")
    rng = np.random.default_rng([seed, 0])
    test, rest = zip(*(_draw(rng.permutation(own), test_fraction, spare=2) for own in people), strict=True)
    return _with_validation("patients", beats, list(test), list(rest), val_fraction, train_fraction, [seed, 1])


def folds_split(
    beats: Beats,
    classes: Sequence[str],
    *,
    count: int,
    index: int,
    repeat: int,
    val_fraction: float,
    train_fraction: float,
) -> Split:
    """One fold of a repeated, stratified, grouped cross-validation.

    The patients are shuffled by `repeat` alone, so that the folds of one repeat test every patient once, whatever the
    seeds of their runs. Validation patients come out of the training folds.

    Args:
        beats: of patients with one class each.
        classes: class names by number.
        count: number of folds, 2 or more.
        index: the fold that tests, from 0.
        repeat: number of the shuffle, from 0.
        val_fraction: share of the other folds' patients, for validation.
        train_fraction: share of the training patients that are used; a smaller share is a part of a larger one.

    Raises:
        EcgError: unknown patients, one with two classes, or too few of a class.
    """
    needed = max(count, 3 if count > 2 else 4)
    people = patients_by_class(beats, classes, needed=needed, why=f"dataset.folds.count={count}")
    rng = np.random.default_rng([repeat, count, 2])
    shuffled, ends = [rng.permutation(own) for own in people], np.cumsum([len(own) for own in people])
    folds = np.split(np.arange(ends[-1]) % count, ends[:-1])  # dealt on from class to class: folds of equal size
    test = [own[fold == index] for own, fold in zip(shuffled, folds, strict=True)]
    rest = [own[fold != index] for own, fold in zip(shuffled, folds, strict=True)]
    split = _with_validation("folds", beats, test, rest, val_fraction, train_fraction, [repeat, count, index, 3])
    return replace(split, notes=(f"Tested on fold {index} of 0 to {count - 1}, repeat {repeat}.", *split.notes))


def patients_by_class(beats: Beats, classes: Sequence[str], *, needed: int, why: str) -> Patients:
    """The patients of each class in sorted order.

    Args:
        beats: with known patients.
        classes: class names by number.
        needed: least number of patients of each class.
        why: what needs so many.

    Raises:
        EcgError: unknown patients, one with two classes, or fewer than `needed`.
    """
    if np.any(beats.patient == ""):
        raise EcgError(
            "dataset.split: this source does not tell whose beats they are; choose dataset.split=beats, or another "
            "dataset.source"
        )
    one_class_each(beats.patient, beats.y, beats.record, classes)
    people = [np.unique(beats.patient[beats.y == c]) for c in range(len(classes))]
    if any(len(own) < needed for own in people):
        found = " and ".join(f"{len(own)} {name}" for own, name in zip(people, classes, strict=True))
        raise EcgError(f"{why} needs {needed} patients or more of each class, found {found}")
    return people


def one_class_each(
    patient: npt.NDArray[np.str_], y: npt.NDArray[np.int64], record: npt.NDArray[np.str_], classes: Sequence[str]
) -> None:
    """Refuse a patient with records of two classes.

    Args:
        patient: shape [item], who each beat or record belongs to.
        y: shape [item], class numbers.
        record: shape [item], record names.
        classes: class names by number.

    Raises:
        EcgError: names the first such patient and the records.
    """
    labels = pd.Series(y).groupby(patient).nunique()
    for name in labels.index[labels > 1][:1]:
        seen = dict(zip(map(str, record[patient == name]), y[patient == name], strict=True))
        told = ", ".join(f"{own} is {classes[label]}" for own, label in sorted(seen.items())[:6])
        raise EcgError(f"patient {name} is in two classes: {told}; a diagnosis belongs to the patient")


def _draw(shuffled: npt.NDArray[np.str_], fraction: float, *, spare: int) -> tuple[npt.NDArray[np.str_], ...]:
    """The first `fraction` of the patients and the others: none of 0, else at least one, and `spare` are left."""
    n = min(max(round(fraction * len(shuffled)), 1), len(shuffled) - spare) if fraction else 0
    return shuffled[:n], shuffled[n:]


def _with_validation(
    name: str, beats: Beats, test: Patients, rest: Patients, val_fraction: float, train_fraction: float, seed: list[int]
) -> Split:
    """Draw validation patients out of `rest`, then thin what is left to train."""
    rng = np.random.default_rng(seed)
    val, train = zip(*(_draw(rng.permutation(own), val_fraction, spare=1) for own in rest), strict=True)
    # The first in drawn order, so that shares are nested; rounded before, since 0.7 * 10 is more than 7.
    used = [own[: ceil(round(train_fraction * len(own), 6))] for own in train]

    rows = [np.flatnonzero(np.isin(beats.patient, np.concatenate(people))) for people in (used, val, test)]
    whole, left = (sum(map(len, part)) for part in (train, used))
    notes = (f"Only {left} of the {whole} training patients were used.",) if left < whole else ()
    return Split(name, rows[0], rows[1], rows[2], True, notes).check(beats, may_lack=() if val_fraction else ("val",))
