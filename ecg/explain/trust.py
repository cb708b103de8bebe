"""Do the maps deserve trust? Agreement of methods and seeds, and what becomes of them when weights are random."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ecg.explain.maps import Explainer
from ecg.explain.windows import Floats, Mask, rank_correlation, window_index, windowed
from ecg.models import LayeredModel

Ints = npt.NDArray[np.int64]
Beats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Footing:
    """Beats and the windows that their maps are compared in.

    Attributes:
        x: shape [beat, channel, sample].
        target: shape [beat], the class whose evidence is mapped: the predicted one.
        index: shape [sample], window of each sample.
        mask: shape [beat, window], windows that hold signal.
    """

    x: Beats32
    target: Ints
    index: Ints
    mask: Mask

    @classmethod
    def of(cls, x: Beats32, target: Ints, signal: Mask, fs: float) -> Footing:
        """The footing of beats of shape [beat, channel, sample] whose samples where `signal` holds are no padding."""
        index = window_index(x.shape[2], fs)
        return cls(x, target, index, windowed(signal.astype(np.float64), index) > 0)

    def take(self, chosen: Ints) -> Footing:
        """The same for some of the beats."""
        return Footing(self.x[chosen], self.target[chosen], self.index, self.mask[chosen])

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

    Yields:
        The name of the layer that lost its weights last, and the model so far; the caller must not keep it.
    """
    broken = copy.deepcopy(model).eval()
    for name in reversed(broken.names):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + broken.names.index(name))
            _reset(broken.layers[name])
        yield name, broken


def untrained(model: LayeredModel, seed: int) -> LayeredModel:
    """The same architecture with random weights everywhere."""
    return list(randomised(model, seed))[-1][1]


def _reset(layer: nn.Module) -> None:
    """Give every part of a layer the weights that it would be built with."""
    for part in layer.modules():
        reset = getattr(part, "reset_parameters", None)
        if callable(reset):
            reset()


def cascade(
    model: LayeredModel, footing: Footing, methods: Mapping[str, Explainer], *, draws: int, seed: int
) -> dict[str, dict[str, Floats]]:
    """Rank correlation of each method's maps with the trained model's, by method and layer randomised last.

    Args:
        model: the trained one.
        footing: beats and windows.
        methods: maps by name.
        draws: random weights drawn per layer.
        seed: of the draws.

    Returns:
        By method, then by layer from the head down: shape [beat], mean over draws.
    """
    original = {name: method(model, footing.x, footing.target) for name, method in methods.items()}
    sums: dict[str, dict[str, list[Floats]]] = {name: {} for name in methods}
    for draw in range(draws):
        for layer, broken in randomised(model, seed + 1000 * draw):
            for name, method in methods.items():
                values = footing.agreement(original[name], method(broken, footing.x, footing.target))
                sums[name].setdefault(layer, []).append(values)
    return {
        name: {layer: _mean(np.stack(values)) for layer, values in by_layer.items()} for name, by_layer in sums.items()
    }


def _mean(values: Floats) -> Floats:
    """Mean over the first axis; NaN (a flat map, which resembles nothing) counts as 0."""
    return np.asarray(np.nan_to_num(values).mean(axis=0))
