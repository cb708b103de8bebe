"""Labels of beats that a person keeps beside recordings: a WFDB annotation file, or a table of time and label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.time_name import COUNTS, SCALE, is_time, names_no_unit, preference, unit_of_time
from ecg.recordings.named_columns import NamedColumns, read_named_columns
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_annotations import annotations_at

NONE = "-"
"""The label of an R peak that has none, as in the tables of `ecg predict`."""
SAMPLE, LABEL = "sample", "label"
_APART_S = 0.02
"""How far a row's time may lie from its sample: people round times to two decimals; more is a mistake."""
_ONE_BEAT_S = 0.1
"""Marks nearer than this are of one beat: the nearest two beats of mitdb and svdb are 0.133 s apart (865 of svdb)."""
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BeatLabels:
    """R peaks of one recording with a label each.

    Attributes:
        sample: shape [beat], in samples of the recording, ascending.
        label: shape [beat], text as it was given; `-` for none.
    """

    sample: Ints
    label: npt.NDArray[np.str_]


def labels_of_annotations(path: Path, recording: Recording, frames: float) -> BeatLabels:
    """The beats of a WFDB annotation file, its symbols as labels; other marks are no beats.

    A beat `Q` with a note is labelled by its note: so `ecg predict` writes classes that have no symbol.

    Args:
        path: `<record>.<annotator>`.
        recording: whose beats they are.
        frames: frames per second of its record, at which a file counts time that does not say otherwise.

    Raises:
        EcgError: the file is missing or damaged, marks no beat, one outside the recording, or one twice.
    """
    marks = annotations_at(path, frames, recording.fs, recording.n_samples)
    if not marks.beats.any():
        raise EcgError(f"{path}: marks no beats ({len(marks)} annotations)")
    label = (
        marks.symbol
        if marks.note is None
        else np.where((marks.symbol == "Q") & (marks.note != ""), marks.note, marks.symbol)
    )
    number = [f"beat {i + 1}" for i in range(int(marks.beats.sum()))]
    return _ordered(path, marks.sample[marks.beats], label[marks.beats], number, recording)


def labels_of_table(path: Path, recording: Recording) -> BeatLabels:
    """The rows of a table with the columns `label`, and `sample` or a time; other columns are left alone.

    What `ecg predict` writes is such a table. Times count from the recording's start, in s where their column's name
    says no other unit (`time_ms`), or as h:mm:ss. Where a row has a sample too, the sample counts.

    Args:
        path: the file, with commas, semicolons or tabs between its cells.
        recording: whose beats they are.

    Raises:
        EcgError: a column is missing; a row has no time or none that can be read, lies outside the recording, or
            contradicts itself; two rows are of one beat. The message names file and row.
    """
    table = read_named_columns(path)
    clock = min(filter(is_time, table.names), key=preference, default="")
    if LABEL not in table or not (clock or SAMPLE in table):
        there = ", ".join(name for name in table.names if name)
        raise EcgError(f"{path}: needs the columns {LABEL} and {SAMPLE} (or time_s); it has {there}")
    if not table.rows:
        raise EcgError(f"{path}: holds no beats, only the names of its columns")
    label = np.array([text or NONE for text in table.column(LABEL)], dtype=np.str_)
    rows = [f"row {line}" for line in table.lines]
    return _ordered(path, _places(table, clock, recording.fs), label, rows, recording)


def _places(table: NamedColumns, clock: str, fs: float) -> Ints:
    """Each row's sample: its own, else that of its time."""
    nothing = np.full(len(table.rows), np.nan)
    sample = _numbers(table, SAMPLE) if SAMPLE in table else nothing
    seconds = _seconds(table, clock, fs) if clock else nothing
    place = np.where(np.isnan(sample), seconds * fs, sample)
    if (lost := np.flatnonzero(np.isnan(place))).size:
        wanted = " and no ".join([SAMPLE] * (SAMPLE in table) + [clock] * bool(clock))
        raise EcgError(f"{table.path}: row {table.lines[lost[0]]} has no {wanted}")
    if (torn := np.flatnonzero(np.abs(sample / fs - seconds) > _APART_S)).size:
        i = int(torn[0])
        said = f"{SAMPLE} {sample[i]:.0f}, which is {sample[i] / fs:.2f} s at {fs:g} Hz, but {clock} {seconds[i]:.2f} s"
        way = f"are these labels of another recording? If you moved the beat, leave its {SAMPLE} empty"
        raise EcgError(f"{table.path}: row {table.lines[i]} has {said}; {way}")
    return np.asarray(np.rint(place), dtype=np.int64)


def _numbers(table: NamedColumns, name: str) -> Floats:
    """A column as numbers, NaN where a cell is empty."""
    cells = table.column(name)
    found = np.array([_number(cell) for cell in cells])
    for i in np.flatnonzero(~np.isfinite(found)).tolist():
        if cells[i]:
            raise EcgError(f"{table.path}: row {table.lines[i]}: {name} is {cells[i]!r}, which is no number")
    return found


def _number(cell: str) -> float:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return np.nan


def _seconds(table: NamedColumns, name: str, fs: float) -> Floats:
    """A column of times in s from the recording's start, NaN where a cell is empty."""
    cells = table.column(name)
    if any(":" in cell for cell in cells):
        return np.array([_clock(table, name, line, cell) for line, cell in zip(table.lines, cells, strict=True)])
    unit = unit_of_time(name)
    if unit in SCALE:
        return _numbers(table, name) * SCALE[unit]
    if unit in COUNTS:
        return _numbers(table, name) / fs
    if not names_no_unit(unit):
        raise EcgError(f"{table.path}: the unit {unit!r} of the column {name} is not known; name it time_s or time_ms")
    return _numbers(table, name)


def _clock(table: NamedColumns, name: str, line: int, cell: str) -> float:
    if not cell:
        return np.nan
    found = _CLOCK.fullmatch(cell.replace(",", "."))
    if found is None:
        way = "write seconds from the recording's start, or h:mm:ss"
        raise EcgError(f"{table.path}: row {line}: {name} is {cell!r}, which is no time; {way}")
    hours, minutes, seconds = found.groups()
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds)


def _ordered(
    path: Path, sample: Ints, label: npt.NDArray[np.str_], where: Sequence[str], recording: Recording
) -> BeatLabels:
    """In order of time; refused where one lies outside the recording, or two are of one beat.

    Args:
        path: for messages.
        sample: shape [beat].
        label: shape [beat].
        where: shape [beat], where each stands in the file, in words.
        recording: whose beats they are.
    """
    fs, length = recording.fs, recording.n_samples
    order = np.argsort(sample, kind="stable")
    for i in order[[0, -1]].tolist():
        if not 0 <= sample[i] < length:
            said = (
                f"a beat at {sample[i] / fs:.2f} s (sample {sample[i]}), outside the recording of {length / fs:.2f} s"
            )
            way = "are these labels of another recording, or times in another unit than their column's name says?"
            raise EcgError(f"{path}: {where[i]}: {said}; {way}")
    sample, label = sample[order], label[order]
    if (same := np.flatnonzero(np.diff(sample) < _ONE_BEAT_S * fs)).size:
        i = int(same[0])
        one, other = where[order[i]], where[order[i + 1]]
        at = f"{sample[i] / fs:.3f} s (sample {sample[i]}) and {sample[i + 1] / fs:.3f} s (sample {sample[i + 1]})"
        raise EcgError(f"{path}: two labels at one place, {one} and {other}: {at}; remove one of them")
    return BeatLabels(sample, label)
