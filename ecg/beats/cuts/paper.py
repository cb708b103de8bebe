"""The cut as the Kaggle set's paper describes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ecg.beats.cuts.base import annotated_beats
from ecg.beats.grouping import Index
from ecg.beats.rpeaks import resample, threshold_peaks, windows
from ecg.beats.table import Beats
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.recordings.recording import Recording

MATCH_S = 0.15
"""A candidate takes the label of an annotation at most this far away (ANSI/AAMI EC57: 150 ms)."""


@dataclass(frozen=True)
class PaperCut:
    """Kachuee et al. 2018 (doi 10.1109/ICHI.2018.00092), section III.A: windows, a threshold, 1.2 median RR intervals.

    10 s windows at 125 Hz, each scaled to 0..1; local maxima above 0.9 are R candidates; T is the window's median RR
    interval; a beat is the window from its R peak on for 1.2 T, zero-padded. A segment that runs into the window's end
    is cut short there. Each candidate is labelled by the nearest beat annotation within 150 ms, and dropped where
    there is none. The threshold misses every R peak well below its window's tallest;
    `experiments/rpeaks` measures how many.

    Attributes:
        rate: sampling rate of the beats in Hz.
        window_s: window length in s.
        threshold: least amplitude of an R candidate, 0..1.
        beat_rr: length of a beat in median RR intervals.
        lead: lead to use, by name.
        other_leads: leads to use, in this order, where `lead` is missing (MIT-BIH 102 and 104 have no MLII).
    """

    name: ClassVar[str] = "paper"
    version: ClassVar[int] = 1
    length: ClassVar[int] = 187
    """1.5 s at 125 Hz."""
    recording_fs: ClassVar[None] = None
    """The cut resamples every recording itself."""

    rate: float = 125.0
    window_s: float = 10.0
    threshold: float = 0.9
    beat_rr: float = 1.2
    lead: str = "MLII"
    other_leads: tuple[str, ...] = ("II", "V5")

    def __post_init__(self) -> None:
        in_range("rate", self.rate, 20, 1000)
        in_range("window_s", self.window_s, 2, 600)
        in_range("threshold", self.threshold, 0, 1, include_low=False, include_high=False)
        in_range("beat_rr", self.beat_rr, 0, 5, include_low=False)

    @property
    def fs(self) -> float:
        """Sampling rate of the beats in Hz."""
        return self.rate

    def choose_lead(self, recording: Recording) -> int:
        """Position of the first of the wanted leads that the recording has.

        Raises:
            EcgError: it has none of them; the message names those it has.
        """
        wanted, names = (self.lead, *self.other_leads), [lead.lower() for lead in recording.leads]
        if found := [names.index(lead.lower()) for lead in wanted if lead.lower() in names]:
            return found[0]
        there = ", ".join(recording.leads)
        raise EcgError(f"record {recording.record}: none of the leads {', '.join(wanted)}; it has {there}")

    def segments(self, signal: npt.NDArray[np.float32], fs: float) -> tuple[Index, list[npt.NDArray[np.float64]]]:
        """R candidates of one lead (samples at `fs`), and the piece of signal, at the cut's rate, that each starts."""
        peaks: list[int] = []
        pieces: list[npt.NDArray[np.float64]] = []
        for start, window in windows(resample(signal, fs, self.rate), self.rate, self.window_s):
            found = threshold_peaks(window, self.threshold)
            if len(found) >= 2:  # else there is no RR interval, so no T
                size = int(self.beat_rr * np.median(np.diff(found)))
                peaks += [round((start + peak) * fs / self.rate) for peak in found]
                pieces += [window[peak : peak + size] for peak in found]
        return np.array(peaks, dtype=np.int64), pieces

    def __call__(self, recording: Recording) -> Beats:
        """Cut the beats that the paper's detector finds and an annotation confirms.

        Raises:
            EcgError: none of the leads is there, or the record has no annotations.
        """
        lead = self.choose_lead(recording)
        marked, _ = annotated_beats(recording, recording.leads[lead])
        peaks, pieces = self.segments(recording.millivolts(lead), recording.fs)
        nearest = nearest_index(marked.sample, peaks)
        kept = np.flatnonzero(np.abs(marked.sample[nearest] - peaks) <= MATCH_S * recording.fs)
        x = np.zeros((len(kept), 1, self.length), dtype=np.float32)
        for row, k in enumerate(kept):
            piece = pieces[k][: self.length]
            x[row, 0, : len(piece)] = piece
        return replace(marked.take(nearest[kept]), x=x, sample=peaks[kept], seconds=peaks[kept] / recording.fs)


def nearest_index(reference: Index, samples: Index) -> Index:
    """For each of `samples` the position of the nearest entry of `reference`, which is sorted and not empty."""
    right = np.minimum(np.searchsorted(reference, samples), len(reference) - 1)
    left = np.maximum(right - 1, 0)
    nearer_left = np.abs(samples - reference[left]) <= np.abs(reference[right] - samples)
    return np.where(nearer_left, left, right).astype(np.int64)
