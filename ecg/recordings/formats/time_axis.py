"""A column of times becomes a sampling rate, and places for the samples where some are missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError

_MS = re.compile(r"(\b|_|\()(ms|msecs?|milliseconds?)\b", re.IGNORECASE)
_SLOWEST = 20.0
"""No ECG has fewer samples a second (Hz); a plain `time` that would say so is in ms."""
_STRAY = 0.01
"""Share of the steps that may be holes, or no step at all, before the samples count as unevenly spaced."""
_DRIFT = 1e-3
"""How far the clock may run off an even one, as a share of the recording."""


def seconds(path: Path, column: pd.Series) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The times of a column in s, and notes on how they were read.

    Numbers are s, or ms where the column's name says so or anything else would be absurd; text may be a time
    of day or a date and time.

    Args:
        path: the file.
        column: shape [time].

    Raises:
        EcgError: no times.
    """
    name = str(column.name)
    if column.dtype.kind in "iuf":
        times, notes = column.to_numpy(dtype=np.float64), ()
        if _MS.search(name):
            return times / 1000, notes
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        if step * _SLOWEST > 1:
            return times / 1000, (f"The column {name} goes up by {step:g} a sample and is taken as ms.",)
        return times, notes
    text = column.astype(str).str.strip().str.strip("[]'\"")
    clock = text.str.count(":").max() == 1  # minutes:seconds
    moment: Any = pd.to_timedelta("00:" + text if clock else text, errors="coerce")
    if moment.isna().any():
        moment = pd.to_datetime(text, errors="coerce")
    if moment.isna().any():
        wrong = text[moment.isna()].iloc[0]
        raise EcgError(f"{path}: the column {name} holds no times: {wrong!r}; give s, ms or h:mm:ss, or use --fs")
    return np.asarray((moment - moment.iloc[0]) / np.timedelta64(1, "s"), dtype=np.float64), ()


def even(path: Path, times: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.int64] | None]:
    """Sampling rate of times that go up evenly, apart from holes.

    Args:
        path: the file.
        times: shape [time], in s.

    Returns:
        The rate in Hz; the place of each sample, shape [time], or None where none is missing.

    Raises:
        EcgError: too few times, not finite, going back, or not evenly spaced.
    """
    if len(times) < 2 or not np.isfinite(times).all():
        raise EcgError(f"{path}: the time column needs two times or more, all of them numbers")
    step = np.diff(times)
    if (step < 0).any():
        raise EcgError(f"{path}: the times go back at row {int(np.argmax(step < 0)) + 1}")
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
        said = f"the times jump by {step.max():,.0f} s at row {int(np.argmax(step)) + 1}"
        raise EcgError(f"{path}: {said}: save the parts as files of their own")
    return fs, None if usual.all() else place
