"""Times written as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from .made import assert_read, cells, read, refused, signal, times, write

X = cells(signal())
MIDNIGHT = datetime(2024, 1, 31, 23, 59, 57)
MOMENTS = [MIDNIGHT + timedelta(microseconds=round(t * 1e6)) for t in times()]


def plain(form: str) -> Callable[[datetime], str]:
    return lambda moment: moment.strftime(form)


def milliseconds(form: str, mark: str = ".") -> Callable[[datetime], str]:
    return lambda moment: moment.strftime(form) + f"{mark}{moment.microsecond // 1000:03d}"


@pytest.mark.parametrize(
    "write_time",
    [
        datetime.isoformat,  # no fraction at whole seconds
        lambda moment: moment.isoformat() + "Z",
        lambda moment: moment.isoformat(" "),
        lambda moment: moment.isoformat() + "+01:00",
        lambda moment: (moment + timedelta(hours=moment.day == 1)).isoformat() + f"+0{1 + (moment.day == 1)}:00",
        milliseconds("%H:%M:%S"),
        milliseconds("%H:%M:%S", ","),
        milliseconds("%H:%M:%S", ":"),
        milliseconds("%d.%m.%Y %H:%M:%S", ","),
        milliseconds("%m/%d/%Y %H:%M:%S"),
        milliseconds("%d/%m/%Y %H:%M:%S"),
        milliseconds("%Y/%m/%d-%H:%M:%S"),
        lambda moment: milliseconds("[%H:%M:%S")(moment) + moment.strftime(" %d/%m/%Y]"),
        lambda moment: milliseconds("%I:%M:%S")(moment) + moment.strftime(" %p"),
        lambda moment: milliseconds("%d %b %Y %I:%M:%S")(moment) + moment.strftime(" %p"),
        lambda moment: milliseconds("%d.%m.%Y %H:%M:%S")(moment) + " UTC",
        plain("%Y%m%dT%H%M%S.%f"),
        lambda moment: str(moment - MIDNIGHT),
        lambda moment: f"'{moment.minute:d}:{moment.strftime('%S')}.{moment.microsecond // 1000:03d}'",
    ],
)
def test_times_over_midnight(tmp_path: Path, write_time: Callable[[datetime], str]) -> None:
    assert_read(write(tmp_path / "a.csv", "time;II", [write_time(m) for m in MOMENTS], X, sep=";"), "II")


def test_over_midnight_is_said(tmp_path: Path) -> None:
    clock = [milliseconds("%H:%M:%S")(moment) for moment in MOMENTS]
    assert any("pass midnight" in note for note in read(write(tmp_path / "a.csv", "time,II", clock, X)).notes)


@pytest.mark.parametrize("odd", ["End of recording", "10:00:70:30:10", "", "25"])
def test_a_cell_that_is_no_time_is_named_with_its_row(tmp_path: Path, odd: str) -> None:
    clock = [moment.isoformat() for moment in MOMENTS]
    path = write(tmp_path / "a.csv", "\ntime;II", [*clock[:10], odd, *clock[11:]], X, sep=";")
    refused(path, "the column time holds no time in row 13", repr(odd))


@pytest.mark.parametrize("form", ["{:.3f}", "10:00:{:06.3f}"])
def test_a_closing_line_of_text_is_named_with_its_row(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / "a.csv", "time;II", cells(times(), form), X, sep=";")
    content = path.read_text()
    for closing in ("End of recording", "End of recording;"):
        path.write_text(content + closing + "\n")
        refused(path, "End of recording", "row 2002")


def test_times_that_go_back_or_jump_are_named_with_their_row(tmp_path: Path) -> None:
    clock = [moment.isoformat() for moment in MOMENTS]
    path = write(tmp_path / "a.csv", "time;II", [*clock[:50], clock[10], *clock[51:]], X, sep=";")
    refused(path, "go back at row 52")
