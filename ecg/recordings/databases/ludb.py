"""The Lobachevsky University Database: waves marked in each of twelve leads, and diagnoses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.recordings.databases.base import Database, DiagnosisDatabase
from ecg.recordings.databases.diagnosis import (
    INFARCTION,
    NORMAL,
    OTHER,
    DiagnosedRecord,
    Selection,
    age_of,
    header_says,
    sex_of,
)
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_annotations, read_record

LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
QRS = "N"
"""The mark of a QRS complex's peak, whatever its kind."""
GAIN = 1000.0
"""ADU per mV. By what the headers say, every lead of every record would reach over exactly 1 mV, and II would not be
I + III; in ADU it is, to one unit, and with this gain amplitudes are those of an ECG."""
RECORDS = 200
INFARCTIONS = ("stemi", "scar formation")
UNSURE = "undefined ischemia/scar/supp"
USUAL = {"rhythm": ("sinus",), "electric axis of the heart": ("normal", "vertical", "horizontal")}
"""What a healthy heart's lines say."""


def has_records(folder: Path) -> bool:
    """Whether a folder holds any header of the database."""
    return any((folder / "data").glob("*.hea"))


@dataclass(frozen=True, kw_only=True)
class WaveDatabase(Database):
    """Recordings whose waves are marked lead by lead, in files `data/<record>.<lead>`."""

    def there(self, folder: Path) -> list[str]:
        """Names of the records of a folder, in the database's order.

        Raises:
            EcgError: there are none.
        """
        found = [file.stem for file in (folder / "data").glob("*.hea")]
        if not found:
            raise self.nothing_there(folder, "has no records in data/")
        return sorted(found, key=lambda name: (len(name), name))

    def files(self, record: str) -> list[str]:
        """Names of one record's files."""
        return [f"data/{record}.{ending}" for ending in ("hea", "dat", *LEADS)]

    def is_there(self, folder: Path) -> bool:
        """Whether any record is there."""
        return has_records(folder)

    def read(self, folder: Path, record: str) -> Recording:
        """One record, its twelve leads without annotations; see `qrs`.

        Raises:
            EcgError: files are missing or damaged.
        """
        found = read_record(folder / "data" / record, patient=f"{self.name} {record}", annotator=None)
        gain = np.full(len(found.leads), GAIN)
        return replace(found, record=f"{self.name} {record}", database=self.name, gain=gain)

    def qrs(self, folder: Path, record: str, lead: str) -> npt.NDArray[np.int64]:
        """QRS peaks of one lead in samples; the outer beats of a recording bear no mark.

        Raises:
            EcgError: the file is missing or damaged.
        """
        marks, _ = read_annotations(folder / "data" / f"{record}.{lead.lower()}")
        return np.asarray(marks.sample[marks.symbol == QRS])


@dataclass(frozen=True, kw_only=True)
class DiagnosedWaves(WaveDatabase, DiagnosisDatabase):
    """The same with a diagnosis for each recording."""


def select_ludb(folder: Path) -> Selection:
    """Records of patients with a myocardial infarction, acute or old, of healthy ones, and of others.

    Args:
        folder: the database's folder.

    Raises:
        EcgError: the folder has no record.
    """
    records, left_out = list[DiagnosedRecord](), Counter[str]()
    for name in LUDB.there(folder):
        path = folder / "data" / name
        said = header_says(path.with_name(f"{name}.hea"))
        diagnosis = diagnosis_of(said)
        if not path.with_name(f"{name}.dat").is_file():
            continue
        if not diagnosis:
            left_out["an infarction that is not sure"] += 1
            continue
        one = dict(said)
        age, sex = age_of(one.get("age")), sex_of(one.get("sex"))
        records.append(DiagnosedRecord(path, f"{LUDB.name} {name}", diagnosis, LUDB.name, age, sex, GAIN))
    return Selection.of(LUDB.name, records, left_out, RECORDS, RECORDS)


def diagnosis_of(said: list[tuple[str, str]]) -> str:
    """The diagnosis by a header's lines; empty where an infarction is suspected."""
    lines = [(name, value.lower()) for name, value in said if name not in ("age", "sex", "diagnoses")]
    if any(name.startswith(INFARCTIONS) for name, _ in lines):
        return INFARCTION
    if any(name.startswith(UNSURE) for name, _ in lines):
        return ""
    unusual = [name for name, value in lines if not value.startswith(USUAL.get(name, ()) or ("\0",))]
    return OTHER if unusual else NORMAL


LUDB = DiagnosedWaves(
    select=select_ludb,
    present=has_records,
    name="ludb",
    version="1.0.1",
    title="Lobachevsky University Electrocardiography Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Kalyakulina AI, Yusipov II, Moskalenko VA, et al. LUDB: a new open-access validation tool for "
        "electrocardiogram delineation algorithms. IEEE Access 8:186181-186190 (2020)"
    ),
    doi="10.13026/eegm-h675",
    n_records=RECORDS,
    n_bytes=26_000_000,
    needed=r"data/\d+\.(hea|dat|i|ii|iii|avr|avl|avf|v[1-6])",
    instead="name others by dataset.databases=",
)
