"""Other people's detectors as functions that `--rpeaks` and `rpeaks=` take: from a signal in mV and fs to samples.

ecg score mitdb --subset test --rpeaks others.gqrs
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from wfdb import processing

Signal = npt.NDArray[np.floating]
Samples = npt.NDArray[np.int64]


def gqrs(signal: Signal, fs: float) -> Samples:
    """G. Moody's gqrs, as wfdb has it."""
    return _ascending(processing.gqrs_detect(sig=np.asarray(signal, dtype=np.float64), fs=fs, adc_gain=200, adc_zero=0))


def xqrs(signal: Signal, fs: float) -> Samples:
    """The detector of wfdb."""
    return _ascending(processing.xqrs_detect(sig=np.asarray(signal, dtype=np.float64), fs=fs, verbose=False))


def neurokit(signal: Signal, fs: float) -> Samples:
    """The usual one of neurokit2."""
    import neurokit2

    cleaned = neurokit2.ecg_clean(signal, sampling_rate=fs)
    return _ascending(neurokit2.ecg_peaks(cleaned, sampling_rate=fs)[1]["ECG_R_Peaks"])


def _ascending(samples: npt.ArrayLike) -> Samples:
    return np.unique(np.asarray(samples, dtype=np.int64))
