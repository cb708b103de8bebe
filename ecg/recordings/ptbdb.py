"""PTB Diagnostic ECG Database: infarction or healthy, by the header's `Reason for admission`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.physionet import DATABASES
from ecg.recordings.selection import DiagnosedRecord, Selection, nothing_there

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
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EcgError(f"{header}: {error.strerror or error}") from None
    found = re.search(rf"^#[ \t]*{REASON}[ \t]*:(.*)$", text, re.IGNORECASE | re.MULTILINE)
    return found[1].strip() if found else ""


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
        raise nothing_there(DATABASES["ptbdb"], folder, "has no records")
    records: list[DiagnosedRecord] = []
    left_out: Counter[str] = Counter()
    there = 0
    for header in headers:
        label = REASONS.get(reason_for_admission(header).lower())
        if not header.with_suffix(".dat").is_file():
            continue
        there += 1
        if label is None:
            left_out["another diagnosis, or none stated"] += 1
        else:
            records.append(DiagnosedRecord(header.with_suffix(""), header.parent.name, label))
    return Selection.of(DATABASES["ptbdb"], records, left_out, there, whole or len(headers))
