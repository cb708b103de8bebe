"""The published Kaggle rows of MIT-BIH and of PTB: beats of unknown patients, read; and MIT-BIH's rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.kaggle_rows import published_test_rows
from ecg.beats.resampling import resample
from ecg.beats.segmentations import KaggleSegmentation, Segmentation
from ecg.beats.segmentations.base import min_max
from ecg.beats.splits import TEST_FILE, TRAIN_FILE
from ecg.beats.table import SIGNAL, Beats
from ecg.checks import check_out
from ecg.data.sources import Prepared, downloaded
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.kaggle_csv import read_kaggle_csv, require_kaggle_csv, write_kaggle_csv
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording


@dataclass
class PublishedRows:
    """Two files of rows.

    Attributes:
        folder: holds the files.
        files: their names, which are the `record` of their beats.
        fs: rate of the rows in Hz.
        database: whose hearts these are.
        lead: that they are from.
        r_peaks: who marked the R peaks.
        segmentations: names of the segmentations whose beats begin where these do.
        n_classes: number of classes.
        class_by_file: whether each file holds one class, numbered as the files are.
    """

    folder: Path
    files: tuple[str, str]
    fs: float
    database: str
    lead: str
    r_peaks: str
    segmentations: tuple[str, ...]
    n_classes: int
    class_by_file: bool = False
    name: str = "kaggle"
    simulated: bool = False

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """Read both files and bring their rows to the rate of `segmentation`.

        Raises:
            EcgError: a file is missing or malformed, or the segmentation's beats are not like the rows.
        """
        if segmentation.name not in self.segmentations:
            choices = " or ".join(f"dataset.segmentation={name}" for name in self.segmentations)
            raise EcgError(
                f"dataset.segmentation={segmentation.name}: the Kaggle files hold beats that are "
                f"segmented already and cannot be segmented otherwise; choose {choices}, or dataset.source=physionet"
            )
        if len(leads) > 1:
            raise EcgError(f"dataset.leads=[{', '.join(leads)}]: the Kaggle files hold one lead; choose one")
        paths = require_kaggle_csv(self.folder, self.files)
        mark = fingerprint(paths)

        _, length = segmentation.shapes(1)[SIGNAL]

        def build(add: Callable[[Beats], None]) -> Facts:
            for number, path in enumerate(track(paths, "reading the Kaggle files")):
                add(self._read(path, number, segmentation.fs, length))
            return {"r_peaks": self.r_peaks}

        key = {"files": mark, "segmentation": "published rows", "version": 1, "fs": segmentation.fs, "length": length}
        beats, facts, cached = cached_beats(cache, key, build)
        note = f"The published rows have {self.fs:g} Hz; each was resampled to {segmentation.fs:g} Hz."
        return Prepared(beats, mark, cached, facts, (note,) if segmentation.fs != self.fs else ())

    @property
    def databases(self) -> tuple[str, ...]:
        """The one that the rows were made from."""
        return (self.database,)

    def recording(self, name: str) -> Recording | None:
        """None: the files hold no recordings."""
        return None

    def at_hand(self) -> bool:
        """Whether there is any of the files."""
        return any(self.folder.glob("*.csv"))

    def _read(self, path: Path, number: int, fs: float, length: int) -> Beats:
        """The rows of one file, of which only samples and class are known."""
        rows, labels = read_kaggle_csv(path, self.n_classes)
        if self.class_by_file and np.any(labels != number):
            line = int(np.argmax(labels != number)) + 1
            raise EcgError(f"{path}, line {line}: label {labels[line - 1]}, but every row of this file has {number}")
        n = len(labels)
        return Beats(
            inputs={SIGNAL: at_rate(rows, self.fs, fs, length)[:, None, :]},
            y=labels,
            record=np.full(n, path.name),
            patient=np.full(n, ""),
            database=np.full(n, self.database),
            lead=np.full(n, self.lead),
            sample=np.full(n, -1, dtype=np.int64),
            seconds=np.full(n, np.nan),
            symbol=np.full(n, ""),
            rr_before=np.full(n, np.nan, dtype=np.float32),
            rr_after=np.full(n, np.nan, dtype=np.float32),
        )


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


def write_kaggle_files(data_dir: Path, out: Path) -> dict[Path, int]:
    """Write mitbih_train.csv (87,554 rows, in record order) and mitbih_test.csv (21,892, in the published order).

    Args:
        data_dir: holds mitdb/; downloaded there if missing.
        out: folder for the two files.

    Returns:
        Rows per file.

    Raises:
        EcgError: a file exists already, or the recordings are not those of MIT-BIH 1.0.0.
    """
    check_out(out)
    paths = [out / TRAIN_FILE, out / TEST_FILE]
    if there := [str(path) for path in paths if path.exists()]:
        raise EcgError(f"{' and '.join(there)} exist already; choose another --out")
    folder, segmentation = downloaded(data_dir, MITDB), KaggleSegmentation()
    read = (MITDB.read(folder, record) for record in track(MITDB.records, "segmenting beats"))
    beats = Beats.concatenate([segmentation(with_leads(one, segmentation.leads)) for one in read])
    test = published_test_rows(beats)
    rows = dict(zip(paths, (np.setdiff1d(np.arange(len(beats)), test), test), strict=True))
    for path, index in rows.items():
        write_kaggle_csv(path, beats.signal[index, 0], beats.y[index])
    return {path: len(index) for path, index in rows.items()}
