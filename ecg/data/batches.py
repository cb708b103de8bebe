"""Whole batches out of tensors: an ordinary DataLoader whose sampler gives all positions of a batch at once.

One gather per batch, no worker processes, no per-sample Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler, SequentialSampler

AT_ONCE = 256
"""Beats at once where nothing is learned: more fall out of a processor's cache (`experiments/speed`)."""
CONNECTED_AT_ONCE = 4 * AT_ONCE
"""The same for fully connected layers alone: their matrices are multiplied faster the more beats there are."""

Batch = tuple[Tensor, Tensor]
"""Beats [beat, channel, sample] and their class numbers [beat]."""


class BatchOrder(DistributedSampler[Tensor]):
    """Which beats make up each batch of an epoch, and of this process's share of it.

    The order of epoch e depends on the seed and e alone, so a resumed run sees the batches that an uninterrupted one
    would have seen. Lightning calls `set_epoch` before each epoch, and shards nothing again that is a
    DistributedSampler already.

    Args:
        n: number of beats.
        batch_size: beats per batch.
        shuffle: for training: all processes get equally many batches, and an incomplete last batch is left out, since
            BatchNorm would see too few beats. Else every beat comes once, on one of the processes.
        seed: of the order.
        rank: of this process.
        world_size: number of processes.
    """

    def __init__(
        self, n: int, batch_size: int, *, shuffle: bool, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.rank, self.world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration gives."""
        self.epoch = epoch

    def __len__(self) -> int:
        if not self.shuffle:
            return ceil(len(range(self.rank, self.n, self.world_size)) / self.batch_size)
        share = -(-self.n // self.world_size)
        return share // self.batch_size if share >= self.batch_size else -(-share // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.arange(self.n)
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(self.n, generator=generator)
            padding = -(-self.n // self.world_size) * self.world_size - self.n
            order = torch.cat([order, order[:padding]])  # as DistributedSampler: equal shares
        yield from torch.split(order[self.rank :: self.world_size], self.batch_size)[: len(self)]


class FirstBatches(BatchOrder, SequentialSampler):  # type: ignore[misc]
    """The same in order, also for training: `trainer.overfit_batches` accepts sequential samplers alone."""


class BeatTensors(Dataset[Batch]):
    """Beats and labels that are read a batch at a time."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: Tensor) -> Batch:
        """The beats at these positions."""
        return self.x.index_select(0, index), self.y[index]  # x[index] takes five times as long


def batches(x: Tensor, y: Tensor, order: BatchOrder) -> DataLoader[Batch]:
    """A DataLoader of (x, y) batches in this order."""
    # the loader draws a seed for its workers; from a generator of its own, so that dropout's is left alone
    return DataLoader(BeatTensors(x, y), sampler=order, batch_size=None, generator=torch.Generator())
