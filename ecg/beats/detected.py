"""Beats at R peaks that nobody annotated: peaks are detected, then any segmentation applies as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ecg.beats.peaks import Index, nearest_index
from ecg.beats.quality import HIDDEN, INVALID, UnusableError, check_beats, check_lead, too_few
from ecg.beats.resampling import at_rate, filled, lead_millivolts
from ecg.beats.rpeaks import Detector, detector
from ecg.beats.segmentations import Segmentation, WholeRecordings
from ecg.beats.table import Beats
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Annotations, Recording

VERSION = 3
"""Raised whenever the same recording and segmentation would give other beats."""


@dataclass(frozen=True)
class FoundBeats:
    """What a recording gives.

    Attributes:
        beats: those that can be used; None if the recording cannot be used.
        problem: why it cannot, e.g. `lead II is flat`; empty if it can.
        left_out: number of beats that cannot be used, by reason.
    """

    beats: Beats | None
    problem: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)


def find_beats(
    recording: Recording, segmentation: Segmentation, leads: Sequence[str], rpeaks: Detector | None = None
) -> FoundBeats:
    """Detect the R peaks of the first of the leads at its own sampling rate, and make beats there.

    A beat is used if every lead can be used around it. A segmentation of whole recordings finds its beats itself.

    Args:
        recording: its annotations, if it has any, are not used.
        segmentation: makes the beats.
        leads: names, see `ecg.recordings.leads`.
        rpeaks: finds the R peaks; None: the learnt detector.

    Returns:
        Beats of class 0 without a symbol; `sample` at the recording's own rate.

    Raises:
        EcgError: no such lead.
    """
    wanted = with_leads(recording, leads)
    unusable = []
    for row, lead in enumerate(wanted.leads):
        quality = check_lead(lead_millivolts(wanted, row), recording.fs)
        if quality.problem:
            return FoundBeats(None, f"lead {lead} {'has' if quality.problem == INVALID else 'is'} {quality.problem}")
        unusable.append(quality.unusable)
    if isinstance(segmentation, WholeRecordings):
        try:
            return FoundBeats(segmentation.measured(wanted))
        except UnusableError as error:
            return FoundBeats(None, str(error))
    first = wanted.leads[0]
    found = (rpeaks or detector())(filled(lead_millivolts(wanted, 0)), recording.fs)
    peaks = found.sample
    unusable[0] = {**unusable[0], HIDDEN: found.hides(recording.n_samples)}
    if too_few(peaks, recording.seconds):
        return FoundBeats(None, f"lead {first} has too few R peaks")
    beats, nearest = beats_at(wanted, peaks, segmentation)
    if not len(beats):
        return FoundBeats(None, f"the {segmentation.name} segmentation finds no beat in lead {first}")
    reasons = check_beats(peaks, unusable[0], recording.fs)
    for other in unusable[1:]:
        reasons = np.where(reasons == "", check_beats(peaks, other, recording.fs), reasons)
    reasons = reasons[nearest]
    left_out = dict(sorted(Counter(reasons[reasons != ""].tolist()).items()))
    kept = beats.take(reasons == "")
    if not len(kept):
        return FoundBeats(None, f"no beat of lead {first} can be used", left_out)
    return FoundBeats(kept, "", left_out)


def beats_at(recording: Recording, peaks: Index, segmentation: Segmentation) -> tuple[Beats, Index]:
    """Beats of unknown class at R peaks, and for each beat the position of its R peak, the nearest.

    Args:
        recording: with the wanted leads only.
        peaks: shape [beat], R peaks in samples at the recording's own rate, ascending; that of a beat at its own place
            in the result, where the segmentation does not look for one itself.
        segmentation: makes the beats.
    """
    marks = Annotations(peaks, np.full(len(peaks), "N"))
    beats, place = segmented(replace(recording, annotations=marks), segmentation, expect=True)
    return replace(beats, y=np.zeros_like(beats.y), symbol=np.full(len(beats), "")), place


def segmented(recording: Recording, segmentation: Segmentation, *, expect: bool = False) -> tuple[Beats, Index]:
    """Beats at a recording's annotations, and for each beat the position of the nearest annotation.

    Where the segmentation needs another rate, signals and annotations are brought to it with an anti-alias filter; the
    beats' `sample` and `seconds` are at the recording's own rate.

    Args:
        recording: with annotations, and the wanted leads only.
        segmentation: makes the beats.
        expect: mark where the R peak after the last one is to be expected.

    Raises:
        EcgError: no annotations, or the recording does not fit the segmentation.
    """
    prepared = at_rate(recording, segmentation.recording_fs)
    beats = segmentation(expecting(prepared) if expect else prepared)
    if prepared.annotations is None or recording.annotations is None or not len(beats):
        return beats, np.zeros(0, dtype=np.int64)
    marks, own = prepared.annotations.sample, recording.annotations.sample
    place = nearest_index(marks, beats.sample)
    if prepared.fs == recording.fs:
        return beats, place
    scaled = np.rint(beats.sample * (recording.fs / prepared.fs)).astype(np.int64)
    sample = np.where(marks[place] == beats.sample, own[place], scaled)
    return replace(beats, sample=sample, seconds=sample / recording.fs), place


def expecting(recording: Recording) -> Recording:
    """The annotated recording with one mark more, `+`, where the R peak after the last one is to be expected.

    It is no beat. The kaggle segmentation takes the end of a beat from the two marks that follow; without a second one
    the last beat but one would be too short, which is one in ten of a recording of ten seconds. Median RR interval, or
    the recording's end where that is nearer.
    """
    marks = recording.annotations
    if marks is None or len(marks) < 2 or marks.sample[-1] + 1 >= recording.n_samples:
        return recording
    after = min(int(marks.sample[-1] + np.median(np.diff(marks.sample))), recording.n_samples - 1)
    return replace(recording, annotations=Annotations(np.append(marks.sample, after), np.append(marks.symbol, "+")))
