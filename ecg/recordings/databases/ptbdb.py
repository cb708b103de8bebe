"""PTB Diagnostic ECG Database: infarction, healthy or another, by the header's `Reason for admission`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ecg.recordings.databases.base import DiagnosisDatabase
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

RECORDS = 549
REASONS = {"healthy control": NORMAL, "myocardial infarction": INFARCTION, "": None, "n/a": None}
"""Diagnoses by reason for admission; every reason that is not listed is another diagnosis."""


def has_ptbdb(folder: Path) -> bool:
    """Whether a folder holds any header of the database."""
    return any(folder.glob("patient*/*.hea"))


def select_ptbdb(folder: Path, *, whole: int | None = RECORDS) -> Selection:
    """Records of patients with myocardial infarction, of healthy controls, and of others.

    Only headers are read. Files that are missing are counted, so that a part of the database can be used as it is.

    Args:
        folder: the database's folder, with `patient001/` and so on in it.
        whole: number of records of the complete database; None: what is there is all there is.

    Raises:
        EcgError: the folder has no record.
    """
    headers = sorted(folder.glob("patient*/*.hea"))
    if not headers:
        raise PTBDB.nothing_there(folder, "has no records")
    records, left_out = list[DiagnosedRecord](), Counter[str]()
    for header in headers:
        if not header.with_suffix(".dat").is_file():
            continue
        said = dict(header_says(header))
        diagnosis = REASONS.get(said.get("reason for admission", "").lower(), OTHER)
        if diagnosis is None:
            left_out["no reason for admission stated"] += 1
            continue
        age, sex = age_of(said.get("age")), sex_of(said.get("sex"))
        path = header.with_suffix("")
        records.append(DiagnosedRecord(path, header.parent.name, diagnosis, PTBDB.name, age, sex))
    return Selection.of(PTBDB.name, records, left_out, whole or len(headers), RECORDS)


PTBDB = DiagnosisDatabase(
    name="ptbdb",
    version="1.0.0",
    title="PTB Diagnostic ECG Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Bousseljot R, Kreiseler D, Schnabel A. Nutzung der EKG-Signaldatenbank CARDIODAT der PTB über das Internet. "
        "Biomedizinische Technik 40, Ergänzungsband 1, S 317 (1995)"
    ),
    doi="10.13026/C28C71",
    n_records=RECORDS,
    n_bytes=1_400_000_000,
    needed=r"RECORDS|patient.*\.(hea|dat)",  # without the Frank leads in .xyz
    select=select_ptbdb,
    present=has_ptbdb,
)
