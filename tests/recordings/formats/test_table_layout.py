"""Where a table begins and what its columns are called, whatever stands above the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from .made import FS, assert_read, cells, read, refused, signal, times, write

X, T = cells(signal()), cells(times())
N = [str(i + 1) for i in range(len(X))]
OTHER = ["0.1", "0.2"] * (len(X) // 2)
TITLES = "Recorder 7\nPatient: somebody\nStart: 2024-01-01 10:00:00\nChannels,2\n\n"


@pytest.mark.parametrize(
    ("header", "columns", "sep", "lead"),
    [
        ("sep=;\ntime;II", (T, X), ";", "II"),
        ('"sep=,"\ntime,II', (T, X), ",", "II"),
        ("SEP=\t\ntime\tII", (T, X), "\t", "II"),
        ("time|II", (T, X), "|", "II"),
        ("time II", (T, X), "  ", "II"),
        ("time (s)  lead II", (T, X), "   ", "lead II"),
        (TITLES + "time,II", (T, X), ",", "II"),
        (TITLES * 30 + "time;II", (T, X), ";", "II"),
        ("My ECG of Monday\ntime,II\ns,mV", (T, X), ",", "II"),
        ("# made by hand\n# time,II", (T, X), ",", "II"),
        ("% time\tII", (T, X), "\t", "II"),
        ("time,II,", (T, X, [""] * len(X)), ",", "II"),
        ("time,II", (T, X, [""] * len(X)), ",", "II"),
        ("time,II,", (T, X), ",", "II"),
        ("time,II,event", (T, X, ["", "N"] * (len(X) // 2)), ",", "II"),
        ("event;time;II", ([""] * len(X), T, X), ";", "II"),
        ("time;II", (T, [f'"{x}"' for x in X]), ";", "II"),
        ("time,value,quality", (T, X, ["good"] * len(X)), ",", "value"),
        ("timestamp,sample", (T, X), ",", "sample"),
    ],
)
def test_names_are_those_above_the_numbers(
    tmp_path: Path, header: str, columns: tuple[list[str], ...], sep: str, lead: str
) -> None:
    assert_read(write(tmp_path / "a.csv", header, *columns, sep=sep), lead)


@pytest.mark.parametrize(
    ("header", "columns", "sep"),
    [
        ("II\tV1", (N, X, OTHER), "\t"),  # R: write.table
        ("II V1", ([f'"{n}"' for n in N], X, OTHER), " "),
        ('"","II","V1"', ([f'"{n}"' for n in N], X, OTHER), ","),  # R: write.csv
        (",II,V1", ([str(i) for i in range(len(X))], X, OTHER), ","),  # pandas
        ("Unnamed: 0,II,V1", (N, X, OTHER), ","),
        ("'sample #','II','V1'", (N, X, OTHER), ","),
        ("sample interval,II,V1", (["4"] * len(X), X, OTHER), ","),
        ("nSeq;II;V1", (N, X, OTHER), ";"),
        ("Nr.;II;V1", (N, X, OTHER), ";"),
    ],
)
def test_row_numbers_are_no_lead(tmp_path: Path, header: str, columns: tuple[list[str], ...], sep: str) -> None:
    path = write(tmp_path / "a.csv", header, *columns, sep=sep)
    assert_read(path, "II", fs=FS)
    refused(path, "the sampling rate is missing", "--fs")


def test_row_numbers_without_names_are_no_times(tmp_path: Path) -> None:
    own = assert_read(write(tmp_path / "a.csv", "", N, X), "column 2", fs=FS)
    assert any("numbers the rows" in note for note in own.notes)
    own = assert_read(write(tmp_path / "a.csv", "", [f"10:00:{t:06.3f}" for t in times()], X), "column 2")
    assert any("taken as the time" in note for note in own.notes)


@pytest.mark.parametrize(
    ("header", "columns", "said"),
    [
        ("time,II", (T, X, OTHER), "names 2 columns, but the rows below have 3 cells"),
        ("time,II,V1,V2", (T, X, OTHER), "names 4 columns, but the rows below have 3 cells"),
        ("II", (T, X), "names 1 columns, but the rows below have 2 cells"),
        (
            "time,II",
            (cells(times(), decimal=","), cells(signal(), decimal=",")),
            "a decimal comma needs quotation marks",
        ),
        ("My ECG of Monday", (T, X), "names 1 columns, but the rows below have 2 cells"),
    ],
)
def test_other_names_than_cells_are_refused_with_both_numbers(
    tmp_path: Path, header: str, columns: tuple[list[str], ...], said: str
) -> None:
    refused(write(tmp_path / "a.csv", header, *columns), "row 1", said, fs=FS)


def test_one_row_with_other_cells_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,II", T, X)
    lines = path.read_text().splitlines()
    for odd, said in (("0.4,1,2", "row 102 has 3 cells, not 2"), ("0.4", "row 102 has 1 cell, not 2")):
        path.write_text("\n".join([*lines[:101], odd, *lines[102:]]))
        refused(path, said)


def test_a_last_row_that_breaks_off_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,II", [*T, "8.0"], [*X, ""])
    path.write_text(path.read_text()[:-3])
    own = assert_read(path, "II")
    assert any("Row 2002, the last, breaks off" in note for note in own.notes)


def test_blank_lines_between_rows_and_rows_of_empty_cells_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time;II", T, X, sep=";")
    path.write_text(path.read_text().replace("\n", "\n\n") + ";\n" * 30)
    assert_read(path, "II")


def test_a_blank_line_in_a_single_column_is_a_missing_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "II", [*X[:500], *[""] * 250, *X[750:]])
    own = read(path, fs=FS)
    assert own.gaps.tolist() == [[500, 750]]
    path = write(tmp_path / "a.csv", "II", X)
    path.write_text(path.read_text().replace("\n", "\n\n"))
    assert_read(path, "II", fs=FS)


def test_a_row_for_each_lead_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(X) + "\n" + ",".join(X) + "\n")
    refused(tmp_path / "a.csv", "rows of 2,000 cells", "one sample", fs=FS)
