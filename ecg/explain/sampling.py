"""Samples of beats: even over classes and patients, so that rare ones count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecg.beats.table import Beats
from ecg.explain.arrays import Floats, Floats32, Ints, Names


def balanced_sample(beats: Beats, n: int, rng: np.random.Generator) -> Ints:
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


def _by_turns(members: Ints, patient: Names, rng: np.random.Generator) -> Ints:
    """`members` in random order, but each patient's first ones before any patient's later ones."""
    shuffled = pd.Series(rng.permutation(members))
    turn = shuffled.groupby(patient[shuffled]).cumcount()
    return shuffled.to_numpy()[np.argsort(turn, kind="stable")]


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


def telling_beats(y: Ints, probabilities: Floats32, embedding: Floats, classes: Sequence[str]) -> list[Chosen]:
    """A typical beat of each class, a borderline one and a wrong one.

    Typical is the beat got right that is nearest to its class's median in the last hidden layer; borderline the
    smallest lead of the first over the second probability; wrong the error with the highest probability.

    Args:
        y: shape [beat], true class.
        probabilities: shape [beat, class].
        embedding: shape [beat, unit], the layer before the head.
        classes: class names.
    """
    predicted = probabilities.argmax(axis=1)
    chosen: list[Chosen] = []
    for c, name in enumerate(classes):
        right, mine = np.flatnonzero((y == c) & (predicted == c)), np.flatnonzero(y == c)
        if len(mine) == 0:
            continue
        pool, remark = (right, "") if len(right) else (mine, f"no {name} is predicted correctly")
        far = np.linalg.norm(embedding[pool] - np.median(embedding[pool], axis=0), axis=1)
        chosen.append(Chosen(int(pool[far.argmin()]), f"a typical {name}", remark))
    first, second = np.sort(probabilities, axis=1)[:, :-3:-1].T
    wrong = np.flatnonzero(predicted != y)
    for kind, order in {
        "a borderline beat": np.argsort(first - second, kind="stable"),
        "a confident error": wrong[np.argsort(-first[wrong], kind="stable")],
    }.items():
        free = order[~np.isin(order, [one.beat for one in chosen])]
        if len(free):
            chosen.append(Chosen(int(free[0]), kind))
    return chosen
