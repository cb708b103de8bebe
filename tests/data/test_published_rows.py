"""The published rows of PTB: read, brought to the segmentation's rate, and never taken for more than they are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ecg.beats.splits import LEAK_LINE
from ecg.data import MIDataModule
from ecg.data.published_rows import at_rate
from ecg.errors import EcgError
from ecg.recordings.kaggle_csv import write_kaggle_csv


def build(cache: Path, data_dir: Path, *, segmentation: Literal["kaggle", "paper"] = "kaggle") -> MIDataModule:
    return MIDataModule("kaggle", segmentation, data_dir=data_dir, cache_dir=cache / "cache", batch_size=8)


def ready(cache: Path, data_dir: Path, *, segmentation: Literal["kaggle", "paper"] = "kaggle") -> MIDataModule:
    data = build(cache, data_dir, segmentation=segmentation)
    data.setup()
    return data


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """A data folder with the two files of PTB, 40 rows each, 100 samples long before the zeros."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(("ptbdb_normal.csv", "ptbdb_abnormal.csv")):
        x = np.zeros((40, 187), dtype=np.float32)
        x[:, :100] = 0.01 + 0.98 * rng.random((40, 100))
        x[:, 0], x[:, 50] = 1, 0
        write_kaggle_csv(tmp_path / "kaggle" / name, x, np.full(40, label))
    return tmp_path


def test_published_rows_are_brought_to_the_rate_of_the_segmentation_and_a_note_says_so(
    kaggle: Path, tmp_path: Path
) -> None:
    data = ready(tmp_path, kaggle)
    assert (data.info.split, data.info.fs, data.info.shape) == ("beats", 120.0, (1, 187))
    assert data.info.notes[0] == "The published rows have 125 Hz; each was resampled to 120 Hz."
    assert LEAK_LINE in data.info.notes
    assert [np.flatnonzero(x)[-1] + 1 for x in data.beats.signal[:, 0]] == [96] * 80  # 100 samples at 125 Hz
    assert data.beats.y.tolist() == [0] * 40 + [1] * 40
    assert data.source.recording("ptbdb_normal.csv") is None
    at_125 = ready(tmp_path, kaggle, segmentation="paper")
    assert at_125.info.notes == (LEAK_LINE,)
    assert [np.flatnonzero(x)[-1] + 1 for x in at_125.beats.signal[:, 0]] == [100] * 80


def test_a_resampled_row_keeps_its_shape() -> None:
    row = np.zeros((1, 187), dtype=np.float32)
    t = np.arange(120) / 125
    row[0, :120] = 0.5 + 0.5 * np.cos(2 * np.pi * 2 * t) * np.exp(-t)
    found = at_rate(row, 125.0, 120.0, 187)[0]
    times = np.arange(110) / 120
    expected = 0.5 + 0.5 * np.cos(2 * np.pi * 2 * times) * np.exp(-times)
    low, high = row[0, :120].min(), row[0, :120].max()
    np.testing.assert_allclose(found[:110], (expected - low) / (high - low), atol=0.02)
    assert not at_rate(np.zeros((2, 187), dtype=np.float32), 125.0, 120.0, 187).any()


def test_a_row_with_the_other_files_label_is_named(kaggle: Path, tmp_path: Path) -> None:
    path = kaggle / "kaggle" / "ptbdb_normal.csv"
    write_kaggle_csv(path, np.ones((3, 187), dtype=np.float32), np.array([0, 1, 0]))
    with pytest.raises(EcgError, match=r"ptbdb_normal\.csv, line 2: label 1, but every row of this file has 0"):
        ready(tmp_path, kaggle)


def test_a_missing_kaggle_file_is_named_with_what_is_there(kaggle: Path, tmp_path: Path) -> None:
    (kaggle / "kaggle" / "ptbdb_normal.csv").unlink()
    with pytest.raises(EcgError, match=r"ptbdb_normal\.csv missing.*ptbdb_abnormal\.csv.*dataset\.source=physionet"):
        ready(tmp_path, kaggle)


def test_published_rows_cannot_be_segmented_otherwise(kaggle: Path, tmp_path: Path) -> None:
    data = build(tmp_path, kaggle)
    other = replace_name(data.segmentation, "context")
    with pytest.raises(
        EcgError, match=r"dataset\.segmentation=context.*dataset\.segmentation=kaggle or dataset\.segmentation=paper"
    ):
        data.source.prepare(other, ["II"], tmp_path)  # type: ignore[arg-type]


def replace_name(segmentation: object, name: str) -> object:
    """A segmentation of another name."""
    return type("Other", (type(segmentation),), {"name": name})()
