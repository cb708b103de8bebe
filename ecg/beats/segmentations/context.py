"""A beat among its record: its signal, the record's typical beats, and features of its rhythm and shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from ecg.beats.features import FEATURES
from ecg.beats.features.fibrillation import state_features
from ecg.beats.features.rhythm import known_rr, rhythm_features
from ecg.beats.features.shape import shape_features
from ecg.beats.features.templates import AFTER, BEFORE, FS, SAMPLES, WIDE_QRS, slow_template, template
from ecg.beats.peaks import Index, rr_intervals
from ecg.beats.segmentations.base import annotated_beats
from ecg.beats.segmentations.window import BAND_HZ, RHYTHM
from ecg.beats.table import SIGNAL, Beats, Inputs, Shapes
from ecg.errors import EcgError
from ecg.parallel import side_by_side
from ecg.recordings.recording import Recording

TEMPLATE, SHAPE = "template", "shape"
LIMIT = 6.0
REACH, FURTHEST = 12, 6
"""Samples around an R peak that are looked at for the middle of its QRS complex, and how far that may be away."""
STRETCH, OVERLAP = 2600, 160
"""Beats that are one record to the features, half an hour's, and those of the neighbours that they also see: a day has
many typical beats and many heart rates, and what a model learnt on half hours is then seen again in it."""


@dataclass(frozen=True)
class ContextSegmentation:
    """Four inputs of each beat; past and future of its recording are seen, and no label of it.

    - `signal`: shape [lead, 176], -0.625 to 0.75 s around the R peak at 128 Hz, 0.5-40 Hz, in units of the
      template's QRS height.
    - `template`: shape [2 lead, 176], the record's typical beat of each lead, then its typical beat after long RR
      intervals, in the same units.
    - `rhythm` and `shape`: shape [feature], see `ecg.beats.features.FEATURES`; the shape of each lead in turn.

    Nothing depends on the gain. A recording of more than an hour or so is taken in stretches of about 2,600 beats.

    Attributes:
        template: whether `template` is given; it takes more than half of the memory, and only context_cnn looks at it.
    """

    template: bool = True
    name: ClassVar[str] = "context"
    version: ClassVar[int] = 3
    leads: ClassVar[tuple[str, ...]] = ("MLII|II|first",)
    fs: ClassVar[float] = FS
    recording_fs: ClassVar[float] = FS
    r_peak_s: ClassVar[float] = BEFORE / FS

    def shapes(self, leads: int) -> Shapes:
        """`signal`, `template`, where it is given, `rhythm` and `shape`."""
        features = {RHYTHM: (len(FEATURES[RHYTHM]),), SHAPE: (leads * len(FEATURES[SHAPE]),)}
        typical = {TEMPLATE: (2 * leads, SAMPLES)} if self.template else {}
        return {SIGNAL: (leads, SAMPLES), **typical, **features}

    def __call__(self, recording: Recording) -> Beats:
        """Every annotated beat; beyond the recording's ends the signal is 0.

        Raises:
            EcgError: the recording is of another sampling rate, or has no annotations of beats.
        """
        if recording.fs != FS:
            raise EcgError(
                f"record {recording.record}: the context segmentation takes {FS:g} Hz, this record has "
                f"{recording.fs:g} Hz"
            )
        beats, _ = annotated_beats(recording)
        signals = [band_passed(recording, row) for row in range(len(recording.leads))]
        middle = qrs_middle(signals[0], beats.sample)
        before, after = rr_intervals(middle, FS)
        waves = [_around(signal, middle) for signal in signals]
        parts: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in self.shapes(1)}

        def seen_in(stretch: tuple[slice, slice]) -> Inputs:
            seen, kept = stretch
            found = _inputs([one[seen] for one in waves], before[seen], after[seen])
            return {name: found[name][kept] for name in parts}

        for found in side_by_side(seen_in, list(_in_stretches(len(beats)))):
            for name, own in parts.items():
                own.append(found[name])
        # one after the other, so that a day is not there twice
        return replace(beats, inputs={name: np.concatenate(parts.pop(name)) for name in tuple(parts)})


def band_passed(recording: Recording, row: int) -> npt.NDArray[np.float32]:
    """One lead at 0.5-40 Hz, forward and backward, shape [time]."""
    sos = butter(3, BAND_HZ, "bandpass", fs=recording.fs, output="sos")
    signal = recording.millivolts(row).astype(np.float64)
    return np.asarray(sosfiltfilt(sos, signal, padlen=min(len(signal) - 1, round(recording.fs))), dtype=np.float32)


def qrs_middle(signal: npt.NDArray[np.float32], peak: Index) -> Index:
    """Where the slopes of each QRS complex have their middle: marks of svdb, and of detectors, lie some way beside it.

    Args:
        signal: shape [time], band-passed.
        peak: shape [beat], R peaks in samples.

    Returns:
        shape [beat], within 47 ms of the peaks, in their order.
    """
    steep = np.square(np.diff(signal, append=signal[-1:]).astype(np.float64))
    near = np.pad(steep, REACH)[peak[:, None] + np.arange(2 * REACH + 1)]
    place = np.arange(-REACH, REACH + 1)
    move = np.rint((near * place).sum(axis=1) / np.maximum(near.sum(axis=1), 1e-12) + 0.5).astype(np.int64)
    return np.maximum.accumulate(np.clip(peak + np.clip(move, -FURTHEST, FURTHEST), 0, len(signal) - 1))


def _in_stretches(count: int) -> Iterator[tuple[slice, slice]]:
    """The beats that are seen together, and which of these are kept; every beat is kept once."""
    number = max(round(count / STRETCH), 1)
    ends = [round(i * count / number) for i in range(number + 1)]
    for start, stop in pairwise(ends):
        first, last = max(start - OVERLAP, 0), min(stop + OVERLAP, count)
        yield slice(first, last), slice(start - first, stop - first)


def _inputs(
    leads: list[npt.NDArray[np.float32]], before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]
) -> Inputs:
    """All inputs of consecutive beats, whose leads are each [beat, sample]."""
    rr, following = known_rr(before, after)
    signals, typicals, slows, shapes = [], [], [], []
    states: list[npt.NDArray[np.float32]] = []
    for waves in leads:
        typical = template(waves, rr, following)
        height = max(float(np.ptp(typical[WIDE_QRS])), 1e-6)
        scaled, typical = np.clip(waves / height, -LIMIT, LIMIT), np.clip(typical / height, -LIMIT, LIMIT)
        slow = slow_template(scaled, rr, typical)
        signals.append(scaled)
        typicals.append(typical)
        slows.append(slow)
        shapes.append(shape_features(scaled, typical, slow))
        states = states or [state_features(scaled, rr, following, typical, slow)]
    typical_beats = np.stack(typicals + slows).astype(np.float32)
    templates = np.broadcast_to(typical_beats, (len(rr), 2 * len(leads), SAMPLES))  # no copy for each beat here
    return {
        SIGNAL: np.stack(signals, axis=1),
        TEMPLATE: templates,
        RHYTHM: np.concatenate([rhythm_features(before, after), *states], axis=1),
        SHAPE: np.concatenate(shapes, axis=1),
    }


def _around(signal: npt.NDArray[np.float32], peak: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """The beats around R peaks, shape [beat, sample]; 0 outside of the signal."""
    padded = np.pad(signal, (BEFORE, AFTER))
    return np.asarray(padded[peak[:, None] + np.arange(SAMPLES)])
