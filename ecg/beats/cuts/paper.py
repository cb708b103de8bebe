"""The cut as the Kaggle set's paper describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import aami_labels
from ecg.beats.rpeaks import resample, threshold_peaks, windows
from ecg.beats.table import Beats, rr_intervals
from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations

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

    rate: float = 125.0
    window_s: float = 10.0
    threshold: float = 0.9
    beat_rr: float = 1.2
    lead: str = "MLII"
    other_leads: tuple[str, ...] = ("II", "V5")

    @property
    def fs(self) -> float:
        """Sampling rate of the beats in Hz."""
        return self.rate

    @property
    def length(self) -> int:
        """187 samples: 1.5 s at 125 Hz."""
        return 187

    @property
    def recording_fs(self) -> None:
        """None: the cut resamples every recording itself."""
        return None

    def choose_lead(self, recording: Recording) -> int:
        """Position of the first of the wanted leads that the recording has.

        Raises:
            EcgError: it has none of them; the message names those it has.
        """
        names = [lead.lower() for lead in recording.leads]
        for wanted in (self.lead, *self.other_leads):
            if wanted.lower() in names:
                return names.index(wanted.lower())
        raise EcgError(
            f"record {recording.record}: none of the leads {', '.join((self.lead, *self.other_leads))}; "
            f"it has {', '.join(recording.leads)}"
        )

    def segments(
        self, signal: npt.NDArray[np.float32], fs: float
    ) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.float64]]]:
        """R candidates of one lead (samples at `fs`), and the piece of signal, at the cut's rate, that each starts."""
        peaks: list[int] = []
        pieces: list[npt.NDArray[np.float64]] = []
        for start, window in windows(resample(signal, fs, self.rate), self.rate, self.window_s):
            found = threshold_peaks(window, self.threshold)
            if len(found) < 2:  # no RR interval, so no T
                continue
            size = int(self.beat_rr * np.median(np.diff(found)))
            for peak in found:
                peaks.append(round((start + peak) * fs / self.rate))
                pieces.append(window[peak : peak + size])
        return np.array(peaks, dtype=np.int64), pieces

    def __call__(self, recording: Recording) -> Beats:
        """Cut the beats that the paper's detector finds and an annotation confirms.

        Raises:
            EcgError: none of the leads is there, or the record has no annotations.
        """
        marks = require_annotations(recording)
        labels = aami_labels(marks.symbol)
        is_beat = labels >= 0
        reference, classes, symbols = marks.sample[is_beat], labels[is_beat], marks.symbol[is_beat]
        lead = self.choose_lead(recording)
        peaks, pieces = self.segments(recording.millivolts(lead), recording.fs)
        nearest = nearest_index(reference, peaks)
        kept = np.flatnonzero(np.abs(reference[nearest] - peaks) <= MATCH_S * recording.fs)
        x = np.zeros((len(kept), 1, self.length), dtype=np.float32)
        for row, k in enumerate(kept):
            piece = pieces[k][: self.length]
            x[row, 0, : len(piece)] = piece
        matched = nearest[kept]
        before, after = rr_intervals(reference, recording.fs)
        return Beats.of_record(
            x,
            classes[matched],
            record=recording.record,
            patient=recording.patient,
            lead=recording.leads[lead],
            sample=peaks[kept],
            fs=recording.fs,
            symbol=symbols[matched],
            rr_before=before[matched],
            rr_after=after[matched],
        )


def nearest_index(reference: npt.NDArray[np.int64], samples: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each of `samples` the position of the nearest entry of `reference`, which is sorted and not empty."""
    right = (
        np.clip(np.searchsorted(reference, samples), 1, len(reference) - 1)
        if len(reference) > 1
        else np.zeros(len(samples), dtype=np.int64)
    )
    left = np.maximum(right - 1, 0)
    nearer_left = np.abs(samples - reference[left]) <= np.abs(reference[right] - samples)
    return np.where(nearer_left, left, right).astype(np.int64)
