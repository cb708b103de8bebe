"""R peaks by the rule of the Kaggle set's paper, kept as described so that it can be measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ecg.beats.segmentations.base import min_max


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
