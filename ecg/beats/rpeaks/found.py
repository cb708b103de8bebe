"""What a detector of R peaks gives, and what one is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class RPeaks:
    """R peaks of one lead.

    Attributes:
        sample: shape [beat], ascending, at the signal's own rate.
        certainty: shape [beat], how sure the detector is of each, from 0 to 1; 1 for one that does not say.
        hidden: shape [stretch, 2], where it sees no ECG: first sample and the one behind the last; empty for one that
            does not say.
    """

    sample: npt.NDArray[np.int64]
    certainty: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    @classmethod
    def at(cls, sample: npt.ArrayLike) -> RPeaks:
        """R peaks of a detector that does not say how sure it is."""
        found = np.asarray(sample, dtype=np.int64).reshape(-1)
        return cls(found, np.ones(len(found), dtype=np.float32))

    def __len__(self) -> int:
        return len(self.sample)

    def hides(self, n: int) -> npt.NDArray[np.bool_]:
        """Which samples of a signal of `n` lie where no ECG is seen."""
        mask = np.zeros(n, dtype=np.bool_)
        for start, stop in self.hidden.tolist():
            mask[start:stop] = True
        return mask


class Detector(Protocol):
    """Finds R peaks in one lead."""

    @property
    def name(self) -> str:
        """Which one it is and of which version, for a run's metadata."""

    def __call__(self, signal: npt.NDArray[np.floating], fs: float) -> RPeaks:
        """R peaks.

        Args:
            signal: shape [time], mV, finite; straight lines where it is missing.
            fs: its sampling rate in Hz.
        """
