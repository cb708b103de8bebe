"""The cut behind the Kaggle heartbeat files, bit-exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ecg.beats.cuts.base import min_max
from ecg.beats.labels import aami_labels
from ecg.beats.table import Beats, rr_intervals
from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations

SOURCE_FS = 360
STEP = 3
OVERHANG = 0.2


@dataclass(frozen=True)
class KaggleCut:
    """Rows of `mitbih_train.csv` and `mitbih_test.csv` (kaggle.com/datasets/shayanfazeli/heartbeat), equal to float32.

    With a_k the k-th annotation of the record, beats and other marks alike, and x its first signal in ADU, the row of
    beat k is every third sample of x from a_k to a_(k+1) + 0.2 (a_(k+2) - a_(k+1)), scaled to 0..1 over that segment,
    cropped or zero-padded to 187 samples: 120 Hz from the cardiologist's R peak on. The last beat of a record is left
    out. Found by matching 2,006 published rows to the raw recordings; the paper (Kachuee et al. 2018,
    doi 10.1109/ICHI.2018.00092) describes another rule, see `PaperCut`.
    """

    name: ClassVar[str] = "kaggle"
    version: ClassVar[int] = 1

    @property
    def fs(self) -> float:
        """120 Hz: every third sample of 360 Hz, without a filter."""
        return SOURCE_FS / STEP

    @property
    def length(self) -> int:
        """187 samples, 1.56 s."""
        return 187

    @property
    def recording_fs(self) -> float:
        """360 Hz, the rate of MIT-BIH; other recordings are brought to it first, see `ecg.beats.detected`."""
        return SOURCE_FS

    def __call__(self, recording: Recording) -> Beats:
        """Cut every beat but the last out of the recording's first signal.

        Raises:
            EcgError: the recording is not sampled at 360 Hz, or has fewer than two beats.
        """
        if recording.fs != SOURCE_FS:
            raise EcgError(
                f"record {recording.record}: the kaggle cut is defined at {SOURCE_FS} Hz, this record has "
                f"{recording.fs:g} Hz; choose dataset.cut=paper"
            )
        marks = require_annotations(recording)
        labels = aami_labels(marks.symbol)
        beats = np.flatnonzero(labels >= 0)
        if len(beats) < 2:
            raise EcgError(f"record {recording.record}: {len(beats)} annotated beats, the kaggle cut needs two or more")
        before, after = rr_intervals(marks.sample[beats], recording.fs)
        kept = beats[:-1]
        signal = recording.digital[0].astype(np.float64)
        x = np.zeros((len(kept), 1, self.length), dtype=np.float32)
        last = len(marks) - 1
        for row, k in enumerate(kept):
            start, following = marks.sample[k], marks.sample[k + 1]
            stop = following + int(OVERHANG * (marks.sample[min(k + 2, last)] - following))
            segment = signal[start:stop:STEP]
            if len(segment):  # two marks on one sample leave nothing between them
                scaled = min_max(segment)[: self.length]
                x[row, 0, : len(scaled)] = scaled
        return Beats.of_record(
            x,
            labels[kept],
            record=recording.record,
            patient=recording.patient,
            lead=recording.leads[0],
            sample=marks.sample[kept],
            fs=recording.fs,
            symbol=marks.symbol[kept],
            rr_before=before[:-1],
            rr_after=after[:-1],
        )
