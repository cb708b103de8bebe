"""Numbers of a text table: decimal commas, thousands, cells without a value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .made import FS, Values, assert_read, cells, read, refused, signal, times, write

X, T = cells(signal()), cells(times())
COMMAS = cells(signal(), decimal=",")


def whole(text: list[str]) -> list[str]:
    """Numbers as programs write them that leave out a fraction of 0."""
    return [cell.rstrip("0").rstrip(",") if "," in cell else cell for cell in text]


@pytest.mark.parametrize("first", [5, 60, 1500])
def test_whole_numbers_in_the_first_rows_hide_no_decimal_comma(tmp_path: Path, first: int) -> None:
    values = ["0"] * first + COMMAS[first:]
    clock = cells(times() * 1000, "{:.0f}")
    for header, columns, sep in (
        ("ms;EKG_mV", (clock, values), ";"),
        ("ms\tEKG_mV", (clock, values), "\t"),
        ("ms EKG_mV", (clock, values), " "),
        ("EKG_mV", (values,), ";"),
    ):
        own = read(write(tmp_path / "a.csv", header, *columns, sep=sep), fs=FS)
        assert (own.recording.fs, own.recording.leads) == (FS, ("EKG",))
        np.testing.assert_allclose(own.recording.millivolts(0)[first:], signal()[first:], atol=1e-6)


@pytest.mark.parametrize(
    ("header", "columns", "sep", "lead"),
    [
        ("time;II", (cells(times(), decimal=","), whole(COMMAS)), ";", "II"),
        ("time,II", ([f'"{t}"' for t in cells(times(), decimal=",")], [f'"{x}"' for x in COMMAS]), ",", "II"),
        ("time,II", (T, [f'"{x}"' for x in COMMAS]), ",", "II"),
        ("II (mV)", (COMMAS,), ",", "II"),
        ("II (mV)", (whole(COMMAS),), ",", "II"),
        ("", (COMMAS,), ",", "column 1"),
        ("time;II", (T, COMMAS), ";", "II"),  # each column by itself
        ("time;II", (cells(times(), decimal=","), X), ";", "II"),
        ("time II", (cells(times(), decimal=","), COMMAS), " ", "II"),
        ("time;II", (T, [x.replace("-", "\N{MINUS SIGN}") for x in X]), ";", "II"),
    ],
)
def test_decimal_commas(tmp_path: Path, header: str, columns: tuple[list[str], ...], sep: str, lead: str) -> None:
    assert_read(write(tmp_path / "a.csv", header, *columns, sep=sep), lead, fs=FS)


@pytest.mark.parametrize(("group", "decimal"), [(".", ","), (",", ".")])
def test_thousands_with_a_mark_of_their_own(tmp_path: Path, group: str, decimal: str) -> None:
    text = [f"{x * 1000:,.1f}".replace(",", "_").replace(".", decimal).replace("_", group) for x in signal()]
    assert any(group in cell for cell in text)
    assert_read(write(tmp_path / "a.csv", "time;II (uV)", T, text, sep=";"), "II")


def test_whole_numbers_with_thousands(tmp_path: Path) -> None:
    text = [f"{x * 1000:,.0f}" for x in signal()]
    assert any("," in cell for cell in text)
    assert_read(write(tmp_path / "a.csv", "time;II (uV)", T, text, sep=";"), "II")


def test_a_quotation_mark_without_its_second_loses_no_rows(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.csv", "time,II", T, [*X[:9], f'"{X[9]}', *X[10:]]))


@pytest.mark.parametrize("odd", ["0,350", "1,234", "oops", "0.1.2"])
def test_a_cell_that_is_no_number_is_named_as_an_editor_counts(tmp_path: Path, odd: str) -> None:
    values = [*X[:100], odd, *X[101:]]
    refused(write(tmp_path / "a.csv", "a title\n\ntime;II", T, values, sep=";"), repr(odd), "in row 104")


@pytest.mark.parametrize("cell", ["", "-", ".", "NaN", "nan", "NA", "N/A", "null", "#N/A", "-32768", "32767", "-9999"])
@pytest.mark.parametrize(("sep", "factor", "form"), [(",", 1000, "{:.0f}"), (";", 1, "{:.3f}")])
def test_cells_without_a_value_are_a_gap(tmp_path: Path, cell: str, sep: str, factor: int, form: str) -> None:
    values: Values = signal() * factor
    text = cells(values, form)
    header = f"time{sep}II ({'uV' if factor == 1000 else 'mV'})"
    own = read(write(tmp_path / "a.csv", header, T, [*text[:500], *[cell] * 500, *text[1000:]], sep=sep))
    assert own.gaps.tolist() == [[500, 1000]]
    np.testing.assert_allclose(own.recording.millivolts(0)[:500], signal()[:500], atol=1e-6)
    np.testing.assert_allclose(own.recording.millivolts(0)[1000:], signal()[1000:], atol=1e-6)
    said = [note for note in own.notes if "mean no value" in note]
    assert len(said) == cell.lstrip("-").isdecimal()


@pytest.mark.parametrize(
    ("head", "form", "named"),
    [
        ("time, MLII_mV", "{}, {}", "MLII"),
        ("Time (s), ECG lead II (mV)", "{}, {}", "ECG lead II"),
        ("time,ecg_mV", " {},   {}", "ecg"),
        ("time; ecg_mV", "{}; {}", "ecg"),
    ],
)
def test_blanks_beside_the_delimiter_delimit_nothing(tmp_path: Path, head: str, form: str, named: str) -> None:
    path = tmp_path / "a.csv"
    rows = [form.format(*row) for row in zip(cells(times(), "{:.6f}"), X, strict=True)]
    path.write_text("\n".join([head, *rows]) + "\n")
    assert_read(path, named)


def test_whole_numbers_with_blanks_behind_commas_have_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{i}, {round(1000 * value)}, {i % 7}" for i, value in enumerate(signal())]
    path.write_text("\n".join(["index, MLII, V1", *rows]) + "\n")
    assert read(path, fs=FS, lead="MLII", unit="uV").leads == ("MLII", "V1")
