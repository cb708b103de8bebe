"""Which files are meant: one record, several, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ecg.errors import EcgError

_ENDINGS = {"wfdb": (".hea",), "edf": (".edf", ".bdf"), "csv": (".csv", ".tsv", ".txt"), "numpy": (".npy", ".npz")}
EXTENSIONS: dict[str, str] = {ending: form for form, endings in _ENDINGS.items() for ending in endings}
"""Formats by the ending of the file. A WFDB record may also be named without one, or by its .dat or .atr file."""

_WFDB_PARTS = (".dat", ".atr")
_IN_FOLDERS = tuple(ending for ending in EXTENSIONS if ending != ".txt")  # notes are text too


class Input(NamedTuple):
    """One recording to read.

    Attributes:
        path: the file; of a WFDB record its header.
        form: `wfdb`, `edf`, `csv` or `numpy`.
    """

    path: Path
    form: str

    @property
    def record(self) -> str:
        """Name of the record, of the letters, digits, `-` and `_` that WFDB allows; all results are named so."""
        return re.sub(r"[^-\w]+", "_", self.path.stem, flags=re.ASCII)


def find_inputs(named: Sequence[Path]) -> list[Input]:
    """The recordings that a person's words mean, folders opened, in order.

    Raises:
        EcgError: a path that does not exist, an ending that nothing here reads, a folder without recordings, or two
            recordings of one name, whose results would overwrite each other.
    """
    found = list(dict.fromkeys(one for path in named for one in _inputs(path.expanduser())))
    first: dict[str, Path] = {}
    for one in found:
        other = first.setdefault(one.record, one.path)
        if other != one.path:
            raise EcgError(f"two recordings are called {one.record}: {other} and {one.path}; label them one by one")
    return found


def _inputs(path: Path) -> list[Input]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _IN_FOLDERS and file.is_file())
        if not files:
            raise EcgError(f"{path} has no recordings: no file that ends in {', '.join(_IN_FOLDERS)}")
        return [Input(file, EXTENSIONS[file.suffix.lower()]) for file in files]
    ending = path.suffix.lower()
    if ending in EXTENSIONS:
        if not path.is_file():
            raise EcgError(f"{path} does not exist")
        return [Input(path, EXTENSIONS[ending])]
    header = path.with_suffix(".hea") if ending in _WFDB_PARTS else path.with_name(path.name + ".hea")
    if header.is_file():
        return [Input(header, "wfdb")]
    if ending in _WFDB_PARTS:
        raise EcgError(f"{path}: a WFDB record needs its header, and {header} does not exist")
    if path.is_file():
        raise EcgError(
            f"{path}: {path.suffix or 'no ending'} is not read here; known are {', '.join([*EXTENSIONS, *_WFDB_PARTS])}"
        )
    raise EcgError(f"{path} does not exist (nor does {header.name}, the header of a WFDB record of that name)")
