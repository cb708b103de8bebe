"""The PhysioNet databases: what is known of each, which of its files are needed, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record


@dataclass(frozen=True)
class Database:
    """One published database.

    Attributes:
        name: PhysioNet's short name, also the name of its folder below the data folder.
        version: the published version.
        title: full title.
        url: where its files are, with a slash at the end.
        licence: name of the licence.
        citation: the paper to cite.
        doi: of the database.
        n_records: number of records.
        n_bytes: size of the files needed here, about.
    """

    name: str
    version: str
    title: str
    url: str
    licence: str
    citation: str
    doi: str
    n_records: int
    n_bytes: int


DATABASES: Mapping[str, Database] = MappingProxyType(
    {
        "mitdb": Database(
            name="mitdb",
            version="1.0.0",
            title="MIT-BIH Arrhythmia Database",
            url="https://physionet.org/files/mitdb/1.0.0/",
            licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
            citation="Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol "
            "20(3):45-50 (2001)",
            doi="10.13026/C2F305",
            n_records=48,
            n_bytes=93_857_258,
        ),
        "ptbdb": Database(
            name="ptbdb",
            version="1.0.0",
            title="PTB Diagnostic ECG Database",
            url="https://physionet.org/files/ptbdb/1.0.0/",
            licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
            citation="Bousseljot R, Kreiseler D, Schnabel A. Nutzung der EKG-Signaldatenbank CARDIODAT der PTB über "
            "das Internet. Biomedizinische Technik 40, Ergänzungsband 1, S 317 (1995)",
            doi="10.13026/C28C71",
            n_records=549,
            n_bytes=1_400_000_000,
        ),
        "ptb-xl": Database(
            name="ptb-xl",
            version="1.0.3",
            title="PTB-XL, a large publicly available electrocardiography dataset",
            url="https://physionet.org/files/ptb-xl/1.0.3/",
            licence="Creative Commons Attribution 4.0 International (CC BY 4.0)",
            citation="Wagner P, Strodthoff N, Bousseljot R, Kreiseler D, Lunze FI, Samek W, Schaeffter T. PTB-XL, a "
            "large publicly available electrocardiography dataset. Scientific Data 7:154 (2020)",
            doi="10.13026/kfzx-aw45",
            n_records=21_799,
            n_bytes=2_650_000_000,
        ),
    }
)

_MITDB_NAMES = (
    "100 101 102 103 104 105 106 107 108 109 111 112 113 114 115 116 117 118 119 121 122 123 124 200 201 202 203 205 "
    "207 208 209 210 212 213 214 215 217 219 220 221 222 223 228 230 231 232 233 234"
)
MITDB_RECORDS: tuple[str, ...] = tuple(_MITDB_NAMES.split())

# PhysioNet's mitdb directory: "records 201 and 202 came from the same male subject". All others are different people.
_MITDB_SAME_PATIENT = MappingProxyType({"202": "201"})


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
        return ["RECORDS", *_mitdb_files(MITDB_RECORDS)]
    signals = tuple(name for name in listed if name.endswith((".hea", ".dat")))
    if database.name == "ptbdb":
        tables, folder = {"RECORDS"}, "patient"
    else:
        tables, folder = {"RECORDS", "ptbxl_database.csv", "scp_statements.csv"}, "records500/"
    return sorted(tables & set(listed)) + sorted(name for name in signals if name.startswith(folder))


def mitdb_patient(record: str) -> str:
    """Who was recorded: the record's own name, but 201 and 202 are one person."""
    return _MITDB_SAME_PATIENT.get(record, record)


def read_mitdb(folder: Path, records: Sequence[str] | None = None) -> Iterator[Recording]:
    """Read records of the MIT-BIH Arrhythmia Database one after the other, in the order asked for.

    Args:
        folder: the database's folder, with `100.hea` and so on in it.
        records: names of the records; None reads all 48.

    Raises:
        EcgError: a name that is not one of the 48; files are missing (before anything is read); a damaged file.
    """
    wanted = MITDB_RECORDS if records is None else tuple(records)
    unknown = [record for record in wanted if record not in MITDB_RECORDS]
    if unknown:
        raise EcgError(f"mitdb has no record {', '.join(unknown)}; it has {', '.join(MITDB_RECORDS)}")
    require_mitdb(folder, wanted)
    return (read_record(folder / record, patient=mitdb_patient(record)) for record in wanted)


def missing_files(folder: Path, records: Sequence[str] = MITDB_RECORDS) -> list[str]:
    """Names of the .hea, .dat and .atr files of `records` that a mitdb folder lacks."""
    return [name for name in _mitdb_files(records) if not (folder / name).is_file()]


def require_mitdb(folder: Path, records: Sequence[str] = MITDB_RECORDS) -> None:
    """Check that a mitdb folder has the files of `records`.

    Raises:
        EcgError: some are missing; the message says how many records are there and the three ways on.
    """
    missing = missing_files(folder, records)
    if not missing:
        return
    complete = len(set(records) - {name.partition(".")[0] for name in missing})
    state = f"has {complete} of {len(records)} records" if folder.is_dir() else "does not exist"
    more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
    raise EcgError(f"{folder} {state}; missing: {', '.join(missing[:4])}{more}. {ways_on(DATABASES['mitdb'], folder)}")


def ways_on(database: Database, folder: Path) -> str:
    """The sentence that ends every message about absent data: what the reader can do now."""
    return (
        f"Three ways on: fill {folder} with the files of {database.url} "
        f"(`ecg download {database.name} --data-dir {folder.parent}`); "
        f"set data_dir= (or ECG_DATA) to a folder that has {database.name}/; or dataset.source=synthetic"
    )


def part_note(database: Database, there: int) -> str:
    """What a reader of any number must know where only a part of a database is there."""
    return f"Only {there:,} of the {database.n_records:,} records of {database.name} were there."


def _mitdb_files(records: Sequence[str]) -> list[str]:
    return [f"{record}{suffix}" for record in records for suffix in (".hea", ".dat", ".atr")]
