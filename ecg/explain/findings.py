"""What a study of a model found, as data: maps, how far to believe them, what layers know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from torch import Tensor

from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.explain.activations import TimeAxis
from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.deletion import Curves
from ecg.explain.probes import Question
from ecg.explain.sampling import Chosen
from ecg.explain.trust import Check, Checks, Footing, Row


@dataclass(frozen=True)
class Mapped:
    """The beats whose attribution is mapped, and their maps.

    Attributes:
        beats: a balanced sample of test beats; `chosen` point into it.
        footing: the same as the model sees them, and the windows that their maps are compared in.
        probabilities: shape [beat, class].
        outputs: by layer, shape [beat, channel, position] or [beat, unit].
        maps: by method, shape [beat, sample], for the predicted class.
        waves: shape [beat, sample], number of the wave.
        baseline: shape [lead, sample], the average beat that maps compare with.
        layer: the layer that Grad-CAM looks at.
        completeness: shape [beat], how far integrated gradients are from adding up, in shares of the mean of what they
            should add up to.
        chosen: beats to look at.
    """

    beats: Beats
    footing: Footing
    probabilities: Floats32
    outputs: dict[str, Tensor]
    maps: dict[str, Floats]
    waves: Ints
    baseline: Floats32
    layer: str
    completeness: Floats
    chosen: list[Chosen]

    @property
    def predicted(self) -> Ints:
        """Shape [beat], the predicted class."""
        return self.footing.target

    def told(self, chosen: Chosen, classes: Sequence[str]) -> str:
        """What a chosen beat is and what the model calls it, in one line."""
        i, predicted = chosen.beat, self.predicted[chosen.beat]
        said = f"{classes[self.beats.y[i]]} predicted as {classes[predicted]}"
        return f"{chosen.why}: {said}, {100 * self.probabilities[i, predicted]:.0f} %, record {self.beats.record[i]}"


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
        probes: the content of probes.csv; empty where nothing could be asked.
        silent: why a question was not asked, one sentence each.
        questions: what was asked, by `class` and `record`.
        cka: the content of cka.csv; empty without another model.
        flat: by layer, shape [beat, 2], the two largest principal components for the beats of `shown`.
        shown: a balanced sample of test beats.
    """

    axes: dict[str, TimeAxis]
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
        inputs: the content of inputs.csv; empty where the beat's signal is the only input.
        features: the content of features.csv; empty where no input is made of features with names.
        trust: how far to believe the maps; None for a model without a layer that keeps the time of the signal.
        layers: what each layer does and knows.
    """

    name: str
    info: DataInfo
    notes: tuple[str, ...]
    mapped: Mapped
    attribution: pd.DataFrame
    inputs: pd.DataFrame
    features: pd.DataFrame
    trust: Trust | None
    layers: Layers

    @property
    def checked(self) -> Trust:
        """How far to believe the maps, of a model that has any."""
        assert self.trust is not None
        return self.trust

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The content of the CSV files, by name; empty where there is nothing to say."""
        trust = pd.DataFrame() if self.trust is None else self.trust.table
        own = {"attribution": self.attribution, "inputs": self.inputs, "features": self.features, "trust": trust}
        return own | {"probes": self.layers.probes, "cka": self.layers.cka}
