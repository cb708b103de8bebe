"""Signals, and recordings with their annotations, at another sampling rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from ecg.recordings.recording import INVALID_ADU, Recording

OFF_S = 4e-3
"""How far a resampled signal may run off, in s: half a sample at 128 Hz."""
PIECE_S, MARGIN_S = 3600.0, 2.0
"""What a long recording is resampled at once, and beside that, in s."""
LEVELS = 2**24
"""Steps between zero and the largest sample of a resampled lead: as fine as float32, so nothing is lost to rounding."""


def resample(signal: npt.NDArray[np.floating], fs: float, target_fs: float) -> npt.NDArray[np.float64]:
    """Bring a signal to another sampling rate with scipy's polyphase anti-alias filter.

    Args:
        signal: shape [time].
        fs: its sampling rate in Hz.
        target_fs: the wanted rate in Hz.

    Returns:
        shape [time * target_fs / fs], rounded up.
    """
    values = np.asarray(signal, dtype=np.float64)
    ratio = _ratio(fs, target_fs, len(values) / fs)
    if ratio == 1 and fs == target_fs:
        return values
    made = np.asarray(resample_poly(values, ratio.numerator, ratio.denominator, padtype="line"))
    count = -(-len(values) * _exact(target_fs) // _exact(fs))  # the ratio may be a little off
    return made[:count] if len(made) >= count else np.pad(made, (0, count - len(made)), mode="edge")


def _ratio(fs: float, target_fs: float, seconds: float) -> Fraction:
    """The simplest ratio of the rates that is right to `OFF_S` at the signal's end; its filter is the shortest."""
    exact = _exact(target_fs) / _exact(fs)
    simpler = (exact.limit_denominator(most) for most in (100, 1000, 10_000))
    return next((one for one in simpler if one and abs(float(one / exact) - 1) * seconds <= OFF_S), exact)


def _exact(fs: float) -> Fraction:
    """A rate to a thousandth of a Hz."""
    return Fraction(fs).limit_denominator(1000)


def at_rate(recording: Recording, fs: float | None) -> Recording:
    """The recording at another sampling rate, its annotations moved along; lines bridge invalid samples.

    Args:
        recording: of any rate.
        fs: wanted rate in Hz; None or the recording's own leaves valid samples as they are.
    """
    fs = fs or recording.fs
    if fs == recording.fs and not (recording.digital == INVALID_ADU).any():
        return recording
    rows = range(len(recording.leads))
    signal = np.stack([_lead_at(recording, row, fs) for row in rows])
    gain = LEVELS / np.maximum(np.abs(signal).max(axis=1), 1e-6)
    digital = np.rint(signal * gain[:, None]).astype(np.int32)
    marks = recording.annotations
    if marks is not None:
        moved = np.rint(marks.sample * (fs / recording.fs)).astype(np.int64)
        marks = replace(marks, sample=np.minimum(moved, digital.shape[1] - 1))
    zero = np.zeros(len(rows), dtype=np.int32)
    return replace(recording, digital=digital, gain=gain, baseline=zero, fs=fs, annotations=marks)


def _lead_at(recording: Recording, row: int, fs: float) -> npt.NDArray[np.float64]:
    """One lead at another rate, without gaps; a long one hour by hour, which needs a tenth of the memory."""
    own, hour, margin = recording.fs, int(PIECE_S), int(MARGIN_S)
    if recording.seconds <= 1.5 * hour or not (own.is_integer() and float(fs).is_integer()):
        return resample(filled(lead_millivolts(recording, row)), own, fs)
    made = np.empty(-(-recording.n_samples * round(fs) // round(own)))
    for start in range(0, int(np.ceil(recording.seconds)), hour):
        before = min(start, margin)
        part = slice(round((start - before) * own), round((start + hour + margin) * own))
        piece = resample(filled(lead_millivolts(recording, row, part)), own, fs)[round(before * fs) :]
        into = made[round(start * fs) : round((start + hour) * fs)]
        into[:] = piece[: len(into)]
    return made


def lead_millivolts(recording: Recording, lead: int, part: slice = slice(None)) -> npt.NDArray[np.float64]:
    """One lead, or a part of it, in mV, shape [time], NaN where the converter marked a sample as invalid."""
    stored = recording.digital[lead, part]
    signal = ((stored - recording.baseline[lead]) / recording.gain[lead]).astype(np.float32).astype(np.float64)
    return np.where(stored == INVALID_ADU, np.nan, signal)


def filled(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The signal with straight lines across its gaps (NaN), as filters need it, 0 if it is all gap; shape [time]."""
    known = np.flatnonzero(np.isfinite(signal))
    if len(known) == len(signal):
        return signal
    if not len(known):
        return np.zeros_like(signal)
    return np.asarray(np.interp(np.arange(len(signal)), known, signal[known]))
