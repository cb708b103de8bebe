"""The shipped knowledge of the Kaggle files agrees with the published rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg.beats.kaggle_rows import PACKED, published_test_rows
from ecg.beats.table import Beats
from ecg.errors import EcgError
from ecg.recordings.kaggle_csv import read_kaggle_csv


def test_the_shipped_file_is_small_and_names_each_test_row_once() -> None:
    assert PACKED.stat().st_size < 100_000
    with np.load(PACKED) as packed:
        rows, beats = packed["test_rows"], packed["beats"]
        assert len(packed["records"]) == 48
    assert len(np.unique(rows)) == len(rows) == 21_892
    assert beats.sum() == 109_446
    assert rows.max() < 109_446


def test_other_beats_are_refused_with_the_ways_on(make_beats: Callable[..., Beats]) -> None:
    with pytest.raises(EcgError, match=r"dataset\.split=kaggle.*100.*dataset\.split=patients"):
        published_test_rows(make_beats(["100"] * 5, [0] * 5))


@pytest.mark.real
def test_the_kaggle_segmentation_gives_the_published_number_of_beats_per_class(real_beats: Beats) -> None:
    assert len(real_beats) == 109_446
    assert np.bincount(real_beats.y).tolist() == [90_589, 2_779, 7_236, 803, 8_039]
    assert len(published_test_rows(real_beats)) == 21_892


@pytest.mark.real
def test_first_signal_is_v5_in_three_records(real_beats: Beats) -> None:
    assert set(np.unique(real_beats.record[real_beats.lead != "MLII"])) == {"102", "104", "114"}
    assert set(np.unique(real_beats.lead)) == {"MLII", "V5"}


@pytest.mark.real
@pytest.mark.parametrize("name", ["mitbih_train.csv", "mitbih_test.csv"])
def test_every_published_row_is_found_in_its_file_with_its_label(name: str, real_beats: Beats, ecg_data: Path) -> None:
    x, y = read_kaggle_csv(ecg_data / "kaggle" / name)
    test = published_test_rows(real_beats)
    subset = test if name == "mitbih_test.csv" else np.setdiff1d(np.arange(len(real_beats)), test)
    rows, labels = real_beats.signal[subset, 0], real_beats.y[subset]
    ours = {(row.tobytes(), int(label)) for row, label in zip(rows, labels, strict=True)}
    wrong = [i for i in range(len(y)) if (x[i].tobytes(), int(y[i])) not in ours]
    assert wrong == []


@pytest.mark.real
def test_each_test_row_is_the_beat_that_matching_found(real_beats: Beats, ecg_data: Path) -> None:
    table = pd.read_csv(ecg_data / "kaggle" / "mitbih_split.csv.gz", dtype={"record": str})
    ours = real_beats.take(published_test_rows(real_beats))
    wanted = table[table["split"] == "test"].sort_values("test_row")
    assert wanted["test_row"].tolist() == list(range(21_892))
    assert ours.record.tolist() == wanted["record"].tolist()
    assert ours.sample.tolist() == wanted["ann_sample"].tolist()
    assert ours.y.tolist() == wanted["class"].tolist()


@pytest.mark.real
def test_beats_in_another_order_are_refused(real_beats: Beats) -> None:
    first = real_beats.record == "100"
    turned = real_beats.take(np.concatenate([np.flatnonzero(~first), np.flatnonzero(first)]))
    with pytest.raises(EcgError, match="their order"):
        published_test_rows(turned)


@pytest.mark.real
def test_a_missing_record_is_named(real_beats: Beats) -> None:
    with pytest.raises(EcgError, match=r"1 records differ \(208\)"):
        published_test_rows(real_beats.take(real_beats.record != "208"))
