"""Whose heart each of a person's own recordings is, so that no patient trains and is tested."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecg.checks import BadSettingError
from ecg.errors import EcgError
from ecg.recordings.formats import Input
from ecg.recordings.named_columns import read_named_columns

FROM_NAME, FROM_FOLDER = "from_name", "from_folder"
_WAYS = (
    f"choose {FROM_NAME}, {FROM_FOLDER}, a CSV file of record and patient, or a pattern with one group: "
    "\"dataset.patients='(p[0-9]+)'\""
)


def patients_of(recordings: Sequence[Input], patients: str, folder: Path) -> list[str]:
    """Whose heart each recording is.

    Args:
        recordings: in order.
        patients: from_name, from_folder, a CSV file of record and patient, or a pattern.
        folder: of the recordings.

    Raises:
        EcgError: a recording has no patient, or two.
    """
    if patients == FROM_NAME:
        return [one.record for one in recordings]
    if is_table(patients):
        return _by_table(recordings, Path(patients).expanduser())
    below = [_below(one.path, folder) for one in recordings]
    if patients == FROM_FOLDER:
        for one, place in zip(recordings, below, strict=True):
            if len(place.parts) < 2:
                raise EcgError(f"dataset.patients={FROM_FOLDER}: {one.path} is in no patient's folder below {folder}")
        return [place.parts[0] for place in below]
    return [_by_pattern(place, patients) for place in below]


def check_patients(patients: str) -> None:
    """Refuse a setting that names no way to tell the patients.

    Raises:
        BadSettingError: so it is.
    """
    if patients in (FROM_NAME, FROM_FOLDER) or is_table(patients):
        return
    try:
        groups = re.compile(patients).groups
    except re.error as error:
        raise BadSettingError(f"patients={patients}: is no pattern ({error}); {_WAYS}") from None
    if groups != 1:
        raise BadSettingError(f"patients={patients}: {_WAYS}")


def is_table(patients: str) -> bool:
    """Whether the patients are in a table."""
    return patients.lower().endswith(".csv")


def _below(file: Path, folder: Path) -> Path:
    return file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)


def _by_pattern(place: Path, pattern: str) -> str:
    """What the pattern's group finds in a file's name, else in the names of the folders it is in."""
    match = re.search(pattern, place.stem) or re.search(pattern, place.parent.as_posix())
    if match is None or not match[1]:
        way = f"finds no patient in the name of {place}; {_WAYS}"
        raise EcgError(f"dataset.patients={pattern}: {way}")
    return match[1]


def _by_table(recordings: Sequence[Input], path: Path) -> list[str]:
    if not path.is_file():
        raise EcgError(f"dataset.patients={path}: there is no such file (looked for in {Path.cwd()})")
    table = read_named_columns(path)
    if missing := [name for name in ("record", "patient") if name not in table]:
        said = f"needs the columns record and patient; it lacks {' and '.join(missing)}"
        raise EcgError(f"{path}: {said} (it has {', '.join(table.names)})")
    whose: dict[str, str] = {}
    for line, name, patient in zip(table.lines, table.column("record"), table.column("patient"), strict=True):
        if not name or not patient:
            raise EcgError(f"{path}: row {line} has no {'patient' if name else 'record'}")
        if whose.setdefault(name, patient) != patient:
            raise EcgError(f"{path}: row {line}: the record {name} has two patients, {whose[name]} and {patient}")
    return [_in_table(one, whose, path, recordings) for one in recordings]


def _in_table(one: Input, whose: Mapping[str, str], path: Path, recordings: Sequence[Input]) -> str:
    """A recording's patient, by its record name, its file's name, or that without its ending."""
    if one.record in whose:
        return whose[one.record]
    for name in (one.path.name, one.path.stem):
        if name in whose:
            others = [other for other in recordings if other.record not in whose]
            same = [other for other in others if name in (other.path.name, other.path.stem)]
            if len(same) > 1:
                way = f"write the records as {' and '.join(other.record for other in same[:2])}"
                raise EcgError(f"{path}: {name} may be {same[0].path} or {same[1].path}; {way}")
            return whose[name]
    raise EcgError(f"{path}: has no row for the recording {one.record} ({one.path}); add it, or remove its labels")
