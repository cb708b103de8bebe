"""The segmentation as the Kaggle set's paper describes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ecg.beats.peaks import MATCH_S, Index, nearest_index
from ecg.beats.resampling import resample
from ecg.beats.segmentations.base import annotated_beats, min_max
from ecg.beats.segmentations.scaling import MINMAX, check_scaling, levelled
from ecg.beats.table import SIGNAL, Beats, Shapes
from ecg.checks import in_range
from ecg.recordings.recording import Recording


@dataclass(frozen=True)
class PaperSegmentation:
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
        scaling: `minmax` as described; `mv` or `qrs`: R peaks are found in the scaled window, and beats are taken from
            the signal as it is, above their own median, see `ecg.beats.segmentations.scaling`.
    """

    name: ClassVar[str] = "paper"
    version: ClassVar[int] = 1
    leads: ClassVar[tuple[str, ...]] = ("MLII|II|V5",)
    """MIT-BIH 102 and 104 have no MLII."""
    r_peak_s: ClassVar[float] = 0.0
    length: ClassVar[int] = 187
    """1.5 s at 125 Hz."""
    recording_fs: ClassVar[None] = None
    """It resamples every recording itself."""

    rate: float = 125.0
    window_s: float = 10.0
    threshold: float = 0.9
    beat_rr: float = 1.2
    scaling: str = MINMAX

    def __post_init__(self) -> None:
        in_range("rate", self.rate, 20, 1000)
        in_range("window_s", self.window_s, 2, 600)
        in_range("threshold", self.threshold, 0, 1, include_low=False, include_high=False)
        in_range("beat_rr", self.beat_rr, 0, 5, include_low=False)
        check_scaling(self.scaling)

    @property
    def fs(self) -> float:
        """Sampling rate of the beats in Hz."""
        return self.rate

    def shapes(self, leads: int) -> Shapes:
        """`signal` alone."""
        return {SIGNAL: (leads, self.length)}

    def segments(self, recording: Recording) -> tuple[Index, list[npt.NDArray[np.float64]]]:
        """R candidates of the first lead (samples at the recording's fs), and the piece of signal that each starts.

        Pieces have the shape [lead, sample], at the segmentation's rate; every lead is scaled by its own window, or in
        mV where `scaling` is not `minmax`.
        """
        peaks: list[int] = []
        pieces: list[npt.NDArray[np.float64]] = []
        every = [resample(recording.millivolts(i), recording.fs, self.rate) for i in range(len(recording.leads))]
        for parts in zip(*(windows(signal, self.rate, self.window_s) for signal in every), strict=True):
            start, window = parts[0]
            stop = start + len(window)
            found = threshold_peaks(window, self.threshold)
            if len(found) >= 2:  # else there is no RR interval, so no T
                size = int(self.beat_rr * np.median(np.diff(found)))
                scaled = self.scaling == MINMAX
                whole = np.stack([part for _, part in parts] if scaled else [signal[start:stop] for signal in every])
                peaks += [round((start + peak) * recording.fs / self.rate) for peak in found]
                pieces += [whole[:, peak : peak + size] for peak in found]
        return np.array(peaks, dtype=np.int64), pieces

    def __call__(self, recording: Recording) -> Beats:
        """The beats that the paper's detector finds and an annotation confirms.

        Raises:
            EcgError: the record has no annotations.
        """
        marked, _ = annotated_beats(recording)
        peaks, pieces = self.segments(recording)
        nearest = nearest_index(marked.sample, peaks)
        kept = np.flatnonzero(np.abs(marked.sample[nearest] - peaks) <= MATCH_S * recording.fs)
        empty = 0.0 if self.scaling == MINMAX else np.nan
        x = np.full((len(kept), len(recording.leads), self.length), empty, dtype=np.float32)
        for row, k in enumerate(kept):
            piece = pieces[k][:, : self.length]
            x[row, :, : piece.shape[1]] = piece
        if self.scaling != MINMAX:
            x = np.stack([levelled(x[:, lead], self.scaling) for lead in range(x.shape[1])], axis=1)
        beats = marked.take(nearest[kept])
        return replace(beats, inputs={SIGNAL: x}, sample=peaks[kept], seconds=peaks[kept] / recording.fs)


def windows(
    signal: npt.NDArray[np.float64], fs: float, window_s: float
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Consecutive windows of `window_s` seconds, scaled to 0..1, with their first samples; a shorter rest is left."""
    size = round(window_s * fs)
    for start in range(0, len(signal) - size + 1, size):
        yield start, min_max(signal[start : start + size])


def threshold_peaks(window: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.int64]:
    """R candidates of one window: local maxima, by sign changes of the first derivative, above a threshold.

    Args:
        window: shape [time], amplitude 0..1.
        threshold: least amplitude of a candidate (0.9 in Kachuee et al. 2018).

    Returns:
        shape [peak], positions in samples from the window's start; a flat top counts once, at its end.
    """
    slope = np.diff(window)
    maxima = np.flatnonzero((slope[:-1] >= 0) & (slope[1:] < 0)) + 1
    return maxima[window[maxima] > threshold].astype(np.int64)
