"""Samples of beats: even over classes and patients, so that rare ones count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.table import Beats

Index = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEWEST_PER_PATIENT = 8
MOST_PATIENTS = 48
TRAIN_SHARE, TEST_SHARE = 0.6, 0.3  # the tenth between them keeps neighbouring beats apart


def balanced_sample(beats: Beats, n: int, rng: np.random.Generator) -> Index:
    """Up to `n` positions, the same number of each class where there are enough, and within a class of each patient.

    What a rare class leaves over goes to the others.
    """
    per_class = [_by_turns(np.flatnonzero(beats.y == c), beats.patient, rng) for c in np.unique(beats.y)]
    per_class.sort(key=len)
    chosen, left = [], n
    for i, members in enumerate(per_class):
        share = members[: left // (len(per_class) - i)]
        chosen.append(share)
        left -= len(share)
    return np.sort(np.concatenate(chosen))


def _by_turns(members: Index, patient: npt.NDArray[np.str_], rng: np.random.Generator) -> Index:
    """`members` in random order, but each patient's first ones before any patient's later ones."""
    shuffled = rng.permutation(members)
    turn = np.empty(len(shuffled), dtype=np.int64)
    _, who = np.unique(patient[shuffled], return_inverse=True)
    for person in range(who.max() + 1):
        mine = np.flatnonzero(who == person)
        turn[mine] = np.arange(len(mine))
    return shuffled[np.argsort(turn, kind="stable")]


@dataclass(frozen=True)
class IdentitySample:
    """Beats of one class from many patients: earlier ones to learn a patient by, later ones to ask for it.

    Attributes:
        beats: the beats.
        person: shape [beat], number of the patient.
        patients: their identifiers, by number.
        label: the class that all beats have: otherwise the class alone would give patients away.
        train, test: masks of shape [beat].
    """

    beats: Beats
    person: Index
    patients: tuple[str, ...]
    label: int
    train: npt.NDArray[np.bool_]
    test: npt.NDArray[np.bool_]


def identity_sample(beats: Beats, n: int) -> IdentitySample | None:
    """Beats of the commonest class, the same number of each of at most 48 patients, evenly spaced in time.

    The first 60 % of a record train, the last 30 % test; the tenth between them keeps neighbouring beats apart.

    Returns:
        None where the source does not tell whose beats they are or when, or fewer than two patients have enough.
    """
    if np.any(beats.patient == "") or not np.isfinite(beats.seconds).all():
        return None
    label = int(np.bincount(beats.y).argmax())
    of_class = np.flatnonzero(beats.y == label)
    names, counts = np.unique(beats.patient[of_class], return_counts=True)
    enough = sorted(names[counts >= FEWEST_PER_PATIENT], key=lambda p: (-counts[names == p][0], p))[:MOST_PATIENTS]
    if len(enough) < 2:
        return None
    each = max(FEWEST_PER_PATIENT, n // len(enough))
    parts, person, place = [], [], []
    for number, patient in enumerate(enough):
        mine = of_class[beats.patient[of_class] == patient]
        mine = mine[np.lexsort((beats.seconds[mine], beats.record[mine]))]
        mine = mine[np.unique(np.linspace(0, len(mine) - 1, min(each, len(mine))).round().astype(int))]
        parts.append(mine)
        person.append(np.full(len(mine), number))
        place.append(_place_in_record(beats.record[mine]))
    where = np.concatenate(place)
    return IdentitySample(
        beats=beats.take(np.concatenate(parts)),
        person=np.concatenate(person).astype(np.int64),
        patients=tuple(str(p) for p in enough),
        label=label,
        train=where < TRAIN_SHARE,
        test=where >= 1 - TEST_SHARE,
    )


def _place_in_record(record: npt.NDArray[np.str_]) -> Floats:
    """How far into its record's beats each beat comes, 0 to 1; beats are in time order within each record."""
    out = np.empty(len(record))
    for name in np.unique(record):
        mine = record == name
        out[mine] = np.arange(mine.sum()) / mine.sum()
    return out


@dataclass(frozen=True)
class Chosen:
    """One beat to look at.

    Attributes:
        beat: its position in the sample.
        kind: e.g. `a typical N`.
        remark: what else must be said of it; mostly empty.
    """

    beat: int
    kind: str
    remark: str = ""

    @property
    def why(self) -> str:
        """Kind and remark."""
        return f"{self.kind}; {self.remark}" if self.remark else self.kind

    @property
    def file_name(self) -> str:
        """Name of the figure that follows it through the layers."""
        return "layers_" + re.sub(r"\W+", "_", self.kind.removeprefix("a ")).strip("_")


def telling_beats(
    y: Index, probabilities: npt.NDArray[np.float32], embedding: Floats, classes: Sequence[str]
) -> list[Chosen]:
    """A typical beat of each class, a borderline one and a wrong one.

    Typical is the beat got right that is nearest to its class's median in the last hidden layer; borderline the
    smallest lead of the first over the second probability; wrong the error with the highest probability.

    Args:
        y: shape [beat], true class.
        probabilities: shape [beat, class].
        embedding: shape [beat, unit], the layer before the head.
        classes: class names.
    """
    called = probabilities.argmax(axis=1)
    chosen: list[Chosen] = []
    for c, name in enumerate(classes):
        right, mine = np.flatnonzero((y == c) & (called == c)), np.flatnonzero(y == c)
        if len(mine) == 0:
            continue
        pool, remark = (right, "") if len(right) else (mine, f"no {name} is got right")
        far = np.linalg.norm(embedding[pool] - np.median(embedding[pool], axis=0), axis=1)
        chosen.append(Chosen(int(pool[far.argmin()]), f"a typical {name}", remark))
    taken = {one.beat for one in chosen}
    ordered = np.sort(probabilities, axis=1)
    for i in np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable"):
        if int(i) not in taken:
            chosen.append(Chosen(int(i), "a borderline beat"))
            taken.add(int(i))
            break
    wrong = np.flatnonzero(called != y)
    for i in wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]:
        if int(i) not in taken:
            chosen.append(Chosen(int(i), "a confident error"))
            break
    return chosen
