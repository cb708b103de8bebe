"""Everything that was found out, before any of it is drawn or written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.explain.activations import TimeAxis
from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.deletion import Curves
from ecg.explain.questions import Question
from ecg.explain.sampling import Chosen
from ecg.explain.trust import Check, Checks, Row


@dataclass(frozen=True)
class Mapped:
    """The beats whose attribution is mapped, and their maps.

    Attributes:
        beats: a balanced sample of test beats; `chosen` point into it.
        probabilities: shape [beat, class].
        maps: by method, shape [beat, sample], for the predicted class.
        waves: shape [beat, sample], number of the wave.
        baseline: shape [channel, sample], the average beat that maps compare with.
        layer: the layer that Grad-CAM looks at.
        completeness: shape [beat], how far integrated gradients are from adding up, in shares of the mean of what they
            should add up to.
        chosen: beats to look at.
    """

    beats: Beats
    probabilities: Floats32
    maps: dict[str, Floats]
    waves: Ints
    baseline: Floats32
    layer: str
    completeness: Floats
    chosen: list[Chosen]

    @property
    def called(self) -> Ints:
        """Shape [beat], the predicted class."""
        best: Ints = self.probabilities.argmax(axis=1).astype(np.int64)
        return best


@dataclass(frozen=True)
class Trust:
    """How far the maps can be believed.

    Attributes:
        checks: beat by beat.
        numbers: their means.
        curves: deletion and insertion.
    """

    checks: Checks
    numbers: list[Row]
    curves: Curves

    @property
    def table(self) -> pd.DataFrame:
        """The content of trust.csv."""
        return pd.DataFrame(self.numbers)

    @property
    def seeds(self) -> tuple[str, ...]:
        """The other runs."""
        return tuple(dict.fromkeys(row.of for row in self.rows(Check.SEEDS)))

    def rows(self, check: str) -> list[Row]:
        """The rows of the table about one check."""
        return [row for row in self.numbers if row.check == check]

    def means(self, check: str) -> dict[str, float]:
        """The means of a check by method."""
        return {row.method: row.mean for row in self.rows(check)}


@dataclass(frozen=True)
class Layers:
    """What each layer does and knows.

    Attributes:
        axes: time axis of each layer that keeps time.
        outputs: by layer, for the mapped beats; shape [beat, channel, position] or [beat, unit].
        probes: the content of probes.csv; empty where nothing could be asked.
        silent: why a question was not asked, one sentence each.
        questions: what was asked, by `class` and `record`.
        cka: the content of cka.csv; empty without another model.
        flat: by layer, shape [beat, 2], the two largest principal components for the beats of `shown`.
        shown: a balanced sample of test beats.
    """

    axes: dict[str, TimeAxis]
    outputs: dict[str, Tensor]
    probes: pd.DataFrame
    silent: tuple[str, ...]
    questions: dict[str, Question]
    cka: pd.DataFrame
    flat: dict[str, Floats]
    shown: Beats


@dataclass(frozen=True)
class Findings:
    """All of it.

    Attributes:
        name: the run's.
        info: of its data.
        notes: what a reader must be told, beside the data's own notes.
        mapped: the maps.
        attribution: the content of attribution.csv.
        trust: how far to believe them.
        layers: what each layer does and knows.
    """

    name: str
    info: DataInfo
    notes: tuple[str, ...]
    mapped: Mapped
    attribution: pd.DataFrame
    trust: Trust
    layers: Layers
