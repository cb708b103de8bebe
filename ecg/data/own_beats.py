"""What one of a person's own recordings gives: its beats, and what must be known of it beside the others'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ecg.beats.detected import segmented
from ecg.beats.quality import INVALID, check_beats
from ecg.beats.segmentations import Segmentation
from ecg.beats.table import Beats
from ecg.data.own_files import LabelledFile
from ecg.data.own_reading import Reading
from ecg.data.same_signal import Outline
from ecg.errors import EcgError
from ecg.recordings.formats import OwnRecording
from ecg.recordings.labels import NONE, BeatLabels

NOT_LABELLED = (NONE, "?")
"""Labels that say that a beat has none: of the tables and of the annotations that `ecg predict` writes."""


@dataclass(frozen=True)
class OwnBeats:
    """What a recording gives.

    Attributes:
        file: where it is.
        outline: of its signal.
        notes: what was assumed or noticed when reading.
        labels: as its file has them.
        fs: sampling rate in Hz.
        beats: of class -1 where they are left out; None where a label has no class.
        reason: shape [beat], why each would be left out.
    """

    file: LabelledFile
    outline: Outline
    notes: tuple[str, ...]
    labels: BeatLabels
    fs: float
    beats: Beats | None = None
    reason: npt.NDArray[np.str_] | None = None


def own_beats(
    reading: Reading, number: Mapping[str, int], segmentation: Segmentation, database: str, file: LabelledFile
) -> OwnBeats:
    """Read a recording with its labels, and segment it.

    Args:
        reading: how recordings are read.
        number: class of each label, -1 for those left out.
        segmentation: of its beats.
        database: what the beats' table calls a person's own recordings.
        file: the recording and its labels.

    Raises:
        EcgError: a file cannot be read, or the segmentation finds too few beats.
    """
    own, labels = reading.read(file)
    read = OwnBeats(file, Outline.of(own.recording), own.notes, labels, own.recording.fs)
    if any(label not in number for label in labels.label.tolist()):
        return read  # nothing will be trained, but all such labels are said at once
    y = np.array([number[label] for label in labels.label.tolist()], dtype=np.int64)
    missing = _beside_gap(own)
    said = [("labelled " + label) if label not in NOT_LABELLED else "without a label" for label in labels.label]
    reason = np.where(missing, "beside a gap in the signal", said)
    try:
        beats, place = segmented(own.recording, segmentation)
    except EcgError as error:
        way = "move its labels away to leave it out, or choose another dataset.segmentation"
        raise EcgError(f"{file.labels}: {error}; {way}") from None
    of, symbol = np.full(len(beats), database), labels.label[place]
    beats = replace(beats, y=np.where(missing, -1, y)[place], symbol=symbol, database=of)
    return replace(read, beats=beats, reason=reason[place])


def _beside_gap(own: OwnRecording) -> npt.NDArray[np.bool_]:
    """Beats around which the signal is missing, shape [beat]; it is bridged there, and no ECG."""
    recording, marks = own.recording, own.recording.annotations
    assert marks is not None
    missing = np.zeros(recording.n_samples, dtype=np.bool_)
    for start, stop in own.gaps:
        missing[start:stop] = True
    return np.asarray(check_beats(marks.sample, {INVALID: missing}, recording.fs) == INVALID)
