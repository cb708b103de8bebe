"""What every segmentation has: a name, a rate, the shapes of its inputs, and one function from recording to beats."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import aami_labels
from ecg.beats.peaks import Index, rr_intervals
from ecg.beats.table import SIGNAL, Beats, Shapes
from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations


@runtime_checkable
class Segmentation(Protocol):
    """A rule that makes single beats out of a recording. Segmentations are frozen dataclasses; fields are settings.

    Attributes:
        name: how the configuration calls it.
        version: raised whenever the same recording would give other beats, so that no cache outlives its rule.
        leads: what is taken where nobody names leads, see `ecg.recordings.leads`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    leads: ClassVar[tuple[str, ...]]

    @property
    def r_peak_s(self) -> float:
        """Seconds from a window's first sample to its R peak."""
        ...

    @property
    def fs(self) -> float:
        """Sampling rate of the beats in Hz."""
        ...

    @property
    def recording_fs(self) -> float | None:
        """Sampling rate in Hz that recordings are brought to beforehand; None: they keep their own."""
        ...

    def shapes(self, leads: int) -> Shapes:
        """The shape of each input for one beat, by name, with so many leads; `signal` is one: (lead, sample)."""
        ...

    def __call__(self, recording: Recording) -> Beats:
        """Labelled beats of a recording with reference annotations.

        Args:
            recording: with the wanted leads only, at `recording_fs`.

        Raises:
            EcgError: the recording does not fit the segmentation; the message names the record.
        """
        ...


@runtime_checkable
class WholeRecordings(Segmentation, Protocol):
    """A segmentation that gives one row for a recording, and finds what it needs in it."""

    def measured(self, recording: Recording) -> Beats:
        """The row of a recording, whose class is 0.

        Args:
            recording: with the wanted leads only, at any rate; its annotations are not used.

        Raises:
            UnusableError: it cannot be used (`ecg.beats.quality`).
        """
        ...


def annotated_beats(recording: Recording) -> tuple[Beats, Index]:
    """The beats that a recording's annotations mark, whose signal has no samples yet, and the position of their marks.

    Raises:
        EcgError: it has no annotations, or they mark no beat.
    """
    marks = require_annotations(recording)
    labels = aami_labels(marks.symbol)
    place = np.flatnonzero(labels >= 0)
    if not len(place):
        found = ", ".join(np.unique(marks.symbol).tolist())
        raise EcgError(f"record {recording.record}: none of its annotations ({found}) marks a beat of an AAMI class")
    sample = marks.sample[place]
    before, after = rr_intervals(sample, recording.fs)

    def same(text: str) -> npt.NDArray[np.str_]:
        return np.full(len(place), text)

    beats = Beats(
        inputs={SIGNAL: np.empty((len(place), len(recording.leads), 0), dtype=np.float32)},
        y=labels[place],
        record=same(recording.record),
        patient=same(recording.patient),
        database=same(recording.database),
        lead=same("+".join(recording.leads)),
        sample=sample,
        seconds=sample / recording.fs,
        symbol=marks.symbol[place],
        rr_before=before,
        rr_after=after,
    )
    return beats, place


def min_max(segment: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shift and scale to 0..1; a flat segment becomes zeros."""
    low, high = segment.min(), segment.max()
    return (segment - low) / (high - low) if high > low else np.zeros_like(segment)
