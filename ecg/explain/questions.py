"""What is asked of every layer: the class of a beat, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecg.beats.grouping import evenly_spaced
from ecg.beats.table import Beats
from ecg.explain.arrays import Ints

FEWEST = 10
"""A class with fewer beats on either subset is left out of the class probe."""
FEWEST_PER_PATIENT = 8
MOST_PATIENTS = 48
TRAIN_SHARE, TEST_SHARE = 0.6, 0.3  # the tenth between them keeps neighbouring beats apart

WHY_NOT = {
    "class": f"Fewer than two classes have {FEWEST} training and {FEWEST} test beats: no class probe.",
    "record": "The source does not tell whose beats these are and when, or too few patients have enough: "
    "no record probe.",
}
"""Why a question was not asked."""


@dataclass(frozen=True)
class Question:
    """Beats to learn an answer from, and beats to ask for it.

    Attributes:
        train, test: the beats.
        train_y, test_y: shape [beat], the answers, 0 to `len(names)` - 1.
        names: of the answers.
        by_patient: whether intervals are over patients; else over beats.
    """

    train: Beats
    train_y: Ints
    test: Beats
    test_y: Ints
    names: tuple[str, ...]
    by_patient: bool = False


def class_question(train: Beats, test: Beats, classes: tuple[str, ...], *, by_patient: bool) -> Question | None:
    """Which class is the beat? Learnt from training beats, asked of test beats; None with fewer than two classes.

    Args:
        train: sample of the model's training beats.
        test: sample of its test beats.
        classes: class names.
        by_patient: whether the split keeps patients apart, so that intervals are over patients.
    """
    counts = [np.bincount(subset.y, minlength=len(classes)) for subset in (train, test)]
    kept = np.flatnonzero(np.minimum(*counts) >= FEWEST)
    if len(kept) < 2:
        return None
    learnt, asked = (subset.take(np.isin(subset.y, kept)) for subset in (train, test))
    names = tuple(classes[c] for c in kept)
    return Question(learnt, np.searchsorted(kept, learnt.y), asked, np.searchsorted(kept, asked.y), names, by_patient)


def record_question(beats: Beats, n: int) -> Question | None:
    """Whose beat is it? Learnt from each patient's earlier beats, asked of later ones.

    Beats of the commonest class alone, since otherwise the class would give patients away; the same number of each of
    at most 48 patients, `n` in all, evenly spaced in time. The first 60 % of a record train, the last 30 % test.

    Returns:
        None where the source does not tell whose beats they are or when, or fewer than two patients have enough.
    """
    if np.any(beats.patient == "") or not np.isfinite(beats.seconds).all():
        return None
    table = pd.DataFrame({"patient": beats.patient, "record": beats.record, "seconds": beats.seconds})
    table = table[beats.y == np.bincount(beats.y).argmax()].sort_values(["record", "seconds"])
    counts = table["patient"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    enough = counts.index[counts >= FEWEST_PER_PATIENT][:MOST_PATIENTS]
    if len(enough) < 2:
        return None
    table = table[table["patient"].isin(enough)]
    chosen = table.iloc[evenly_spaced(table["patient"].to_numpy(), max(FEWEST_PER_PATIENT, n // len(enough)))]
    chosen = chosen.assign(person=enough.get_indexer(chosen["patient"])).sort_values("person", kind="stable")
    records = chosen.groupby(["person", "record"])["seconds"]
    place = records.cumcount() / records.transform("size")  # how far into its record, 0 to 1
    early, late = chosen[place < TRAIN_SHARE], chosen[place >= 1 - TEST_SHARE]
    learnt, asked = (beats.take(subset.index.to_numpy()) for subset in (early, late))
    learnt_y, asked_y = (subset["person"].to_numpy(copy=True) for subset in (early, late))
    return Question(learnt, learnt_y, asked, asked_y, tuple(enough))
