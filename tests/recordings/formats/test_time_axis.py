"""A column of times gives the true rate, whatever its unit, or is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .made import FS, assert_read, cells, read, refused, signal, times, write

X = cells(signal())
START = 1_704_103_200  # s since 1970
NS = [round(t * 1e9) for t in times()]


def whole(scale: float, start: int = 0) -> list[str]:
    """Times as whole numbers of a unit of which a second has `scale`."""
    return [str(start * round(scale) + round(t * scale)) for t in times()]


@pytest.mark.parametrize(
    ("name", "cells_of_time"),
    [
        ("time_ms", whole(1e3)),
        ("t[ms]", whole(1e3)),
        ("Zeit (ms)", whole(1e3)),
        ("timeMs", whole(1e3)),
        ("time_us", whole(1e6)),
        ("time (µs)", whole(1e6)),
        ("Temps [µs]", whole(1e6)),
        ("microseconds", whole(1e6)),
        ("timestamp_ns", whole(1e9, START)),
        ("sensor timestamp [ns]", whole(1e9, 757_000_000)),
        ("time_min", cells(times() / 60, "{:.9f}")),
        ("Zeit in Minuten", cells(times() / 60, "{:.9f}")),
        ("time_h", cells(times() / 3600, "{:.12f}")),
        ("Uhrzeit (s)", cells(times())),
        ("Elapsed Time [seconds]", cells(times())),
        ("Tiempo (s)", cells(times())),
        ("s", cells(times())),
        ("epoch_s", cells(times() + START)),
        ("unix_time", cells(times() + START)),
        ("time (hh:mm:ss)", cells(times())),
    ],
)
def test_a_named_unit_is_read(tmp_path: Path, name: str, cells_of_time: list[str]) -> None:
    own = assert_read(write(tmp_path / "a.csv", f"{name};II (mV)", cells_of_time, X, sep=";"), "II")
    assert own.notes == ()


@pytest.mark.parametrize(("scale", "unit"), [(1e3, "ms"), (1e6, "us"), (1e9, "ns")])
@pytest.mark.parametrize("start", [0, START])
def test_without_a_unit_the_only_one_that_fits_is_taken_and_said(
    tmp_path: Path, scale: float, unit: str, start: int
) -> None:
    own = assert_read(write(tmp_path / "a.csv", "timestamp,II", whole(scale, start), X), "II")
    assert [note for note in own.notes if note.endswith(f"taken as {unit}.")]


@pytest.mark.parametrize("name", ["time (samples)", "time_samples", "time [frames]", "time (index)"])
def test_times_in_samples_give_no_rate(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.csv", f"{name},II", [str(i) for i in range(len(X))], X)
    refused(path, "the sampling rate is missing")
    assert_read(path, "II", fs=FS)


def test_times_that_go_up_by_one_are_ms_with_a_note_or_samples_where_the_rate_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time,II", [str(i) for i in range(len(X))], X)
    own = read(path)
    assert own.recording.fs == 1000
    assert "1000 Hz; if it numbers the samples, say the rate with --fs" in own.notes[-1]
    assert "numbers the samples" in assert_read(path, "II", fs=FS).notes[-1]


@pytest.mark.parametrize(
    ("name", "cells_of_time", "said"),
    [
        ("time (fortnights)", cells(times()), "unit 'fortnights' of the column time (fortnights) is not known"),
        ("time [4ms]", whole(250), "unit '4ms'"),
        ("time_s", whole(1e3), "says 0.25 Hz; an ECG has 20 to 10,000 Hz"),
        ("time_ms", cells(times(), "{:.6f}"), "says 250,000 Hz"),
        ("time", cells(times() / 3600, "{:.12f}"), "says 900,000 Hz"),
        ("time", [str(7 * 10**10 * i) for i in range(len(X))], "not clear whether in s, ms, us or ns"),
    ],
)
def test_other_units_and_rates_that_no_ecg_has_are_refused(
    tmp_path: Path, name: str, cells_of_time: list[str], said: str
) -> None:
    path = write(tmp_path / "a.csv", f"{name},II (mV)", cells_of_time, X)
    refused(path, said, "--fs")
    own = assert_read(path, "II", fs=FS)
    assert len(own.notes) == 1
    assert "--fs is used" in own.notes[0]


def test_minutes_without_a_unit_are_not_seconds_in_silence(tmp_path: Path) -> None:
    x = cells(signal(100))
    own = read(write(tmp_path / "a.csv", "time,II", cells(times(100) / 60, "{:.9f}"), x))
    assert any("names no unit and is taken as s: 6000 Hz" in note for note in own.notes)


def test_of_several_columns_of_times_the_one_with_a_unit_counts(tmp_path: Path) -> None:
    phone = [f"2024-01-01T00:00:{t:06.3f}" for t in times()]
    ms = cells(times() * 1000, "{:.1f}")
    header = "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [mV]"
    path = write(tmp_path / "a.txt", header, phone, [str(757 * 10**15 + ns) for ns in NS], ms, X, sep=";")
    assert_read(path, "ecg")
    path = write(tmp_path / "a.csv", "Date;Time;II", ["2024-01-01"] * len(X), [p[11:] for p in phone], X, sep=";")
    assert_read(path, "II")


def test_coarse_times_are_left_aside_where_the_rate_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time;II", [f"10:00:0{int(t)}" for t in times()], X, sep=";")
    refused(path, "too coarse", "--fs")
    assert any("too coarse: --fs is used" in note for note in assert_read(path, "II", fs=FS).notes)
    refused(path, "too coarse", fs=500)  # the whole takes another time


def test_a_missing_time_is_named(tmp_path: Path) -> None:
    t = cells(times())
    refused(write(tmp_path / "a.csv", "time,II", [*t[:50], "", *t[51:]], X), "none in row 52")


def test_missing_rows_are_a_gap_in_any_unit(tmp_path: Path) -> None:
    there, t = np.r_[0:500, 1000:2000], whole(1e6)
    path = write(tmp_path / "a.csv", "time_us,II", [t[i] for i in there], [X[i] for i in there])
    assert read(path).gaps.tolist() == [[500, 1000]]


def test_a_rate_that_changes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "fs,II", ["250"] * 1000 + ["500"] * 1000, X)
    refused(path, "several sampling rates, from 250 to 500 Hz")
