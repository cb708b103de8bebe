"""What every cut has: a name, a rate, a length, and one function from a recording to its beats."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from ecg.beats.grouping import Index
from ecg.beats.labels import aami_labels
from ecg.beats.table import Beats, rr_intervals
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations


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


def annotated_beats(recording: Recording, lead: str) -> tuple[Beats, Index]:
    """The beats that a recording's annotations mark, whose `x` has no samples yet, and the position of their marks.

    Raises:
        EcgError: it has no annotations, or they mark no beat.
    """
    marks = require_annotations(recording)
    labels = aami_labels(marks.symbol)
    place = np.flatnonzero(labels >= 0)
    sample = marks.sample[place]
    before, after = rr_intervals(sample, recording.fs)
    same = {"record": recording.record, "patient": recording.patient, "lead": lead}
    columns: dict[str, npt.NDArray[Any]] = {name: np.full(len(place), text) for name, text in same.items()}
    columns |= {"x": np.empty((len(place), 1, 0), dtype=np.float32), "y": labels[place], "symbol": marks.symbol[place]}
    columns |= {"sample": sample, "seconds": sample / recording.fs, "rr_before": before, "rr_after": after}
    return Beats(**columns), place


def min_max(segment: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shift and scale to 0..1; a flat segment becomes zeros."""
    low, high = segment.min(), segment.max()
    return (segment - low) / (high - low) if high > low else np.zeros_like(segment)
