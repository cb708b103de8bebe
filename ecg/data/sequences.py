"""Consecutive beats of a record, in the record's order: windows that cover it, each beat counted once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.peaks import Index

NOTHING = -1
"""The row of a place in a window that lies beyond its record."""


@dataclass(frozen=True)
class Windows:
    """Beats side by side.

    Attributes:
        rows: shape [window, beat], positions in the table of beats; -1 beyond the record's ends.
        counted: shape [window, beat], whether this is the window in which the beat counts.
    """

    rows: Index
    counted: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Draw:
    """How training windows are drawn.

    Attributes:
        weight: shape [record], how often each record is drawn; they sum to 1.
        rare: positions of beats that are worth more, ascending.
        share: of windows that hold one of these, in records that have any.
        windows: drawn per epoch; 0: as many as cover the records once.
    """

    weight: npt.NDArray[np.float64]
    rare: Index
    share: float
    windows: int = 0


@dataclass(frozen=True)
class Runs:
    """Where records begin in a table of beats, and how many beats each has.

    Attributes:
        start: shape [record], position of the first beat.
        length: shape [record].
    """

    start: Index
    length: Index

    @classmethod
    def of(cls, record: npt.NDArray[np.str_], wanted: npt.NDArray[np.bool_] | None = None) -> Runs:
        """The runs of one name; with `wanted`, shape [beat], only those that hold a wanted beat."""
        start = (
            np.flatnonzero(np.append(True, record[1:] != record[:-1])) if len(record) else np.zeros(0, dtype=np.int64)
        )
        length = np.diff(np.append(start, len(record)))
        if wanted is not None and len(start):
            has = np.add.reduceat(wanted.astype(np.int64), start) > 0
            start, length = start[has], length[has]
        return cls(start.astype(np.int64), length.astype(np.int64))

    def tiled(self, beats: int, context: int) -> Windows:
        """Windows in order, of which all but `context` beats at each end count; so every beat counts once.

        Args:
            beats: of a window.
            context: beats at each end that are seen, and count in another window.
        """
        inner = beats - 2 * context
        rows = self._rows(-(-self.length // inner), inner, np.full(len(self.start), context), beats)
        counted = np.zeros(rows.shape, dtype=np.bool_)
        counted[:, context : context + inner] = True
        return Windows(rows, counted & (rows != NOTHING))

    def shifted(self, beats: int, rng: np.random.Generator) -> Windows:
        """Windows that do not overlap and begin somewhere else each time, always as many; for training."""
        offset = rng.integers(0, beats - self.length % beats + 1)
        rows = self._rows(self.length // beats + 1, beats, offset, beats)
        return Windows(rows, rows != NOTHING)

    def drawn(self, beats: int, draw: Draw, rng: np.random.Generator) -> Windows:
        """Windows anywhere in records that are drawn by weight; for training."""
        count = draw.windows or max(int(self.length.sum()) // beats, 1)
        run = rng.choice(len(self.start), count, p=draw.weight)
        begin, length = self.start[run], self.length[run]
        spare = np.maximum(length - beats, 0)
        start = (rng.random(count) * (spare + 1)).astype(np.int64)
        if len(draw.rare):
            first, last = np.searchsorted(draw.rare, begin), np.searchsorted(draw.rare, begin + length)
            place = np.minimum(first + (rng.random(count) * (last - first)).astype(np.int64), len(draw.rare) - 1)
            on = np.clip(draw.rare[place] - begin - rng.integers(0, beats, count), 0, spare)
            start = np.where((rng.random(count) < draw.share) & (last > first), on, start)
        within = start[:, None] + np.arange(beats)
        rows = np.where(within < length[:, None], begin[:, None] + within, NOTHING)
        return Windows(rows, rows != NOTHING)

    def around(self, position: Index, beats: int) -> Windows:
        """A window for each of these positions, with its beat in the middle, which alone counts."""
        place = np.searchsorted(self.start, position, side="right") - 1
        middle = beats // 2
        rows = position[:, None] - middle + np.arange(beats)
        first, stop = self.start[place], self.start[place] + self.length[place]
        rows = np.where((rows >= first[:, None]) & (rows < stop[:, None]), rows, NOTHING)
        counted = np.zeros(rows.shape, dtype=np.bool_)
        counted[:, middle] = True
        return Windows(rows, counted)

    def _rows(self, count: Index, step: int, offset: Index, beats: int) -> Index:
        """`count` windows of each record, from `offset` before its first beat on, one every `step`."""
        run = np.repeat(np.arange(len(self.start)), count)
        number = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
        within = (number * step - offset[run])[:, None] + np.arange(beats)
        inside = (within >= 0) & (within < self.length[run][:, None])
        return np.where(inside, self.start[run][:, None] + within, NOTHING).astype(np.int64)
