"""Whole batches out of tensors: an ordinary DataLoader whose sampler gives all positions of a batch at once.

One gather per batch, no worker processes, no per-sample Python.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from math import ceil

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler, SequentialSampler

from ecg.beats.table import MASK, Inputs
from ecg.data.sequences import Draw, Runs, Windows

AT_ONCE = 256
"""Beats at once where nothing is learned: more fall out of a processor's cache (`experiments/speed`)."""
CONNECTED_AT_ONCE = 4 * AT_ONCE
"""The same for fully connected layers alone: their matrices are multiplied faster the more beats there are."""

Batch = tuple[dict[str, Tensor], Tensor]
"""Inputs by name, each [beat, ...], and class numbers [beat]. For a model that sees consecutive beats
[window, beat, ...] and [window, beat], class -1 where a beat does not count, and `mask`, see `seen`."""
NOT_COUNTED = -1


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


class SequenceOrder(BatchOrder):
    """Which windows of consecutive beats make up each batch; see `BatchOrder`.

    Args:
        runs: the records.
        beats: of a window.
        context: beats at its ends that count in another window; in training all count, and windows begin elsewhere in
            each epoch.
        batch_size: windows per batch.
    """

    def __init__(self, runs: Runs, beats: int, context: int, batch_size: int, *, shuffle: bool, **more: int) -> None:
        self.runs, self.beats, self.context = runs, beats, context
        super().__init__(len(self._windows(0, shuffle)), batch_size, shuffle=shuffle, **more)

    def _windows(self, epoch: int, shuffle: bool) -> Windows:
        if not shuffle:
            return self.runs.tiled(self.beats, self.context)
        return self.runs.shifted(self.beats, np.random.default_rng([getattr(self, "seed", 0), epoch]))

    def __iter__(self) -> Iterator[Tensor]:
        windows = self._windows(self.epoch, self.shuffle)
        rows, counted = torch.from_numpy(windows.rows), torch.from_numpy(windows.counted)
        for chosen in super().__iter__():
            yield torch.stack([rows[chosen], counted[chosen].long()])


class DrawnSequences(SequenceOrder):
    """Windows for training that are drawn by weight, others in each epoch.

    Args:
        runs: the records.
        beats: of a window.
        context: as of `SequenceOrder`.
        batch_size: windows per batch.
        draw: how they are drawn.
    """

    def __init__(self, runs: Runs, beats: int, context: int, batch_size: int, draw: Draw, **more: int) -> None:
        self.draw = draw
        super().__init__(runs, beats, context, batch_size, shuffle=True, **more)

    def _windows(self, epoch: int, shuffle: bool = True) -> Windows:
        return self.runs.drawn(self.beats, self.draw, np.random.default_rng([getattr(self, "seed", 0), epoch, 1]))


class FirstSequences(SequenceOrder, SequentialSampler):  # type: ignore[misc]
    """The same in order, also for training; see `FirstBatches`."""


class BeatTensors(Dataset[Batch]):
    """Beats and labels that are read a batch at a time, so that inputs may be longer than memory.

    Args:
        inputs: by name, of all beats.
        y: labels of the subset.
        rows: where the subset's beats are among all; None: all are in it, in order.
    """

    def __init__(self, inputs: Mapping[str, Tensor], y: Tensor, rows: Tensor | None = None) -> None:
        self.inputs, self.y, self.rows = dict(inputs), y, rows

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: Tensor) -> Batch:
        """The beats at these positions of the subset."""
        place = index if self.rows is None else self.rows[index]
        # x[place] takes five times as long
        return {name: x.index_select(0, place) for name, x in self.inputs.items()}, self.y[index]


class SequenceTensors(BeatTensors):
    """The same in windows, of all beats of a table; `y` is -1 for beats that are seen and do not count."""

    def __getitem__(self, index: Tensor) -> Batch:
        """The windows of these rows; `index` holds rows and what counts, see `SequenceOrder`."""
        rows, counted = index[0], index[1].bool()
        inputs = seen(self.inputs, rows)
        return inputs, torch.where(counted, self.y[rows.clamp(min=0)], NOT_COUNTED)


def as_tensors(inputs: Inputs, names: Iterable[str]) -> dict[str, Tensor]:
    """Inputs of all beats as they lie, in memory or on the disk; nobody may change them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return {name: torch.from_numpy(inputs[name]) for name in names}


def seen(inputs: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Inputs of windows, by name, shape [window, beat, ...], 0 beyond a record's ends, and their `mask`.

    Args:
        inputs: of all beats, shape [beat, ...].
        rows: shape [window, beat], positions, -1 beyond the ends.
    """
    mask = rows >= 0
    found = {}
    for name, x in inputs.items():
        values = x.index_select(0, rows.clamp(min=0).flatten()).view(*rows.shape, *x.shape[1:])
        found[name] = values * mask.view(*rows.shape, *(1,) * (x.dim() - 1))
    return found | {MASK: mask}


def batches(data: BeatTensors, order: BatchOrder) -> DataLoader[Batch]:
    """A DataLoader of batches in this order."""
    # the loader draws a seed for its workers; from a generator of its own, so that dropout's is left alone
    return DataLoader(data, sampler=order, batch_size=None, generator=torch.Generator())
