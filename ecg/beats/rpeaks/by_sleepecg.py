"""R peaks by sleepecg (Brunner & Hofer 2023, doi 10.21105/joss.05411)."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from ecg.beats.rpeaks.found import RPeaks

LOWEST_FS = 80.0
"""It filters from 5 to 30 Hz, which needs more than 60 samples a second."""


class SleepEcg:
    """The library's detector."""

    @property
    def name(self) -> str:
        """The library and its version, for a run's metadata."""
        return f"sleepecg {version('sleepecg')}"

    def __call__(self, signal: npt.NDArray[np.floating], fs: float) -> RPeaks:
        """R peaks of one lead; none where it is flat or shorter than two seconds.

        Args:
            signal: shape [time], mV, finite.
            fs: its sampling rate in Hz.
        """
        from sleepecg import detect_heartbeats  # type: ignore[attr-defined]  # not listed in its __all__

        values = np.asarray(signal, dtype=np.float64)
        if len(values) < 2 * fs or np.ptp(values) == 0:
            return RPeaks.at(())
        return RPeaks.at(detect_heartbeats(values, fs))
