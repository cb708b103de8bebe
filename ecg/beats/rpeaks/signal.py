"""The signal that the learnt detector sees: 100 Hz, without drift, every beat about as high as any other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfiltfilt

from ecg.beats.resampling import resample

FS = 100.0
"""Sampling rate of what the network sees, in Hz."""
BAND_HZ = (0.7, 40.0)
SHORTEST = 30
"""Samples below which the band-pass, which needs some at each end, is left out."""
HEIGHT = 2.0
"""Range of a usual beat once it is scaled."""
MOST = 6.0
"""Where it is cut off."""
_MEDIAN_OF = 31
"""Seconds over which the running scale is a median."""
_LEAST = 0.15
"""Least running scale, as a share of the recording's median one: noise of a pause is not blown up to beats."""
_TINY = 1e-6

Float = npt.NDArray[np.float64]


def prepared(signal: npt.NDArray[np.floating], fs: float) -> npt.NDArray[np.float32]:
    """One lead as the network sees it.

    Args:
        signal: shape [time], finite, in any unit and of any polarity; straight lines where it is missing.
        fs: its sampling rate in Hz.

    Returns:
        shape [time * 100 / fs], rounded up, from -6 to 6.
    """
    values = band_passed(resample(signal, fs, FS))
    return np.clip(HEIGHT * values / running_scale(values), -MOST, MOST).astype(np.float32)


def band_passed(values: Float) -> Float:
    """Without drift and hum, without delay; shape [time], at 100 Hz."""
    if len(values) < SHORTEST:
        return values - values.mean() if len(values) else values
    sections = butter(2, BAND_HZ, "bandpass", fs=FS, output="sos")
    return np.asarray(sosfiltfilt(sections, values))


def baseline(values: Float) -> Float:
    """What drifts below the band; shape [time], at 100 Hz."""
    if len(values) < SHORTEST:
        return np.full(len(values), values.mean() if len(values) else 0.0)
    return np.asarray(sosfiltfilt(butter(2, BAND_HZ[0], fs=FS, output="sos"), values))


def running_scale(values: Float) -> Float:
    """How high beats are around each sample: the range in windows of 2 s, one a second, as a running median.

    Args:
        values: shape [time], at 100 Hz.

    Returns:
        shape [time], above 0.
    """
    second = round(FS)
    if not len(values):
        return np.ones(0)
    padded = np.pad(values, (0, -len(values) % second), mode="edge").reshape(-1, second)
    high, low = padded.max(axis=1), padded.min(axis=1)
    if len(padded) > 1:
        high, low = np.maximum(high[1:], high[:-1]), np.minimum(low[1:], low[:-1])
    span = median_filter(high - low, size=_MEDIAN_OF, mode="nearest")
    span = np.maximum(span, max(_LEAST * float(np.median(span)), _TINY))
    return np.asarray(np.interp(np.arange(len(values)), second * (1 + np.arange(len(span))), span))
