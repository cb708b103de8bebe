from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.recordings.kaggle_csv import N_SAMPLES, read_kaggle_csv, write_kaggle_csv

# How mitbih_train.csv begins on Kaggle.
PUBLISHED = "9.779411554336547852e-01,9.264705777168273926e-01,6.813725233078002930e-01,2.450980395078659058e-01"


def beats(n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((n, N_SAMPLES), dtype=np.float32)
    x[:, 100:] = 0
    x[:, 0] = 1
    return x, np.arange(n, dtype=np.int64) % 5


def lines(n: int = 3) -> list[list[str]]:
    x, y = beats(n)
    return [[f"{v:.18e}" for v in (*row.tolist(), float(label))] for row, label in zip(x, y, strict=True)]


def save(path: Path, rows: list[list[str]], end: str = "\n") -> Path:
    path.write_text("".join(",".join(row) + end for row in rows), encoding="utf-8", newline="")
    return path


def test_round_trip_is_exact_to_the_bit_and_in_savetxt_format(tmp_path: Path) -> None:
    x, y = beats(5000)  # more than one block of rows
    x[0, :3] = [1e-45, 1.1754944e-38, -0.0]
    write_kaggle_csv(tmp_path / "a.csv", x, y)
    np.savetxt(tmp_path / "b.csv", np.column_stack([x + 0, y])[:50], delimiter=",", fmt="%.18e")
    a = (tmp_path / "a.csv").read_bytes()
    assert a.startswith((tmp_path / "b.csv").read_bytes())
    again_x, again_y = read_kaggle_csv(tmp_path / "a.csv")
    assert (str(again_x.dtype), str(again_y.dtype)) == ("float32", "int64")
    assert again_x.flags.c_contiguous
    np.testing.assert_array_equal(again_x, x)
    np.testing.assert_array_equal(again_y, y)
    assert [file.name for file in tmp_path.glob(".*")] == []


def test_published_number_format(tmp_path: Path) -> None:
    x = np.zeros((1, N_SAMPLES), dtype=np.float32)
    x[0, :4] = [0.9779411554336548, 0.9264705777168274, 0.681372523307800293, 0.245098039507865906]
    write_kaggle_csv(tmp_path / "a.csv", x, np.array([4]))
    text = (tmp_path / "a.csv").read_text()
    assert text.startswith(PUBLISHED + ",0.000000000000000000e+00,")
    assert text.endswith(",0.000000000000000000e+00,4.000000000000000000e+00\n")


def test_windows_line_ends_and_short_numbers(tmp_path: Path) -> None:
    rows = lines()
    x, _ = read_kaggle_csv(save(tmp_path / "a.csv", rows, end="\r\n"))
    np.testing.assert_array_equal(x, beats(3)[0])
    rows[0][1:4] = ["0", "1", ".5"]
    assert read_kaggle_csv(save(tmp_path / "a.csv", rows))[0][0, 1:4].tolist() == [0, 1, 0.5]


def _field(row: int, column: int, value: str) -> list[list[str]]:
    rows = lines()
    rows[row][column] = value
    return rows


MALFORMED: dict[str, tuple[list[list[str]], str]] = {
    "header": ([[f"t{i}" for i in range(187)] + ["label"], *lines()], r"a\.csv, line 1: a header line \(t0,t1"),
    "pandas header": ([[str(i) for i in range(188)], *lines()], r"line 1: a header line \(0,1,2"),
    "pandas header and index": (
        [["", *map(str, range(188))], *[[str(i), *r] for i, r in enumerate(lines())]],
        "line 1: a header line",
    ),
    "missing column": ([lines()[0], lines()[1][1:]], r"line 2: 187 columns, expected 188"),
    "missing column in all": ([row[1:] for row in lines()], r"line 1: 187 columns, expected 188"),
    "extra column": ([lines()[0], [*lines()[1], "0"]], r"line 2: 189 columns, expected 188"),
    "extra column in all": ([["0", *row] for row in lines()], r"line 1: 189 columns, expected 188"),
    "empty field": (_field(1, 4, ""), r"line 2: column 5 is empty"),
    "nan": (_field(1, 4, "nan"), r"line 2: column 5 is NaN"),
    "na": (_field(1, 4, "NA"), r"line 2: column 5 is not a number: 'NA'"),
    "word": (_field(2, 9, "beat"), r"line 3: column 10 is not a number: 'beat'"),
    "above 1": (_field(2, 9, "1.5"), r"line 3: column 10: sample 1.5 is outside 0..1"),
    "below 0": (_field(2, 9, "-0.1"), r"line 3: column 10: sample -0.1 is outside 0..1"),
    "infinite": (_field(2, 9, "1e99"), r"line 3: column 10: sample 1e99 is outside 0..1"),
    "fractional label": (_field(0, 187, "2.5"), r"line 1: column 188: label 2.5 is not a whole number in 0..4"),
    "large label": (_field(0, 187, "5.0"), r"line 1: column 188: label 5.0"),
    "negative label": (_field(0, 187, "-1"), r"line 1: column 188: label -1"),
    "empty label": (_field(0, 187, ""), r"line 1: column 188 is empty"),
    "empty line": ([lines()[0], [""], lines()[1]], r"line 2: the line is empty"),
    "empty file": ([], r"a\.csv: the file is empty"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_are_refused_with_line_and_column(tmp_path: Path, name: str) -> None:
    rows, message = MALFORMED[name]
    with pytest.raises(EcgError, match=message):
        read_kaggle_csv(save(tmp_path / "a.csv", rows))


def test_two_classes(tmp_path: Path) -> None:
    path = save(tmp_path / "ptbdb_normal.csv", lines())  # labels 0 1 2
    with pytest.raises(EcgError, match=r"line 3: column 188: label 2\.\d+e\+00 is not a whole number in 0..1"):
        read_kaggle_csv(path, n_classes=2)


def test_a_missing_file_lists_the_others(tmp_path: Path) -> None:
    save(tmp_path / "mitbih_test.csv", lines())
    with pytest.raises(EcgError, match=r"mitbih_train\.csv does not exist\. .* has mitbih_test\.csv\."):
        read_kaggle_csv(tmp_path / "mitbih_train.csv")
    with pytest.raises(EcgError, match="There is no folder"):
        read_kaggle_csv(tmp_path / "nowhere" / "mitbih_train.csv")


def test_binary_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(EcgError, match=r"a\.csv"):
        read_kaggle_csv(tmp_path / "a.csv")


def test_what_is_not_a_heartbeat_table_is_not_written(tmp_path: Path) -> None:
    x, y = beats()
    for bad_x, bad_y in ((x[:, 1:], y), (x, y[1:]), (x * 2, y), (x * np.float32(np.nan), y), (x, y - 1)):
        with pytest.raises(ValueError, match="must be"):
            write_kaggle_csv(tmp_path / "a.csv", bad_x, bad_y)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "n_classes", "counts"),
    [
        ("mitbih_train", 5, [110, 100, 100, 100, 100]),
        ("mitbih_test", 5, [100, 100, 100, 100, 100]),
        ("ptbdb_normal", 2, [110, 0]),
        ("ptbdb_abnormal", 2, [0, 111]),
    ],
)
def test_real_rows(ecg_data: Path, tmp_path: Path, name: str, n_classes: int, counts: list[int]) -> None:
    source = ecg_data / "kaggle" / f"{name}.csv"
    x, y = read_kaggle_csv(source, n_classes)
    assert np.bincount(y, minlength=n_classes).tolist() == counts or len(y) > 1000  # the full set has more rows
    write_kaggle_csv(tmp_path / "a.csv", x, y)
    again_x, again_y = read_kaggle_csv(tmp_path / "a.csv", n_classes)
    np.testing.assert_array_equal(again_x, x)
    np.testing.assert_array_equal(again_y, y)
    if len(source.read_text().split(",", 1)[0]) == 24:  # as published, not rewritten with shorter numbers
        assert (tmp_path / "a.csv").read_bytes() == source.read_bytes()
    # The numbers are float32: reading them with Python's own exact parser gives the same bits.
    exact = [[float(v) for v in line.split(",")] for line in source.read_text().splitlines()[:20]]
    np.testing.assert_array_equal(np.array(exact)[:, :N_SAMPLES].astype(np.float32), x[:20])
