"""Beats of a recording that nobody annotated: R peaks are detected, then any registered cut applies as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ecg.beats.cuts.base import Cut
from ecg.beats.cuts.paper import nearest_index
from ecg.beats.detector import detect_r_peaks
from ecg.beats.quality import INVALID, check_beats, check_lead, too_few
from ecg.beats.rpeaks import resample
from ecg.beats.table import Beats
from ecg.recordings.recording import Annotations, Recording

VERSION = 1
"""Raised whenever the same recording and cut would give other beats."""

INVALID_ADU = -32768
"""How WFDB's format 16 marks a sample as invalid (signal(5), https://physionet.org/physiotools/wag/signal-5.htm)."""
LEVELS = 2**24
"""Steps between zero and the largest sample of a resampled lead: as fine as float32, so nothing is lost to rounding."""


@dataclass(frozen=True)
class FoundBeats:
    """What one lead gives.

    Attributes:
        beats: those that can be used; None if the lead cannot be used.
        problem: why it cannot, e.g. `lead II is flat`; empty if it can.
        left_out: number of beats that cannot be used, by reason.
    """

    beats: Beats | None
    problem: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)


def find_beats(recording: Recording, cut: Cut, lead: str) -> FoundBeats:
    """Detect the R peaks of one lead at its own sampling rate, and cut beats at them as at annotated ones.

    Where the cut needs another rate, the lead is resampled after the detection, with a polyphase anti-alias filter.

    Args:
        recording: its annotations, if it has any, are not used.
        cut: makes the beats.
        lead: name of the lead, in any case.

    Returns:
        Beats of class 0 without a symbol; `sample` at the recording's own rate, `lead` written as asked for.

    Raises:
        EcgError: no such lead.
    """
    signal = lead_millivolts(recording, recording.lead_index(lead))
    quality = check_lead(signal, recording.fs)
    if quality.problem:
        return FoundBeats(None, f"lead {lead} {'has' if quality.problem == INVALID else 'is'} {quality.problem}")
    peaks = detect_r_peaks(filled(signal), recording.fs)
    if too_few(peaks, recording.seconds):
        return FoundBeats(None, f"lead {lead} has too few R peaks")
    prepared = annotated(recording, lead, peaks, cut.recording_fs)
    assert prepared.annotations is not None
    beats = cut(expecting(prepared))
    if not len(beats):
        return FoundBeats(None, f"the {cut.name} cut finds no beat in lead {lead}")
    marks = prepared.annotations.sample
    nearest = nearest_index(marks, beats.sample)
    own = np.rint(beats.sample * (recording.fs / prepared.fs)).astype(np.int64)
    sample = np.where(marks[nearest] == beats.sample, peaks[nearest], own)
    unknown = {"y": np.zeros_like(beats.y), "symbol": np.full(len(beats), "")}
    beats = replace(beats, sample=sample, seconds=sample / recording.fs, **unknown)
    reasons = check_beats(peaks, quality.unusable, recording.fs)[nearest]
    left_out = dict(sorted(Counter(reasons[reasons != ""].tolist()).items()))
    kept = beats.take(reasons == "")
    if not len(kept):
        return FoundBeats(None, f"no beat of lead {lead} can be used", left_out)
    return FoundBeats(kept, "", left_out)


def lead_millivolts(recording: Recording, lead: int) -> npt.NDArray[np.float64]:
    """One lead in mV, shape [time], NaN where the converter marked a sample as invalid."""
    signal = recording.millivolts(lead).astype(np.float64)
    return np.where(recording.digital[lead] == INVALID_ADU, np.nan, signal)


def filled(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The signal with straight lines across its gaps (NaN), as filters need it; shape [time]."""
    known = np.flatnonzero(np.isfinite(signal))
    if len(known) == len(signal):
        return signal
    return np.asarray(np.interp(np.arange(len(signal)), known, signal[known]))


def annotated(recording: Recording, lead: str, peaks: npt.NDArray[np.int64], fs: float | None) -> Recording:
    """The recording with one lead only, at another sampling rate, and a beat `N` marked at each R peak.

    Args:
        recording: with the lead.
        lead: its name, in any case; written so in the result.
        peaks: shape [beat], R peaks in samples at the recording's own rate.
        fs: wanted sampling rate in Hz; None or the recording's own leaves valid samples as they are.
    """
    alone = one_lead(recording, recording.lead_index(lead), lead)
    fs = fs or recording.fs
    if fs != recording.fs or (alone.digital == INVALID_ADU).any():
        signal = resample(filled(lead_millivolts(alone, 0)), recording.fs, fs)
        gain = np.array([LEVELS / max(float(np.abs(signal).max()), 1e-6)])
        digital, zero = np.rint(signal[None] * gain).astype(np.int32), np.zeros(1, dtype=np.int32)
        alone = replace(alone, digital=digital, gain=gain, baseline=zero, fs=fs)
        peaks = np.minimum(np.rint(peaks * (fs / recording.fs)).astype(np.int64), len(signal) - 1)
    return replace(alone, annotations=Annotations(peaks, np.full(len(peaks), "N")))


def one_lead(recording: Recording, row: int, name: str) -> Recording:
    """The recording with the lead at `row` only, called `name`."""
    own = {key: getattr(recording, key)[row : row + 1] for key in ("digital", "gain", "baseline")}
    return replace(recording, leads=(name,), **own)


def expecting(recording: Recording) -> Recording:
    """The annotated recording with one mark more, `+`, where the R peak after the last one is to be expected.

    It is no beat. The kaggle cut takes the end of a beat from the two marks that follow; without a second one it would
    cut the last beat but one short, which is one in ten of a recording of ten seconds. Median RR interval, or the
    recording's end where that is nearer.
    """
    marks = recording.annotations
    if marks is None or len(marks) < 2 or marks.sample[-1] + 1 >= recording.n_samples:
        return recording
    after = min(int(marks.sample[-1] + np.median(np.diff(marks.sample))), recording.n_samples - 1)
    return replace(recording, annotations=Annotations(np.append(marks.sample, after), np.append(marks.symbol, "+")))
