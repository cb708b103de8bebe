"""Beats of one recording with a label each, as far as they can have one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ecg.beats.detected import beats_at
from ecg.beats.peaks import MATCH_S
from ecg.beats.quality import any_within
from ecg.beats.rpeaks import Detector, detector
from ecg.beats.segmentations import Segmentation, WholeRecordings
from ecg.beats.table import SIGNAL, Beats, shapes_of
from ecg.errors import EcgError
from ecg.predict.examine import Examined, examine
from ecg.predict.fibrillation import fibrillation, without_ectopy
from ecg.recordings.formats import OwnRecording
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights
from ecg.training.inference import probabilities
from ecg.training.labelling import Labelling
from ecg.training.processor import give_back_memory

LAST_BEAT = "no beat after it"
"""Why the last beat of a recording may have no label: a segmentation may look at the R peaks that follow."""
UNLABELLED = -1
VENTRICULAR = "V"


@dataclass(frozen=True)
class Labelled:
    """Every R peak that was found; all arrays have one entry per R peak.

    Attributes:
        own: the recording.
        examined: its quality.
        classes: names of the classes.
        sample: R peak in samples at the recording's own rate.
        rr_s: RR interval before it in s; NaN for the first, and where the signal in between is missing.
        label: class number, or -1.
        probability: shape [beat, class], NaN without a label.
        reason: why there is no label, or an empty string.
        fibrillation: shape [stretch, 2], atrial fibrillation or flutter, first sample and the one behind the last; None
            where the weights' segmentation does not look for it.
    """

    own: OwnRecording
    examined: Examined
    classes: tuple[str, ...]
    sample: npt.NDArray[np.int64]
    rr_s: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float32]
    reason: npt.NDArray[np.str_]
    fibrillation: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def recording(self) -> Recording:
        """The recording."""
        return self.own.recording

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Time of each R peak from the start of the recording in s."""
        return self.sample / self.recording.fs

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """Label of each beat as text, `-` where there is none."""
        return np.array([*self.classes, "-"])[self.label]

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """Probability of the label, NaN without one."""
        return np.asarray(self.probability.max(axis=1))

    @property
    def fibrillating(self) -> npt.NDArray[np.bool_]:
        """Whether each R peak lies in atrial fibrillation or flutter, shape [beat]."""
        if self.fibrillation is None:
            return np.zeros(len(self), dtype=np.bool_)
        first, stop = self.fibrillation.T
        return np.asarray(((self.sample[:, None] >= first) & (self.sample[:, None] < stop)).any(axis=1))

    def count(self, name: str) -> int:
        """Beats of the class called `name`."""
        return int((self.label == self.classes.index(name)).sum())


def label_beats(
    own: OwnRecording, weights: Weights, point: str | None = None, rpeaks: Detector | None = None
) -> Labelled:
    """Find R peaks, segment the beats as the weights' training did, and label them.

    Args:
        own: the recording.
        weights: the model.
        point: operating point; None: the weights' own.
        rpeaks: finds the R peaks; None: the learnt detector.

    Raises:
        EcgError: the signal cannot be used, or no beat of it.
    """
    _check_leads(weights)
    examined = examine(own, rpeaks or detector())
    give_back_memory()  # what threads kept of an hour each, a quarter of a day's peak
    beats, place = segmented_beats(own.recording, examined, weights.segmentation)
    give_back_memory()
    record, shapes = own.recording.record, shapes_of(beats.inputs)
    if shapes != weights.info.shapes:
        raise EcgError(f"{record}: beats of the shapes {shapes}, the weights take {weights.info.shapes}")
    usable = examined.reasons[place] == ""
    if not usable.any():
        said = ", ".join(sorted(set(examined.reasons) - {""})) or LAST_BEAT
        raise EcgError(f"{record}: {len(examined.peaks)} R peaks, but none can be labelled ({said})")
    count, classes = len(examined.peaks), weights.info.classes
    probability = np.full((count, len(classes)), np.nan, dtype=np.float32)
    kept, place = np.flatnonzero(usable), place[usable]  # a model of consecutive beats sees the others too
    info, labelling = weights.info, Labelling.of(weights.labelling, classes)
    labelling = labelling.at(point) if point is not None else labelling
    found = probabilities(weights.model, beats, index=kept)
    give_back_memory()
    seen = replace(beats, inputs={SIGNAL: beats.signal}).take(kept)  # all that labelling looks at
    probability[place] = labelling(found, seen, classes, info.r_peak_s, info.fs)
    label = np.full(count, UNLABELLED, dtype=np.int64)
    label[place] = probability[place].argmax(axis=1)
    reason = np.where((label == UNLABELLED) & (examined.reasons == ""), LAST_BEAT, examined.reasons)
    rr_s = _rr(examined, own.recording.fs)
    rhythm = fibrillation(beats, own.recording.n_samples, own.recording.fs)
    if rhythm is not None and VENTRICULAR in classes:
        rhythm = without_ectopy(rhythm, examined.peaks, label == classes.index(VENTRICULAR))
    return Labelled(own, examined, tuple(classes), examined.peaks, rr_s, label, probability, reason, rhythm)


def _check_leads(weights: Weights) -> None:
    """Refuse weights that look at more than one lead, or at whole recordings."""
    several = weights.info.shape[0] > 1
    if several or isinstance(weights.segmentation, WholeRecordings):
        seen = f"the leads {', '.join(weights.info.wanted)} at once" if several else "whole recordings"
        raise EcgError(
            f"these weights look at {seen}; ecg predict labels beats of one lead, ecg evaluate tests the weights"
        )


def segmented_beats(
    recording: Recording, examined: Examined, segmentation: Segmentation
) -> tuple[Beats, npt.NDArray[np.int64]]:
    """Beats of any segmentation, and for each of them the number of its R peak; no R peak has two.

    Args:
        recording: with the leads of the weights.
        examined: its R peaks.
        segmentation: of the weights.
    """
    beats, place = beats_at(recording, examined.peaks, segmentation)
    away = np.abs(examined.peaks[place] - beats.sample)
    order = np.lexsort((away, place))
    first = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
    kept = np.sort(first[away[first] <= MATCH_S * recording.fs])
    return (beats if len(kept) == len(beats) else beats.take(kept)), place[kept]


def _rr(examined: Examined, fs: float) -> npt.NDArray[np.float64]:
    """RR interval before each beat in s, NaN where it cannot be known."""
    rr = np.diff(examined.peaks) / fs
    first, last = examined.peaks[:-1] + 1, examined.peaks[1:] + 1
    broken = [any_within(mask, first, last) for mask in examined.unusable.values()]
    return np.concatenate([[np.nan], np.where(np.logical_or.reduce(broken), np.nan, rr)])
