"""A window around each R peak, and how early and how late the beat comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfiltfilt

from ecg.beats.segmentations.base import annotated_beats
from ecg.beats.segmentations.scaling import MINMAX, MV, QRS, check_scaling
from ecg.beats.table import SIGNAL, Beats, Shapes
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.recordings.recording import Recording

RHYTHM = "rhythm"
"""The input of `WindowSegmentation` that tells of RR intervals."""
RATIOS = 4
BAND_HZ = (0.5, 40.0)
"""Baseline wander lies below, mains and muscle above; the band of ambulatory monitoring (AHA 2007)."""
QRS_S = 0.12
"""Reach of a QRS complex to each side of the R peak, for the scale of a recording."""
NEIGHBOURS = 17
"""Beats whose median RR interval is the local one: some fifteen seconds."""
SHORTEST_S, LONGEST_S = 0.15, 4.0
LIMIT = 6.0


@dataclass(frozen=True)
class WindowSegmentation:
    """Two inputs: the signal around the R peak, and four logs of RR ratios.

    `signal` is filtered to 0.5-40 Hz and divided by the recording's own median QRS height, so that nothing depends on
    the gain. `rhythm` holds the logs of the RR interval before and after the beat, each against the median of the 17
    intervals around it and against the recording's median (de Chazal et al. 2004, doi 10.1109/TBME.2004.827359, use
    the same four intervals). At a recording's ends, where one is unknown, its log is 0.

    Attributes:
        rate: sampling rate of the window in Hz.
        before_s: window before the R peak in s.
        after_s: window after it in s.
        scaling: `qrs` as said; `mv` leaves millivolts; `minmax` scales each window to 0..1.
    """

    name: ClassVar[str] = "window"
    version: ClassVar[int] = 1
    leads: ClassVar[tuple[str, ...]] = ("MLII|II|first",)

    rate: float = 128.0
    before_s: float = 0.3
    after_s: float = 0.5
    scaling: str = QRS

    def __post_init__(self) -> None:
        in_range("rate", self.rate, 2 * BAND_HZ[1], 1000, include_low=False)
        in_range("before_s", self.before_s, 0, 2)
        in_range("after_s", self.after_s, 0.1, 2)
        check_scaling(self.scaling)

    @property
    def fs(self) -> float:
        """Sampling rate of the window in Hz."""
        return self.rate

    @property
    def recording_fs(self) -> float:
        """The same: recordings are resampled beforehand."""
        return self.rate

    @property
    def r_peak_s(self) -> float:
        """Where the R peak lies in the window, in s."""
        return round(self.before_s * self.rate) / self.rate

    def shapes(self, leads: int) -> Shapes:
        """`signal` and `rhythm`."""
        samples = round(self.before_s * self.rate) + round(self.after_s * self.rate)
        return {SIGNAL: (leads, samples), RHYTHM: (RATIOS,)}

    def __call__(self, recording: Recording) -> Beats:
        """Every annotated beat; beyond the recording's ends the signal is 0.

        Raises:
            EcgError: the recording is of another sampling rate, or has no annotations of beats.
        """
        if recording.fs != self.rate:
            raise EcgError(
                f"record {recording.record}: the window segmentation takes {self.rate:g} Hz here, this record has "
                f"{recording.fs:g} Hz"
            )
        beats, _ = annotated_beats(recording)
        _, samples = self.shapes(1)[SIGNAL]
        start = beats.sample - round(self.before_s * self.rate)
        leads = [self._windows(recording, row, beats.sample, start, samples) for row in range(len(recording.leads))]
        rhythm = rr_ratios(beats.rr_before, beats.rr_after)
        return replace(beats, inputs={SIGNAL: np.stack(leads, axis=1), RHYTHM: rhythm})

    def _windows(
        self, recording: Recording, row: int, peak: npt.NDArray[np.int64], start: npt.NDArray[np.int64], samples: int
    ) -> npt.NDArray[np.float32]:
        """One lead's windows, shape [beat, sample]."""
        sos = butter(3, BAND_HZ, "bandpass", fs=recording.fs, output="sos")
        signal = recording.millivolts(row).astype(np.float64)
        filtered = sosfiltfilt(sos, signal, padlen=min(len(signal) - 1, round(recording.fs)))
        found = _around(filtered, start, samples)
        if self.scaling == MINMAX:
            low, span = found.min(axis=1, keepdims=True), np.ptp(found, axis=1, keepdims=True)
            return np.asarray((found - low) / np.maximum(span, 1e-6), dtype=np.float32)
        reach = round(QRS_S * recording.fs)
        qrs = _around(filtered, peak - reach, 2 * reach + 1)
        height = 1.0 if self.scaling == MV else max(float(np.median(np.ptp(qrs, axis=1))), 1e-6)
        return np.clip(found / height, -LIMIT, LIMIT).astype(np.float32)


def rr_ratios(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Logs of the RR interval before and after each beat against the local median, then against the recording's.

    Args:
        before: shape [beat], seconds since the previous beat of the recording, NaN for the first.
        after: shape [beat], seconds to the next one, NaN for the last.

    Returns:
        shape [beat, 4]; 0 where an interval is unknown.
    """
    known = np.isfinite(before)
    if not known.any():
        return np.zeros((len(before), RATIOS), dtype=np.float32)
    usual = float(np.median(before[known]))
    rr = np.clip(np.where(known, before, usual), SHORTEST_S, LONGEST_S)
    local = median_filter(rr, size=min(NEIGHBOURS, len(rr)), mode="nearest")
    both = [np.clip(x, SHORTEST_S, LONGEST_S) for x in (before, after)]
    columns = [np.log(x / typical) for typical in (local, usual) for x in both]
    return np.asarray(np.nan_to_num(np.stack(columns, axis=1)), dtype=np.float32)


def _around(signal: npt.NDArray[np.float64], start: npt.NDArray[np.int64], samples: int) -> npt.NDArray[np.float64]:
    """Shape [beat, sample] from each of `start` on; 0 outside of the signal."""
    at = start[:, None] + np.arange(samples)
    inside = (at >= 0) & (at < len(signal))
    return np.where(inside, signal[np.clip(at, 0, len(signal) - 1)], 0.0)
