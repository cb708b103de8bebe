"""PTB Diagnostic ECG Database: infarction or healthy, by the header's `Reason for admission`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.physionet import DATABASES, part_note, ways_on
from ecg.recordings.selection import DiagnosedRecord, Selection

REASON = "reason for admission"
REASONS = {"healthy control": 0, "myocardial infarction": 1}
"""Class number by reason for admission; every other diagnosis is left out."""


def reason_for_admission(header: Path) -> str:
    """What the header's comment lines say the patient was admitted for; empty where they do not say.

    Args:
        header: a .hea file.

    Raises:
        EcgError: it cannot be read.
    """
    try:
        lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise EcgError(f"{header}: {error.strerror or error}") from None
    for line in lines:
        key, _, value = line.removeprefix("#").partition(":")
        if line.startswith("#") and key.strip().lower() == REASON:
            return value.strip()
    return ""


def has_ptbdb(folder: Path) -> bool:
    """Whether a folder holds any header of the database."""
    return any(folder.glob("patient*/*.hea"))


def select_ptbdb(folder: Path, *, whole: int | None = DATABASES["ptbdb"].n_records) -> Selection:
    """Records of patients with myocardial infarction (1) and of healthy controls (0).

    Only headers are read. Files that are missing are counted, so that a part of the database can be used as it is.

    Args:
        folder: the database's folder, with `patient001/` and so on in it.
        whole: number of records of the complete database; None: what is there is all there is.

    Raises:
        EcgError: the folder has no record.
    """
    headers = sorted(folder.glob("patient*/*.hea"))
    if not headers:
        state = "has no records" if folder.is_dir() else "does not exist"
        raise EcgError(f"{folder} {state}. {ways_on(DATABASES['ptbdb'], folder)}")
    records: list[DiagnosedRecord] = []
    left_out: Counter[str] = Counter()
    missing = 0
    for header in headers:
        label = REASONS.get(reason_for_admission(header).lower())
        if not header.with_suffix(".dat").is_file():
            missing += 1
        elif label is None:
            left_out["another diagnosis, or none stated"] += 1
        else:
            records.append(DiagnosedRecord(header.with_suffix(""), header.parent.name, label))
    there = len(headers) - missing
    absent = max(0, (len(headers) if whole is None else whole) - there)
    note = part_note(DATABASES["ptbdb"], there) if absent else ""
    return Selection("ptbdb", tuple(records), dict(left_out), absent, note)
