"""PTB Diagnostic ECG Database: infarction or healthy, by the header's `Reason for admission`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.databases.base import DiagnosisDatabase
from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, DiagnosedRecord, Selection

RECORDS = 549
REASONS = {"healthy control": NORMAL, "myocardial infarction": INFARCTION}
"""Every other reason for admission is left out."""


def reason_for_admission(header: Path) -> str:
    """What the header's comment lines say the patient was admitted for; empty where they do not say.

    Args:
        header: a .hea file.

    Raises:
        EcgError: it cannot be read.
    """
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EcgError(f"{header}: {error.strerror or error}") from None
    found = re.search(r"^#[ \t]*reason for admission[ \t]*:(.*)$", text, re.IGNORECASE | re.MULTILINE)
    return found[1].strip() if found else ""


def has_ptbdb(folder: Path) -> bool:
    """Whether a folder holds any header of the database."""
    return any(folder.glob("patient*/*.hea"))


def select_ptbdb(folder: Path, *, whole: int | None = RECORDS) -> Selection:
    """Records of patients with myocardial infarction and of healthy controls.

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
        diagnosis = REASONS.get(reason_for_admission(header).lower())
        if not header.with_suffix(".dat").is_file():
            continue
        if diagnosis is None:
            left_out["another diagnosis, or none stated"] += 1
        else:
            records.append(DiagnosedRecord(header.with_suffix(""), header.parent.name, diagnosis, PTBDB.name))
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
