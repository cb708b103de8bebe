"""Which files are meant: one record, several, or folders of them. What a file holds counts, then what it is called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ecg.errors import EcgError
from ecg.recordings.formats.contents import NAMES, WAY_ON, kind, mentions_ecg
from ecg.recordings.formats.record_names import plain, record_names
from ecg.recordings.wfdb_header import beside, read_header

_ENDINGS = {
    **{"wfdb": (".hea",), "edf": (".edf", ".bdf"), "csv": (".csv", ".tsv", ".txt"), "numpy": (".npy", ".npz")},
    **{"cart": (".xml", ".dcm", ".dicom", ".scp", ".ecg", ".mwf", ".mfer", ".mfr"), "alivecor": (".atc",)},
}
EXTENSIONS: dict[str, str] = {ending: form for form, endings in _ENDINGS.items() for ending in endings}
"""Formats by the ending of the file. A WFDB record may also be named without one, or by its .dat, .mat or .atr file."""

_WFDB_PARTS = (".dat", ".mat", ".atr")
_TABLES = _ENDINGS["csv"]
_OTHER_USES = (".txt", ".xml", ".ecg")
"""Endings that in a folder say nothing: notes are text too, and annotations that `ecg predict` writes end in .ecg."""
_RESULTS = ("time_s,sample,rr_s,label,", "record,file,error", "record,r_peaks/gross/se")
"""How the tables begin that `ecg predict` and `ecg score` write."""


class Input(NamedTuple):
    """One recording to read.

    Attributes:
        path: the file; of a WFDB record its header.
        form: `wfdb`, `edf`, `csv`, `numpy`, `cart` (of devices) or `alivecor`; empty if `problem`.
        name: what to call it, where not as the file.
        notes: what was noticed when looking for it.
        problem: why it cannot be read; empty where that is not known before reading.
    """

    path: Path
    form: str
    name: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def record(self) -> str:
        """Name of the record, of the letters, digits, `-` and `_` that WFDB allows; all results are named so."""
        return plain(self.name or self.path.stem)


@dataclass(frozen=True)
class Found:
    """What a person's words mean.

    Attributes:
        inputs: the recordings, in order, each with a name of its own. One that was named and cannot be meant is among
            them, with its problem.
        skipped: files in folders that look like recordings and are none, each with the reason.
    """

    inputs: tuple[Input, ...]
    skipped: tuple[str, ...] = ()


def find_recordings(named: Sequence[Path]) -> Found:
    """The recordings that a person's words mean, folders searched downwards.

    Raises:
        EcgError: the only one that was named does not exist, is a file of another kind or a folder without recordings.
    """
    inputs: dict[Path, Input] = {}
    skipped: list[str] = []
    for path in (path.expanduser() for path in named):
        try:
            there, not_read = _in_folder(path) if path.is_dir() else ([_named(path)], [])
        except EcgError as error:
            there, not_read = [Input(path, "", problem=str(error))], []
        except OSError as error:
            there, not_read = [Input(path, "", problem=f"{path}: cannot be read: {error.strerror or error}")], []
        skipped += not_read
        for one in there:
            inputs.setdefault(one.path.resolve(), one)
    found = list(inputs.values())
    if len(found) == 1 and found[0].problem:
        raise EcgError(found[0].problem)
    names = record_names([(one.path, one.record) for one in found])
    found = [one._replace(name=name) if name != one.record else one for one, name in zip(found, names, strict=True)]
    return Found(tuple(found), tuple(dict.fromkeys(skipped)))


def find_inputs(named: Sequence[Path]) -> list[Input]:
    """The recordings alone, as `find_recordings`."""
    return list(find_recordings(named).inputs)


def _named(path: Path) -> Input:
    """The recording that a person named by its file, or by its WFDB record.

    Raises:
        EcgError: there is none.
    """
    ending = path.suffix.lower()
    header = None
    if ending not in EXTENSIONS:
        stem = path.with_suffix("") if ending in _WFDB_PARTS else path
        header = beside(stem.with_name(f"{stem.name}.hea"))
    if header is not None:
        return Input(header, "wfdb")
    if path.is_file():
        return _file(path)
    if ending in EXTENSIONS:
        raise EcgError(f"{path} does not exist")
    if ending in _WFDB_PARTS:
        raise EcgError(f"{path}: a WFDB record needs its header, and {path.with_suffix('.hea')} does not exist")
    raise EcgError(f"{path} does not exist (nor does {path.name}.hea, the header of a WFDB record of that name)")


def _file(path: Path) -> Input:
    """A file by its contents; by its ending where they do not tell.

    Raises:
        EcgError: it holds something else, or neither tells.
    """
    ending, holds = path.suffix.lower(), kind(path)
    usual = EXTENSIONS.get(ending)
    if holds in EXTENSIONS:
        form = EXTENSIONS[holds]
        plain = form == usual and {holds, ending} != {".edf", ".bdf"}
        called = f"its name ends in {ending}" if ending else "its name has no ending"
        note = f"The file holds {NAMES[holds]} and is read so, though {called}."
        return Input(path, form, notes=() if plain else (note,))
    if holds is not None:
        known = f"read here are {', '.join(EXTENSIONS)}"
        raise EcgError(f"{path}: holds {NAMES[holds]}, no recording; {WAY_ON.get(holds, known)}")
    if usual is not None:
        return Input(path, usual)
    if ending in _WFDB_PARTS:
        raise EcgError(f"{path}: a WFDB record needs its header, and {path.with_suffix('.hea')} does not exist")
    known = ", ".join([*EXTENSIONS, *_WFDB_PARTS])
    raise EcgError(f"{path}: {path.suffix or 'no ending'} is not read here; known are {known}")


def _in_folder(folder: Path) -> tuple[list[Input], list[str]]:
    """The recordings in a folder and the folders in it, and which files were skipped.

    Raises:
        EcgError: there is no recording.
    """
    found, skipped = [], []
    for file in _files(folder):
        try:
            if (one := _meant(file)) is not None:
                found.append(one)
        except EcgError as error:
            skipped.append(str(error))
        except OSError as error:
            skipped.append(f"{file}: cannot be read: {error.strerror or error}")
    parts = {part for one in found if one.form == "wfdb" for part in _segments(one.path)}
    found = [one for one in found if one.path not in parts]
    if not found:
        also = f"; skipped: {skipped[0]}" if skipped else ""
        raise EcgError(f"{folder} has no recordings: no file in it or below that ends in {', '.join(EXTENSIONS)}{also}")
    return found, skipped


def _files(folder: Path) -> Iterator[Path]:
    """All files of a folder and those in it, in order, but none that are hidden."""
    for name, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield from (Path(name, file) for file in sorted(files) if not file.startswith("."))


def _meant(file: Path) -> Input | None:
    """A file of a folder as a recording; None where it does not look like one.

    Raises:
        EcgError: it looks like one and is none.
    """
    ending = file.suffix.lower()
    if not file.is_file() or (ending in _WFDB_PARTS and beside(file.with_suffix(".hea"))):
        return None  # its header is the recording
    holds = kind(file)
    if holds == ".xml" and not mentions_ecg(file):
        return None
    if holds == ".csv" and (ending not in EXTENSIONS or _is_result(file)):
        return None
    if holds is None and ending in _TABLES and ending not in _OTHER_USES and file.stat().st_size:
        raise EcgError(f"{file}: holds no table of numbers")
    if holds in EXTENSIONS or (ending in EXTENSIONS and ending not in _OTHER_USES) or ending in (".dat", ".mat"):
        return _file(file)
    return None


def _segments(header: Path) -> list[Path]:
    """The headers of a record's segments, which are read with it."""
    try:
        return [header.with_name(f"{name}.hea") for name, _ in read_header(header).segments]
    except EcgError:
        return []  # its reader says what is wrong


def _is_result(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(100).decode("ascii", errors="ignore").startswith(_RESULTS)
