"""The rebuilt Kaggle files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg.data.published_rows import write_kaggle_files
from ecg.errors import EcgError
from ecg.recordings.kaggle_csv import read_kaggle_csv


@pytest.mark.real
def test_rebuilt_files_have_the_published_rows_in_each_and_the_test_file_its_order(
    ecg_data: Path, tmp_path: Path
) -> None:
    written = write_kaggle_files(ecg_data, tmp_path)
    assert {path.name: n for path, n in written.items()} == {"mitbih_train.csv": 87_554, "mitbih_test.csv": 21_892}
    train_x, train_y = read_kaggle_csv(tmp_path / "mitbih_train.csv")
    test_x, test_y = read_kaggle_csv(tmp_path / "mitbih_test.csv")
    assert (np.bincount(train_y) + np.bincount(test_y)).tolist() == [90_589, 2_779, 7_236, 803, 8_039]
    assert np.bincount(test_y).tolist() == [18_118, 556, 1_448, 162, 1_608]

    table = pd.read_csv(ecg_data / "kaggle" / "mitbih_split.csv.gz", dtype={"record": str})
    order = table[table["split"] == "test"].sort_values("test_row")
    assert test_y.tolist() == order["class"].tolist()
    for name, x, y in (("mitbih_train.csv", train_x, train_y), ("mitbih_test.csv", test_x, test_y)):
        ours = {row.tobytes(): label for row, label in zip(x, y.tolist(), strict=True)}
        published = read_kaggle_csv(ecg_data / "kaggle" / name)
        assert all(ours.get(row.tobytes()) == label for row, label in zip(published[0], published[1], strict=True))


def test_files_that_exist_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mitbih_test.csv").write_text("mine")
    with pytest.raises(EcgError, match=r"mitbih_test\.csv exist already.*--out"):
        write_kaggle_files(tmp_path, tmp_path)
    assert (tmp_path / "mitbih_test.csv").read_text() == "mine"
