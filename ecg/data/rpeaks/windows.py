"""Training windows of the R-peak detector: drawn from leads, changed, and what the network is to say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, SequentialSampler

from ecg.beats.rpeaks.signal import FS, MOST
from ecg.beats.rpeaks.visible import STEP_S
from ecg.data.batches import BatchOrder
from ecg.data.rpeaks.augment import RPeakAugment, Signal
from ecg.data.rpeaks.series import Series

SAMPLES = 2048
"""Of a window at 100 Hz: 20.48 s."""
WIDTH_S, REACH_S = 0.025, 0.1
"""Standard deviation of the target around each beat, and where it is cut off, in s."""

Window = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]
"""Signal [2048], target and what counts of it [1024]."""
PeakBatch = tuple[Tensor, Tensor, Tensor]
"""The same of several windows."""


class DrawnOrder(BatchOrder):
    """Which draws make up each batch: their epoch and their numbers."""

    def __iter__(self) -> Iterator[Tensor]:
        for chosen in super().__iter__():
            yield torch.cat([torch.tensor([self.epoch]), chosen])


class FirstDrawn(DrawnOrder, SequentialSampler):  # type: ignore[misc]
    """The same in order and in every epoch alike; see `ecg.data.batches.FirstBatches`."""

    def set_epoch(self, epoch: int) -> None:
        """Every epoch has the draws of the first."""


class DrawnWindows(Dataset[PeakBatch]):
    """Windows drawn from leads: the database first, then a lead in proportion to its length.

    A draw depends on the seed, the epoch and its number alone.

    Args:
        series: leads that teach.
        shares: of the databases, by name.
        augment: changes the windows.
        windows: in an epoch.
        seed: of the draws.
    """

    def __init__(
        self, series: Sequence[Series], shares: Mapping[str, float], augment: RPeakAugment, windows: int, seed: int
    ) -> None:
        self.series, self.augment, self.windows, self.seed = series, augment, windows, seed
        seconds = np.array([one.seconds for one in series])
        database = np.array([one.database for one in series])
        weight = np.zeros(len(series))
        for name in np.unique(database).tolist():
            own = database == name
            weight[own] = shares.get(name, 0.0) * seconds[own] / seconds[own].sum()
        self.edges = np.cumsum(weight / weight.sum())

    def __len__(self) -> int:
        return self.windows

    def __getitem__(self, index: Tensor) -> PeakBatch:
        """The windows of a batch; `index` holds the epoch and their numbers."""
        epoch, *numbers = index.tolist()
        return stacked([self.window(np.random.default_rng([self.seed, epoch, number])) for number in numbers])

    def window(self, rng: np.random.Generator) -> Window:
        """One window."""
        one = self.series[min(int(np.searchsorted(self.edges, rng.random(), side="right")), len(self.series) - 1)]
        speed = self.augment.speed(rng)
        length = SAMPLES * speed / FS
        over = one.seconds - length
        start = rng.uniform(min(over, 0), max(over, 0))
        signal, beats, counts = cut(one, start, speed)
        signal, beats = self.augment(signal, beats, rng)
        return np.clip(signal, -MOST, MOST).astype(np.float32), target(beats), counts


class WholeWindows(Dataset[PeakBatch]):
    """All of some leads as they are, one window after the other."""

    def __init__(self, series: Sequence[Series]) -> None:
        step = SAMPLES / FS
        self.places = [(one, step * i) for one in series for i in range(max(int(one.seconds // step), 1))]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Tensor) -> PeakBatch:
        """The windows at these numbers."""
        made = []
        for number in index.tolist():
            signal, beats, counts = cut(*self.places[number])
            made.append((signal.astype(np.float32), target(beats), counts))
        return stacked(made)


def cut(series: Series, start: float, speed: float = 1.0) -> tuple[Signal, Signal, npt.NDArray[np.bool_]]:
    """A window of a lead: signal [2048], 0 beyond its ends; beats in s; and what counts of the target [1024].

    Args:
        series: the lead.
        start: in s; may lie before it.
        speed: how much faster it is played.
    """
    at = start * FS + speed * np.arange(SAMPLES)
    if speed == 1:
        at = np.rint(at)
        start = at[0] / FS
    signal = np.interp(at, np.arange(len(series.signal)), series.signal, left=0.0, right=0.0)
    stop = start + speed * SAMPLES / FS
    first, last = np.searchsorted(series.beats, [start - REACH_S, stop + REACH_S])
    beats = (series.beats[first:last] - start) / speed
    time = start + speed * STEP_S * np.arange(SAMPLES // 2)
    counts = (time >= 0) & (time <= series.seconds)
    for begin, end in series.hidden:
        counts &= (time < begin) | (time > end)
    return signal, beats, counts


def target(beats: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """What the network is to say: 1 at each beat, falling off around it; shape [1024]."""
    made, reach = np.zeros(SAMPLES // 2), round(REACH_S / STEP_S)
    middle = np.rint(beats / STEP_S).astype(np.int64)
    place = middle[:, None] + np.arange(-reach, reach + 1)
    away = place * STEP_S - beats[:, None]
    height = np.where(np.abs(away) <= REACH_S, np.exp(-0.5 * (away / WIDTH_S) ** 2), 0.0)
    inside = (place >= 0) & (place < len(made))
    np.maximum.at(made, place[inside], height[inside])
    return made.astype(np.float32)


def stacked(windows: Sequence[Window]) -> PeakBatch:
    """Windows as a batch."""
    signal, wanted, counts = (np.stack(part) for part in zip(*windows, strict=True))
    return torch.from_numpy(signal), torch.from_numpy(wanted), torch.from_numpy(counts)
