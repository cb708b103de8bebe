"""What every cut has: a name, a rate, a length, and one function from a recording to its beats."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from ecg.beats.table import Beats
from ecg.recordings.recording import Recording


class Cut(Protocol):
    """A rule that makes single beats out of a recording. Cuts are frozen dataclasses; their fields are their settings.

    Attributes:
        name: how the configuration calls it.
        version: raised whenever the same recording would give other beats, so that no cache outlives its rule.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    @property
    def fs(self) -> float:
        """Sampling rate of the beats in Hz."""
        ...

    @property
    def length(self) -> int:
        """Samples per beat."""
        ...

    @property
    def recording_fs(self) -> float | None:
        """Sampling rate in Hz that a recording must have to be cut; None: any."""
        ...

    def __call__(self, recording: Recording) -> Beats:
        """Cut a recording with reference annotations into labelled beats.

        Raises:
            EcgError: the recording does not fit the cut; the message names the record.
        """
        ...


def min_max(segment: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shift and scale to 0..1; a flat segment becomes zeros."""
    low, high = segment.min(), segment.max()
    return (segment - low) / (high - low) if high > low else np.zeros_like(segment)
