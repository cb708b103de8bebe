"""The segmentation behind the Kaggle heartbeat files, bit-exact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ecg.beats.peaks import Index
from ecg.beats.segmentations.base import annotated_beats
from ecg.beats.segmentations.scaling import MINMAX, check_scaling, levelled
from ecg.beats.table import SIGNAL, Beats, Shapes
from ecg.errors import EcgError
from ecg.recordings.leads import FIRST
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations

SOURCE_FS = 360
STEP = 3
OVERHANG = 0.2
_AT_ONCE = 4096  # beats; some million samples fit the processor's cache better than a day's


@dataclass(frozen=True)
class KaggleSegmentation:
    """Rows of `mitbih_train.csv` and `mitbih_test.csv` (kaggle.com/datasets/shayanfazeli/heartbeat), equal to float32.

    With a_k the k-th annotation of the record, beats and other marks alike, and x its first signal in ADU, the row of
    beat k is every third sample of x from a_k to a_(k+1) + 0.2 (a_(k+2) - a_(k+1)), scaled to 0..1 over that segment,
    cropped or zero-padded to 187 samples: 120 Hz from the cardiologist's R peak on. The last beat of a record is left
    out. Found by matching 2,006 published rows to the raw recordings; the paper (Kachuee et al. 2018,
    doi 10.1109/ICHI.2018.00092) describes another rule, see `PaperSegmentation`.

    Attributes:
        scaling: `minmax` as published; `mv` or `qrs`: above the row's median, see `ecg.beats.segmentations.scaling`.
    """

    name: ClassVar[str] = "kaggle"
    version: ClassVar[int] = 1
    leads: ClassVar[tuple[str, ...]] = (FIRST,)
    """A record's first signal: V5 of 102, 104 and 114, MLII of all others."""
    r_peak_s: ClassVar[float] = 0.0
    fs: ClassVar[float] = SOURCE_FS / STEP
    """120 Hz: every third sample of 360 Hz, without a filter."""
    length: ClassVar[int] = 187
    """1.56 s."""
    recording_fs: ClassVar[float] = SOURCE_FS
    """The rate of MIT-BIH."""
    scaling: str = MINMAX

    def __post_init__(self) -> None:
        check_scaling(self.scaling)

    def shapes(self, leads: int) -> Shapes:
        """`signal` alone."""
        return {SIGNAL: (leads, self.length)}

    def __call__(self, recording: Recording) -> Beats:
        """Every beat but the last.

        Raises:
            EcgError: the recording is not sampled at 360 Hz, or has fewer than two beats.
        """
        if recording.fs != SOURCE_FS:
            raise EcgError(
                f"record {recording.record}: the kaggle segmentation is defined at {SOURCE_FS} Hz, this record has "
                f"{recording.fs:g} Hz"
            )
        marked, place = annotated_beats(recording)
        if len(place) < 2:
            raise EcgError(
                f"record {recording.record}: {len(place)} annotated beats, the kaggle segmentation needs two or more"
            )
        marks, kept = require_annotations(recording).sample, place[:-1]
        start, following = marks[kept], marks[kept + 1]
        overhang = OVERHANG * (marks[np.minimum(kept + 2, len(marks) - 1)] - following)
        stop = following + overhang.astype(np.int64)
        leads = range(len(recording.leads))
        if self.scaling == MINMAX:
            rows = [segment_rows(recording.digital[lead], start, stop, self.length) for lead in leads]
        else:
            rows = [self._levelled(recording.millivolts(lead), start, stop) for lead in leads]
        return replace(marked.take(np.arange(len(kept))), inputs={SIGNAL: np.concatenate(rows, axis=1)})

    def _levelled(self, signal: npt.NDArray[np.floating], start: Index, stop: Index) -> npt.NDArray[np.float32]:
        """The same rows, not scaled to 0..1; shape [beat, 1, sample]."""
        at = start[:, None] + STEP * np.arange(self.length)
        inside = at < np.minimum(stop, len(signal))[:, None]
        rows = np.where(inside, signal[np.minimum(at, len(signal) - 1)], np.nan)
        return levelled(rows, self.scaling)[:, None]


def segment_rows(signal: npt.NDArray[np.int32], start: Index, stop: Index, length: int) -> npt.NDArray[np.float32]:
    """Every third sample of each segment, scaled to 0..1 over the whole segment, cropped or zero-padded to `length`.

    Equal, bit by bit, to a loop over the beats; a day of them takes half a second.

    Args:
        signal: shape [time].
        start: shape [beat], first sample of each segment.
        stop: shape [beat], the sample after its last; beyond the signal's end the segment is cut short.
        length: samples of a row.

    Returns:
        shape [beat, 1, length]; zeros for a flat segment, or one without samples (two marks on one sample).
    """
    x = np.zeros((len(start), 1, length), dtype=np.float32)
    counts = np.maximum(-((start - np.minimum(stop, len(signal))) // STEP), 0)
    for first in range(0, len(start), _AT_ONCE):
        count = counts[first : first + _AT_ONCE]
        row = np.repeat(np.arange(len(count)), count)
        if not len(row):
            continue
        begin = np.cumsum(count) - count
        within = np.arange(len(row)) - begin[row]
        values = signal[start[first + row] + STEP * within].astype(np.float64)
        has = count > 0
        low, span = np.zeros(len(count)), np.zeros(len(count))
        low[has] = np.minimum.reduceat(values, begin[has])
        span[has] = np.maximum.reduceat(values, begin[has]) - low[has]
        own = span[row]
        scaled = np.divide(values - low[row], own, out=np.zeros_like(values), where=own > 0)
        kept = within < length
        x[first + row[kept], 0, within[kept]] = scaled[kept]
    return x
