"""The Kaggle heartbeat files, rebuilt from MIT-BIH."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.beats.kaggle_rows import published_test_rows
from ecg.beats.segmentations import KaggleSegmentation
from ecg.beats.splits import TEST_FILE, TRAIN_FILE
from ecg.beats.table import Beats
from ecg.data.sources import downloaded
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.kaggle_csv import write_kaggle_csv
from ecg.recordings.leads import with_leads


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
    paths = [out / TRAIN_FILE, out / TEST_FILE]
    if there := [str(path) for path in paths if path.exists()]:
        raise EcgError(f"{' and '.join(there)} exist already; choose another --out")
    folder, segmentation = downloaded(data_dir, MITDB), KaggleSegmentation()
    records = track(MITDB.records, "segmenting beats")
    read = (with_leads(MITDB.read(folder, record), segmentation.leads) for record in records)
    beats = Beats.concatenate([segmentation(one) for one in read])
    test = published_test_rows(beats)
    train = np.setdiff1d(np.arange(len(beats)), test)
    for path, index in zip(paths, (train, test), strict=True):
        write_kaggle_csv(path, beats.signal[index, 0], beats.y[index])
    return {path: len(index) for path, index in zip(paths, (train, test), strict=True)}
