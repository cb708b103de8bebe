"""QRS complexes of a short recording, found over several leads at once.

A resting ECG has ten seconds and up to twelve leads, so all leads vote; `ecg.beats.rpeaks` looks at one lead of any
length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, find_peaks, sosfiltfilt
from scipy.signal.windows import hann

from ecg.beats.peaks import Index

BAND_HZ = (6.0, 28.0)
"""Where a QRS complex has most of its energy, and P and T waves have little."""
FLOOR_MV = 0.03
"""A lead whose peaks are smaller in that band does not vote with more than its share."""
PLACE = 5
"""The robust peak of a second: its fifth largest sample."""
CAP = 4.0
SMOOTH_S = 0.09
THRESHOLD = 0.42
APART_S = 0.26
"""A QRS complex does not follow another sooner."""
NEAR_S, SMALLER = 0.4, 0.6
"""A peak so near a larger one is a T wave where it is so much smaller."""


def find_qrs(signal: npt.NDArray[np.float64], fs: float) -> Index:
    """Where QRS complexes are, within some 40 ms.

    On each lead the energy between 6 and 28 Hz is divided by its own typical peak; the mean over the leads is smoothed,
    and its peaks are QRS complexes.

    Args:
        signal: shape [lead, time], mV, without baseline wander; leads that follow from others count twice.
        fs: sampling rate in Hz.

    Returns:
        shape [beat], samples, ascending.
    """
    n = signal.shape[1]
    if n < fs:
        return np.zeros(0, dtype=np.int64)
    band = sosfiltfilt(butter(3, BAND_HZ, "bandpass", fs=fs, output="sos"), signal, padlen=min(n - 1, round(fs)))
    second = round(fs)
    seconds = np.abs(band[:, : n // second * second]).reshape(len(band), -1, second)
    peaks = np.median(np.sort(seconds, axis=2)[:, :, -PLACE], axis=1)
    energy = np.minimum(np.square(band / np.maximum(peaks, FLOOR_MV)[:, None]), CAP).mean(axis=0)
    window = hann(round(SMOOTH_S * fs) | 1)
    envelope = np.convolve(np.sqrt(energy), window / window.sum(), mode="same")
    starts = range(0, n - second + 1, second // 2)
    usual = np.median([envelope[start : start + second].max() for start in starts])
    found, _ = find_peaks(envelope, height=THRESHOLD * usual, distance=round(APART_S * fs))
    height = envelope[found]
    kept = np.ones(len(found), dtype=np.bool_)
    for left in np.flatnonzero(np.diff(found) < NEAR_S * fs):
        if height[left + 1] < SMALLER * height[left]:
            kept[left + 1] = False
        elif height[left] < SMALLER * height[left + 1]:
            kept[left] = False
    return np.asarray(found[kept], dtype=np.int64)
