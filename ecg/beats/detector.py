"""R peaks of recordings that nobody annotated, by a well-kept library."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import numpy.typing as npt

LIBRARY = "sleepecg"


def detector_name() -> str:
    """The library and its version, for a run's metadata."""
    return f"{LIBRARY} {version(LIBRARY)}"


def detect_r_peaks(signal: npt.NDArray[np.floating], fs: float) -> npt.NDArray[np.int64]:
    """R peaks of one lead by sleepecg (Brunner & Hofer 2023, doi 10.21105/joss.05411).

    Args:
        signal: shape [time], mV, finite.
        fs: its sampling rate in Hz.

    Returns:
        shape [beat], samples in ascending order; empty where the signal is flat or shorter than two seconds.
    """
    from sleepecg import detect_heartbeats  # type: ignore[attr-defined]  # not listed in its __all__

    values = np.asarray(signal, dtype=np.float64)
    if len(values) < 2 * fs or np.ptp(values) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(detect_heartbeats(values, fs), dtype=np.int64)
