"""The published Kaggle rows of the PTB Diagnostic Database: normal and abnormal beats, cut already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.cuts import Cut, KaggleCut, PaperCut
from ecg.beats.cuts.base import min_max
from ecg.beats.rpeaks import resample
from ecg.beats.table import Beats
from ecg.data.sources import Prepared, row_beats
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.kaggle_csv import read_kaggle_csv, require_kaggle_csv
from ecg.recordings.recording import Recording

NORMAL_FILE, ABNORMAL_FILE = "ptbdb_normal.csv", "ptbdb_abnormal.csv"
ROW_FS = 125.0
"""Rate of the published rows in Hz (Kachuee et al. 2018); the rows of MIT-BIH, cut by another rule, are at 120 Hz."""
LEAD = "II"


@dataclass
class PublishedRows:
    """`ptbdb_normal.csv` and `ptbdb_abnormal.csv`: class 0 and class 1 of unknown patients.

    Attributes:
        folder: holds the two files.
    """

    folder: Path
    name: str = "kaggle"
    simulated: bool = False

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """Read both files and bring their rows to the rate of `cut`.

        Raises:
            EcgError: a file is missing or malformed, or the cut's beats do not begin at the R peak as the rows do.
        """
        if cut.name not in (KaggleCut.name, PaperCut.name):
            raise EcgError(
                f"dataset.cut={cut.name}: the published rows begin at the R peak and cannot be cut otherwise; choose "
                "dataset.cut=kaggle or dataset.cut=paper, or dataset.source=physionet"
            )
        ways_on = "or choose data_dir= or dataset.source=physionet"
        paths = require_kaggle_csv(self.folder, (NORMAL_FILE, ABNORMAL_FILE), ways_on)
        mark = fingerprint(paths)

        def build() -> tuple[Beats, Facts]:
            files = track(paths, "reading the Kaggle files")
            parts = [self._read(path, label, cut) for label, path in enumerate(files)]
            return Beats.concatenate(parts), {"r_peaks": "as published (Kachuee et al. 2018)"}

        key = {"files": mark, "cut": "published rows", "version": 1, "fs": cut.fs, "length": cut.length}
        beats, facts, cached = cached_beats(cache, key, build)
        return Prepared(beats, mark, cached, facts, _notes(cut))

    def recording(self, name: str) -> Recording | None:
        """None: the files hold no recordings."""
        return None

    @staticmethod
    def _read(path: Path, label: int, cut: Cut) -> Beats:
        rows, labels = read_kaggle_csv(path, n_classes=2)
        if np.any(labels != label):
            line = int(np.argmax(labels != label)) + 1
            raise EcgError(f"{path}, line {line}: label {labels[line - 1]}, but every row of this file has {label}")
        return row_beats(path, at_rate(rows, ROW_FS, cut.fs, cut.length), labels, LEAD)


def at_rate(rows: npt.NDArray[np.float32], fs: float, target_fs: float, length: int) -> npt.NDArray[np.float32]:
    """Bring rows to another sampling rate: the part before the zeros at their end, scaled to 0..1 again.

    Args:
        rows: shape [beat, sample], 0..1, filled up with zeros.
        fs: their rate in Hz.
        target_fs: the wanted rate in Hz.
        length: wanted samples per beat; longer beats are cropped.

    Returns:
        shape [beat, length].
    """
    if fs == target_fs and rows.shape[1] == length:
        return rows
    result = np.zeros((len(rows), length), dtype=np.float32)
    for row, target in zip(rows, result, strict=True):
        filled = np.flatnonzero(row)
        if len(filled):
            signal = min_max(resample(row[: filled[-1] + 1], fs, target_fs))[:length]
            target[: len(signal)] = signal
    return result


def _notes(cut: Cut) -> tuple[str, ...]:
    if cut.fs == ROW_FS:
        return ()
    return (f"The published rows have {ROW_FS:g} Hz; each was resampled to the cut's {cut.fs:g} Hz.",)
