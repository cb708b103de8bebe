"""A column of times becomes a sampling rate, and places for the samples where some are missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked
from ecg.recordings.formats.clock import read_clock
from ecg.recordings.formats.time_name import COUNTS, SCALE, names_no_unit
from ecg.recordings.formats.units import FASTEST, SLOWEST

_DOUBTED = 2000.0
"""Hz; above it, times without a unit may be minutes."""
_STRAY = 0.01
"""Share of the steps that may be holes, or no step at all, before the samples count as unevenly spaced."""
_DRIFT = 1e-3
"""How far the clock may run off an even one, as a share of the recording."""

Texts = tuple[str, ...]


class Axis(NamedTuple):
    """What a column of times says.

    Attributes:
        fs: sampling rate in Hz; None where the column only numbers the samples.
        place: of each sample, shape [time]; None where none is missing.
        notes: how the times were read.
    """

    fs: float | None
    place: npt.NDArray[np.int64] | None = None
    notes: Texts = ()


class Times(NamedTuple):
    """A column of times that is to be read.

    Attributes:
        path: the file.
        name: of the column.
        unit: that it is in, in lower case; empty where none is named.
        line: from the position of a row to the number that an editor gives it.
    """

    path: Path
    name: str
    unit: str
    line: Callable[[int], int]

    def axis(self, column: pd.Series, asked: Asked) -> Axis:
        """The sampling rate, and the places of the samples.

        Numbers are in the unit that is named; without one they are s, or ms, us or ns where only that gives a rate
        that an ECG can have, with a note. Text is a time of day, or a date and time.

        Args:
            column: shape [time], numbers or text.
            asked: its rate is used where the column gives none that an ECG can have.

        Raises:
            EcgError: no times, uneven times, a unit that is not known, or a rate that no ECG has.
        """
        if self.unit in COUNTS:
            return Axis(None)
        if column.dtype.kind not in "iuf":
            seconds, notes = read_clock(self.path, self.name, column, self.line)
            return self._checked(seconds, asked, notes)
        self._all_there(column)
        since = (column - column.iloc[0]).to_numpy(dtype=np.float64)  # whole numbers of ns do not fit a float
        if self.unit in SCALE:
            return self._checked(since * SCALE[self.unit], asked, ())
        if not names_no_unit(self.unit):
            if asked.fs is None:
                known = "name it s, ms, us, ns or min, or remove the column and use --fs"
                raise EcgError(f"{self.path}: the unit {self.unit!r} of the column {self.name} is not known; {known}")
            axis = even(self, since)
            return Axis(asked.fs, axis.place, (f"The unit {self.unit!r} of {self.name} is not known: --fs is used.",))
        return self._guessed(since, asked)

    def _guessed(self, since: npt.NDArray[np.float64], asked: Asked) -> Axis:
        """Read numbers whose unit is not named."""
        step = float(np.median(np.diff(since))) if len(since) > 1 else 0.0
        if asked.fs is not None and (np.diff(since) == 1).all():
            return Axis(None, None, (f"The column {self.name} goes up by 1 a row: it numbers the samples.",))
        if step * SLOWEST <= 1:
            axis = self._checked(since, asked, ())
            if axis.fs is None or axis.fs <= _DOUBTED:
                return axis
            return axis._replace(notes=(f"The column {self.name} names no unit and is taken as s: {axis.fs:g} Hz.",))
        fit = [unit for unit in ("ms", "us", "ns") if SLOWEST <= 1 / (step * SCALE[unit]) <= FASTEST]
        if not fit:
            if asked.fs is not None:
                return Axis(
                    asked.fs, even(self, since).place, (f"The unit of {self.name} is not clear: --fs is used.",)
                )
            said = f"the column {self.name} goes up by {step:,.10g} a row: not clear whether in s, ms, us or ns"
            raise EcgError(f"{self.path}: {said}; name its unit (as {self.name}_ms), or remove it and use --fs")
        axis = self._checked(since * SCALE[fit[0]], asked, ())
        counts = f", {axis.fs:g} Hz; if it numbers the samples, say the rate with --fs" if step == 1 else ""
        said = f"The column {self.name} goes up by {step:,.10g} a sample and is taken as {fit[0]}{counts}."
        return axis._replace(notes=(said, *axis.notes))

    def _checked(self, seconds: npt.NDArray[np.float64], asked: Asked, notes: Texts) -> Axis:
        """The axis of these times, whose rate must be one that an ECG has."""
        if asked.fs is not None and _coarse(seconds, asked.fs):
            return Axis(asked.fs, None, (*notes, f"The times of {self.name} are too coarse: --fs is used."))
        found = even(self, seconds)
        assert found.fs is not None
        if SLOWEST <= found.fs <= FASTEST:
            return found._replace(notes=(*notes, *asked.not_used(found.fs, "the time column", 1e-3 * found.fs)))
        said = f"the column {self.name} says {found.fs:,.6g} Hz; an ECG has {SLOWEST:g} to {FASTEST:,.0f} Hz"
        if asked.fs is None:
            raise EcgError(f"{self.path}: {said}; name its true unit (as {self.name}_ms), or remove it and use --fs")
        return Axis(asked.fs, found.place, (*notes, f"{said[0].upper()}{said[1:]}: --fs is used."))

    def _all_there(self, column: pd.Series) -> None:
        missing = ~np.isfinite(column.to_numpy(dtype=np.float64))
        if len(column) < 2 or missing.any():
            where = f"; there is none in row {self.line(int(np.argmax(missing)))}" if missing.any() else ""
            raise EcgError(f"{self.path}: the time column needs two times or more, all of them numbers{where}")


def _coarse(times: npt.NDArray[np.float64], fs: float) -> bool:
    """Whether times mostly stand still, but take as long as so many samples do at a rate in Hz."""
    step = np.diff(times)
    length = len(times) / fs
    return len(step) > 0 and step.min() >= 0 == np.median(step) and abs(times[-1] - length) < 2 + 0.05 * length


def even(at: Times, times: npt.NDArray[np.float64]) -> Axis:
    """Sampling rate of times that go up evenly, apart from holes.

    Args:
        at: which column it is.
        times: shape [time], in s.

    Raises:
        EcgError: too few times, going back, or not evenly spaced.
    """
    path = at.path
    if len(times) < 2:
        raise EcgError(f"{path}: the time column needs two times or more, all of them numbers")
    step = np.diff(times)
    if (step < 0).any():
        raise EcgError(f"{path}: the times go back at row {at.line(int(np.argmax(step < 0)) + 1)}")
    median = float(np.median(step))
    usual = step <= 1.6 * median
    if usual.mean() < 0.95:  # coarse times: 700 Hz in whole ms goes up by 1 or 2
        usual = step <= 3.1 * median
    period = float(step[usual].mean()) if median > 0 else 0.0
    if not period > 0:
        raise EcgError(f"{path}: the times hardly go up: too coarse to tell the sampling rate; remove them, use --fs")
    fs = 1 / period
    whole = float(round(fs))
    drift = np.abs(times - times[0] - np.arange(len(times)) / max(whole, 1.0)).max() * fs
    if abs(fs - whole) < (1e-5 if not usual.all() else 5e-4 if drift < 1 else 0) * fs:
        fs = whole
    place = np.rint((times - times[0]) * fs).astype(np.int64)
    if usual.all():
        uneven = np.abs(place - np.arange(len(times))).max() > 2 + _DRIFT * len(times)
    else:
        uneven = (np.diff(place) < 1).mean() > _STRAY or (~usual).mean() > _STRAY
    if uneven:
        said = f"steps of {step.min() * 1000:.3g} to {step.max() * 1000:.3g} ms"
        raise EcgError(f"{path}: the samples are not evenly spaced in time ({said}); resample them to one rate first")
    if place[-1] > 10 * len(times) + 3600 * fs:
        said = f"the times jump by {step.max():,.0f} s at row {at.line(int(np.argmax(step)) + 1)}"
        raise EcgError(f"{path}: {said}: save the parts as files of their own")
    return Axis(fs, None if usual.all() else place)
