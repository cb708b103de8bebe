"""Single beats drawn by chance, some more likely than others, and weighted so that the loss is unbiased."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ecg.data.batches import Batch, BatchOrder, BeatTensors

WEIGHT, ROW = "drawn:weight", "drawn:row"
"""What a batch of drawn beats holds beside the inputs, [beat]: the weight of each in the loss, its position in the
training subset. No input of a segmentation is called so."""

Chances = npt.NDArray[np.float64]


class Draws:
    """Which training beats make up an epoch.

    Args:
        n: training beats.
        size: beats of an epoch, each drawn once at most.
        chances: gives how likely each is to be drawn, in proportion, shape [n], above 0; asked as each epoch begins.
    """

    def __init__(self, n: int, size: int, chances: Callable[[], Chances]) -> None:
        self.n, self.size, self.chances = n, min(size, n), chances
        self.weight = torch.ones(n)

    def drawn(self, rng: np.random.Generator) -> Tensor:
        """Positions of an epoch's beats in random order, [size]; sets their `weight`, whose mean is 1 in the long run.

        Systematic sampling (Madow 1949, doi 10.1214/aoms/1177729988): every beat has exactly its own chance.
        """
        chance = within(self.chances(), self.size)
        order = rng.permutation(self.n)
        upto = np.cumsum(chance[order])
        marks = (np.arange(self.size) + rng.random()) * (upto[-1] / self.size)
        self.weight = torch.from_numpy((self.size / self.n / chance).astype(np.float32))
        return torch.from_numpy(order[np.searchsorted(upto, marks, side="right").clip(max=self.n - 1)])


def within(chances: Chances, size: int) -> Chances:
    """Chances in the same proportions, none above 1, that sum to `size`."""
    chance, sure = chances.astype(np.float64), np.zeros(len(chances), dtype=bool)
    while True:
        free = ~sure
        if not free.any():
            return np.ones(len(chances))
        chance[free] *= (size - sure.sum()) / chance[free].sum()
        over = free & (chance > 1)
        if not over.any():
            return chance
        chance[over], sure = 1.0, sure | over


class DrawnOrder(BatchOrder):
    """The batches of drawn beats; the order of an epoch depends on the seed, the epoch, and the chances at its start.

    Args:
        draws: which beats.
        batch_size: beats per batch.
    """

    def __init__(self, draws: Draws, batch_size: int, *, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.draws = draws
        super().__init__(draws.size, batch_size, shuffle=True, seed=seed, rank=rank, world_size=world_size)

    def __iter__(self) -> Iterator[Tensor]:
        rows = self.draws.drawn(np.random.default_rng([self.seed, self.epoch, 2]))
        yield from torch.split(rows, self.batch_size)[: len(self)]


class DrawnBeats(BeatTensors):
    """Beats, labels, and what each weighs."""

    def __init__(self, inputs: Mapping[str, Tensor], y: Tensor, rows: Tensor | None, draws: Draws) -> None:
        super().__init__(inputs, y, rows)
        self.draws = draws

    def __getitem__(self, index: Tensor) -> Batch:
        """The beats at these positions of the subset."""
        inputs, y = super().__getitem__(index)
        return {**inputs, WEIGHT: self.draws.weight[index], ROW: index}, y
