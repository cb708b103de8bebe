"""Do the maps deserve trust? Agreement of methods and seeds, and what becomes of them when weights are random."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import torch

from ecg.explain.arrays import Floats, Ints, Mask
from ecg.explain.maps import Explainers
from ecg.explain.view import View
from ecg.explain.windows import mean_interval, rank_correlation, window_index, windowed
from ecg.models import LayeredModel


class Check(StrEnum):
    """What is checked, as trust.csv calls it; areas under curves come on top."""

    COMPLETENESS = "error of completeness"
    METHODS = "rank correlation of methods"
    ANYWAY = "rank correlation with another beat of the class"
    SEEDS = "rank correlation of seeds"
    RANDOM_WEIGHTS = "rank correlation after random weights"


Checks = dict[tuple[str, str, str], Floats]
"""By check, method (or pair of methods, or order) and `of` (a layer, another run, or empty): shape [beat]."""


class Row(NamedTuple):
    """One of trust.csv: the mean of a check over its beats, with its interval."""

    check: str
    method: str
    of: str
    mean: float
    low: float
    high: float
    beats: int


def trust_rows(checks: Checks, seed: int) -> list[Row]:
    """The rows of trust.csv; `seed` is that of the bootstrap over beats."""
    return [
        Row(str(check), method, of, *mean_interval(values, np.random.default_rng(seed)), int(np.isfinite(values).sum()))
        for (check, method, of), values in checks.items()
    ]


@dataclass(frozen=True)
class Footing:
    """Beats and the windows that their maps are compared in.

    Attributes:
        view: what the model sees of them.
        target: shape [beat], the class whose evidence is mapped: the predicted one.
        index: shape [sample], window of each sample.
        mask: shape [beat, window], windows that hold signal.
    """

    view: View
    target: Ints
    index: Ints
    mask: Mask

    @classmethod
    def of(cls, view: View, target: Ints, signal: Mask, fs: float) -> Footing:
        """The footing of beats whose samples where `signal` holds are no padding."""
        index = window_index(view.signal.shape[2], fs)
        return cls(view, target, index, windowed(signal.astype(np.float64), index) > 0)

    def take(self, chosen: Ints) -> Footing:
        """The same for some of the beats."""
        return Footing(self.view.take(chosen), self.target[chosen], self.index, self.mask[chosen])

    def agreement(self, a: Floats, b: Floats) -> Floats:
        """Rank correlation, shape [beat], of two sets of maps of shape [beat, sample]."""
        return rank_correlation(windowed(a, self.index), windowed(b, self.index), self.mask)

    def other_beats(self, maps: Floats, rng: np.random.Generator) -> Floats:
        """Rank correlation of each map with that of another beat of the same class, shape [beat].

        What two maps have in common anyway, since all beats have their waves in the same places.
        """
        partner = np.arange(len(maps))
        for c in np.unique(self.target):
            mine = rng.permutation(np.flatnonzero(self.target == c))
            partner[mine] = np.roll(mine, 1)
        values = self.agreement(maps, maps[partner])
        values[partner == np.arange(len(maps))] = np.nan
        return values


def randomised(model: LayeredModel, seed: int) -> Iterator[tuple[str, LayeredModel]]:
    """The model with its weights made random from the head down, one layer more each time (Adebayo et al. 2018).

    Every part of a layer gets the weights that it would be built with.

    Yields:
        The name of the layer that lost its weights last, and the model so far; the caller must not keep it.
    """
    broken = copy.deepcopy(model).eval()
    for name in reversed(broken.names):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + broken.names.index(name))
            for part in broken.layers[name].modules():
                if callable(reset := getattr(part, "reset_parameters", None)):
                    reset()
        yield name, broken


def untrained(model: LayeredModel, seed: int) -> LayeredModel:
    """The same architecture with random weights everywhere."""
    return list(randomised(model, seed))[-1][1]


def cascade(
    model: LayeredModel, footing: Footing, methods: Explainers, *, draws: int, seed: int
) -> dict[tuple[str, str], Floats]:
    """Rank correlation of each method's maps with the trained model's, by method and layer randomised last.

    Args:
        model: the trained one.
        footing: beats and windows.
        methods: maps by name.
        draws: random weights drawn per layer.
        seed: of the draws.

    Returns:
        By method and layer, from the head down: shape [beat], mean over draws; a flat map resembles nothing, 0.
    """
    found: defaultdict[tuple[str, str], list[Floats]] = defaultdict(list)
    for name, method in methods.items():
        original = method(model, footing.view, footing.target)
        for draw in range(draws):
            for layer, broken in randomised(model, seed + 1000 * draw):
                values = footing.agreement(original, method(broken, footing.view, footing.target))
                found[name, layer].append(np.nan_to_num(values))
    return {key: np.mean(values, axis=0) for key, values in found.items()}
