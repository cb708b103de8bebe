"""Batches straight from tensors: one gather per batch, no worker processes, no per-sample Python."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

AT_ONCE = 256
"""Beats at once where nothing is learned: more fall out of a processor's cache (`experiments/speed`)."""
CONNECTED_AT_ONCE = 4 * AT_ONCE
"""The same for fully connected layers alone: their matrices are multiplied faster the more beats there are."""


class BatchOrder:
    """Which beats make up each batch of an epoch.

    The order of epoch e depends on the seed and e alone, so a resumed run sees the batches that an uninterrupted one
    would have seen. Lightning calls `set_epoch` before each epoch.
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
        share = -(-self.n // self.world_size)
        return share // self.batch_size if self.shuffle and share >= self.batch_size else -(-share // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.arange(self.n)
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(self.n, generator=generator)
        if self.world_size > 1:  # as DistributedSampler: pad to equal shares, then take every world_size-th
            padding = -(-self.n // self.world_size) * self.world_size - self.n
            order = torch.cat([order, order[:padding]])[self.rank :: self.world_size]
        yield from torch.split(order, self.batch_size)[: len(self)]


class TensorBatches:
    """An iterable of (x, y) batches for Lightning's loops.

    While training (`shuffle`), an incomplete last batch is left out: BatchNorm would see too few beats.
    """

    def __init__(self, x: Tensor, y: Tensor, order: BatchOrder) -> None:
        self.x, self.y = x, y
        self.sampler = order  # the two names under which Lightning looks for `set_epoch`
        self.batch_sampler = None

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for index in self.sampler:
            yield self.x.index_select(0, index), self.y[index]  # x[index] takes five times as long
