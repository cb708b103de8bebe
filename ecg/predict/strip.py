"""The signal as a page holds it: few bytes, exact enough to look at.

Each sample is the difference to the one before in steps of 5 uV, one byte; a byte of -128 announces an absolute value
in the two bytes that follow (little-endian), at the start of every stretch and wherever a difference is too large.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.quality import stretches
from ecg.beats.resampling import resample
from ecg.predict.labelled import UNLABELLED, Labelled
from ecg.recordings.formats import OwnRecording

STEP_MV = 0.005
"""Height of one step, the resolution of MIT-BIH."""
RATES = (125.0, 100.0)
"""Sampling rates of the strip in Hz; the second where the first would make the page too large."""
MOST_SAMPLES = 8_800_000
"""As many samples make a page of some 13 MB: 24 h at 100 Hz fit. Of longer recordings the page holds an excerpt."""
AROUND_S = 5.0
"""Signal before and after each beat of interest in an excerpt."""
SAMPLE_S, EVERY_S = 10.0, 600.0
"""An excerpt also holds so many seconds of every ten minutes, whatever happens in them."""
_ESCAPE = -128
_PIECE_S, _MARGIN_S = 3600, 2


@dataclass(frozen=True)
class Strip:
    """The signal to be shown.

    Attributes:
        fs: in Hz.
        stretches: shape [stretch, 2], first sample at `fs` and number of samples.
        code: base64 of the coded stretches, one after the other.
        low, high: range in mV that nearly all samples lie in.
        whole: whether all of the signal is in it, but for gaps.
    """

    fs: float
    stretches: npt.NDArray[np.int64]
    code: str
    low: float
    high: float
    whole: bool

    @property
    def seconds(self) -> float:
        """Length of the signal in it."""
        return float(self.stretches[:, 1].sum() / self.fs)


def make_strip(labelled: Labelled, most: int = MOST_SAMPLES) -> Strip:
    """Code the signal, or as much of it as a page takes: rare classes first, then the unsure, then samples of all.

    Args:
        labelled: the recording and its beats.
        most: samples that fit.
    """
    fs = strip_rate(labelled, most)
    return coded(labelled.own, fs, excerpt(labelled, fs, most))


def strip_rate(labelled: Labelled, most: int = MOST_SAMPLES) -> float:
    """Sampling rate of the strip in Hz, never above the recording's own."""
    recording = labelled.recording
    return min(next((r for r in RATES if recording.seconds * r <= most), RATES[-1]), recording.fs)


def coded(own: OwnRecording, fs: float, wanted: npt.NDArray[np.bool_]) -> Strip:
    """Code the wanted part of a lead, but for its gaps.

    Args:
        own: the lead.
        fs: rate of the strip in Hz.
        wanted: shape [time] at `fs`; of a longer lead the rest is not shown.
    """
    steps = in_steps(own, fs)
    shown = np.zeros(len(steps), dtype=np.bool_)
    shown[: len(wanted)] = wanted[: len(steps)]
    for start, stop in own.gaps / own.recording.fs * fs:
        shown[int(np.ceil(start)) : int(stop)] = False
    edges = stretches(shown)
    ends = np.percentile(steps[shown][:: max(len(steps) // 500_000, 1)], [0.05, 99.95]) if len(edges) else np.zeros(2)
    low, high = (ends * STEP_MV).tolist()
    parts = np.stack([edges[:, 0], edges[:, 1] - edges[:, 0]], axis=1)
    return Strip(fs, parts, base64.b64encode(encode(steps, parts)).decode(), low, high, bool(wanted.all()))


def in_steps(own: OwnRecording, fs: float) -> npt.NDArray[np.int16]:
    """The signal at `fs` Hz in steps of `STEP_MV`, shape [time]; resampled hour by hour, to need little memory."""
    recording = own.recording
    count = int(np.ceil(recording.seconds * fs))
    out = np.zeros(count, dtype=np.int16)
    for start in range(0, max(int(np.ceil(recording.seconds)), 1), _PIECE_S):
        before = min(start, _MARGIN_S)
        first, last = round((start - before) * recording.fs), round((start + _PIECE_S + _MARGIN_S) * recording.fs)
        signal = (recording.digital[0, first:last] - recording.baseline[0]) / recording.gain[0]
        piece = np.rint(resample(signal, recording.fs, fs)[round(before * fs) :] / STEP_MV)
        to = round(start * fs)
        room = min(round(_PIECE_S * fs), count - to, len(piece))
        out[to : to + room] = np.clip(piece[:room], -32768, 32767).astype(np.int16)
    return out


def excerpt(labelled: Labelled, fs: float, most: int) -> npt.NDArray[np.bool_]:
    """Which samples at `fs` Hz to keep, shape [time]: all of them, or about `most`; less is always a part of more."""
    n = int(np.ceil(labelled.recording.seconds * fs))
    if n <= most:
        return np.ones(n, dtype=np.bool_)
    label, confidence = labelled.label, np.nan_to_num(labelled.confidence, nan=0.0)
    counts = np.bincount(label[label >= 0], minlength=len(labelled.classes))
    usual = int(counts.argmax())
    rarity = np.where(label == UNLABELLED, len(label), counts[label])
    order = np.lexsort((confidence, rarity))
    wanted = labelled.seconds[order[label[order] != usual]]
    unsure = labelled.seconds[np.argsort(confidence, kind="stable")]
    sampled = np.arange(0, n / fs, EVERY_S) + SAMPLE_S / 2
    shown = np.zeros(n, dtype=np.bool_)
    left = most
    for seconds in np.concatenate([sampled, wanted, unsure]):
        part = shown[max(int((seconds - AROUND_S) * fs), 0) : int((seconds + AROUND_S) * fs)]
        left -= int((~part).sum())
        if left < 0:
            break
        part[:] = True
    return shown


def encode(steps: npt.NDArray[np.int16], parts: npt.NDArray[np.int64]) -> bytes:
    """Code stretches of a signal.

    Args:
        steps: shape [time].
        parts: shape [stretch, 2], first sample and number of samples.
    """
    return b"".join(_encode(steps[first : first + count]) for first, count in parts.tolist())


def _encode(values: npt.NDArray[np.int16]) -> bytes:
    difference = np.diff(values.astype(np.int32))
    far = np.concatenate([[True], np.abs(difference) > 127])
    place = np.cumsum(np.where(far, 3, 1)) - np.where(far, 3, 1)
    out = np.zeros(int(place[-1]) + (3 if far[-1] else 1), dtype=np.int8)
    out[place[1:]] = np.where(far[1:], _ESCAPE, difference)
    out[0] = _ESCAPE
    out[place[far][:, None] + [1, 2]] = values[far].astype("<i2").view(np.int8).reshape(-1, 2)
    return out.tobytes()
