"""The PhysioNet databases: what is known of each, which of its files are needed, and how to read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record


@dataclass(frozen=True)
class Database:
    """One published database.

    Attributes:
        name: PhysioNet's short name, also the name of its folder below the data folder.
        version: the published version.
        title: full title.
        licence: name of the licence.
        citation: the paper to cite.
        doi: of the database.
        n_records: number of records.
        n_bytes: size of the files needed here, about.
    """

    name: str
    version: str
    title: str
    licence: str
    citation: str
    doi: str
    n_records: int
    n_bytes: int

    @property
    def url(self) -> str:
        """Where its files are, with a slash at the end."""
        return f"https://physionet.org/files/{self.name}/{self.version}/"


_KNOWN = json.loads((Path(__file__).parent / "databases.json").read_text(encoding="utf-8"))
DATABASES: Mapping[str, Database] = MappingProxyType({facts["name"]: Database(**facts) for facts in _KNOWN})
"""What `databases.json` says of each database, by name."""

_MITDB_NAMES = (
    "100 101 102 103 104 105 106 107 108 109 111 112 113 114 115 116 117 118 119 121 122 123 124 200 201 202 203 205 "
    "207 208 209 210 212 213 214 215 217 219 220 221 222 223 228 230 231 232 233 234"
)
MITDB_RECORDS: tuple[str, ...] = tuple(_MITDB_NAMES.split())
_MITDB_FILES = [f"{record}{suffix}" for record in MITDB_RECORDS for suffix in (".hea", ".dat", ".atr")]

_NEEDED = {
    "ptbdb": r"RECORDS|patient.*\.(hea|dat)",  # without the Frank leads in .xyz
    "ptb-xl": r"RECORDS|ptbxl_database\.csv|scp_statements\.csv|records500/.*\.(hea|dat)",
}


def needed_files(database: Database, listed: Iterable[str]) -> list[str]:
    """Which of a database's files are used here.

    Args:
        database: one of `DATABASES`.
        listed: all file names of the database, as its SHA256SUMS.txt gives them.

    Returns:
        Names relative to the database's folder. mitdb: RECORDS and .hea .dat .atr of the 48 records, listed or not.
        ptbdb: RECORDS and each record's .hea and .dat, without the Frank leads in .xyz. ptb-xl: the two tables,
        RECORDS and the 500 Hz records.
    """
    if database.name == "mitdb":
        return ["RECORDS", *_MITDB_FILES]
    return sorted(name for name in listed if re.fullmatch(_NEEDED[database.name], name))


def mitdb_patient(record: str) -> str:
    """Who was recorded: the record's own name, but 201 and 202 "came from the same male subject" (PhysioNet)."""
    return "201" if record == "202" else record


def read_mitdb_record(folder: Path, record: str) -> Recording:
    """One record of the MIT-BIH Arrhythmia Database."""
    return read_record(folder / record, patient=mitdb_patient(record))


def read_mitdb(folder: Path, records: Sequence[str] = MITDB_RECORDS) -> Iterator[Recording]:
    """Read records of the MIT-BIH Arrhythmia Database one after the other, in the order asked for.

    Args:
        folder: the database's folder, with `100.hea` and so on in it.
        records: names of the records.

    Raises:
        EcgError: files are missing or damaged.
    """
    return (read_mitdb_record(folder, record) for record in records)


def missing_files(folder: Path) -> list[str]:
    """Names of the .hea, .dat and .atr files that a mitdb folder lacks."""
    return [name for name in _MITDB_FILES if not (folder / name).is_file()]


def has_mitdb(folder: Path) -> bool:
    """Whether a folder holds all 48 records."""
    return not missing_files(folder)


def ways_on(database: Database, folder: Path) -> str:
    """The sentence that ends every message about absent data: what the reader can do now."""
    return (
        f"Three ways on: fill {folder} with the files of {database.url} "
        f"(`ecg download {database.name} --data-dir {folder.parent}`); "
        f"set data_dir= (or ECG_DATA) to a folder that has {database.name}/; or dataset.source=synthetic"
    )
