"""PTB-XL: infarction or normal, by the statements of ptbxl_database.csv and the classes of scp_statements.csv."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ecg.errors import EcgError
from ecg.recordings.physionet import DATABASES, part_note, ways_on
from ecg.recordings.selection import MI_CLASSES, DiagnosedRecord, Selection

if TYPE_CHECKING:
    import pandas as pd

TABLE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
NORMAL = "NORM"
COLUMNS = ("ecg_id", "patient_id", "scp_codes", "filename_hr")

BOTH = "NORM and MI in one record"
NEITHER = "neither NORM nor MI"
UNLIKELY = "likelihood below dataset.min_likelihood"
CONFLICT = "patients with records of both classes"


def has_ptbxl(folder: Path) -> bool:
    """Whether a folder holds both tables and any 500 Hz record."""
    return (folder / TABLE).is_file() and (folder / STATEMENTS).is_file() and any(folder.glob("records500/*/*.hea"))


def classify(codes: Mapping[str, float], infarctions: frozenset[str], min_likelihood: float) -> int | str:
    """Class number of one record, or the reason to leave it out.

    A statement of the other class speaks against a record however unlikely it is, so that an ECG that is normal but
    for a possible infarction is in neither class.

    Args:
        codes: likelihood in percent by SCP-ECG statement; 0 where the report does not state one.
        infarctions: the statements of the diagnostic class MI.
        min_likelihood: least likelihood of the statement that gives the class.
    """
    infarction = [likelihood for code, likelihood in codes.items() if code in infarctions]
    normal = codes.get(NORMAL)
    if infarction and normal is not None:
        return BOTH
    if not infarction and normal is None:
        return NEITHER
    stated = max(infarction) if infarction else normal
    assert stated is not None
    if stated < min_likelihood:
        return UNLIKELY
    return MI_CLASSES.index("MI" if infarction else "normal")


def select_ptbxl(folder: Path, *, min_likelihood: float) -> Selection:
    """Records of the class NORM (0) and of the diagnostic class MI (1), one class a patient.

    Args:
        folder: the database's folder.
        min_likelihood: least likelihood in percent of the statement that gives the class; 0 takes every statement.

    Raises:
        EcgError: a table is missing or malformed, or no record is there.
    """
    if not has_ptbxl(folder):
        lacks = f"lacks {TABLE}, {STATEMENTS} or records500/" if folder.is_dir() else "does not exist"
        raise EcgError(f"{folder} {lacks}. {ways_on(DATABASES['ptb-xl'], folder)}")
    infarctions = _infarctions(folder / STATEMENTS)
    table = _read(folder / TABLE, COLUMNS)
    records: list[DiagnosedRecord] = []
    left_out: Counter[str] = Counter()
    there = 0
    for ecg_id, person, codes, name in zip(*(table[column].tolist() for column in COLUMNS), strict=True):
        path = folder / name
        if not all(path.with_name(path.name + suffix).is_file() for suffix in (".hea", ".dat")):
            continue
        there += 1
        found = classify(_codes(codes, folder / TABLE, ecg_id), infarctions, min_likelihood)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            records.append(DiagnosedRecord(path, f"ptbxl-{int(person)}", found))
    records, conflicts = _one_class_each(records)
    if conflicts:
        left_out[CONFLICT] = conflicts
    absent = max(0, DATABASES["ptb-xl"].n_records - there)
    note = part_note(DATABASES["ptb-xl"], there) if absent else ""
    return Selection("ptb-xl", tuple(records), dict(left_out), absent, note)


def _one_class_each(records: list[DiagnosedRecord]) -> tuple[list[DiagnosedRecord], int]:
    """The records of patients who have one class in all of theirs, and how many others there are."""
    labels: dict[str, set[int]] = {}
    for record in records:
        labels.setdefault(record.patient, set()).add(record.label)
    kept = [record for record in records if len(labels[record.patient]) == 1]
    return kept, len(records) - len(kept)


def _infarctions(path: Path) -> frozenset[str]:
    """Statements whose diagnostic class is MI."""
    import pandas as pd

    try:
        table = pd.read_csv(path, index_col=0)
        found = frozenset(str(code) for code in table.index[table["diagnostic_class"] == "MI"])
    except (KeyError, ValueError, OSError) as error:
        raise EcgError(f"{path}: not PTB-XL's table of statements ({' '.join(str(error).split())})") from None
    if not found:
        raise EcgError(f"{path}: no statement has the diagnostic_class MI")
    return found


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The named columns of PTB-XL's table of records."""
    import pandas as pd

    try:
        table = pd.read_csv(path, usecols=list(columns))
    except (ValueError, OSError) as error:
        raise EcgError(f"{path}: not PTB-XL's table of records ({' '.join(str(error).split())})") from None
    unknown = table["patient_id"].isna() | table["filename_hr"].isna()
    if unknown.any():
        row = table["ecg_id"][unknown].iloc[0]
        raise EcgError(f"{path}: ecg_id {row} has no patient_id or no filename_hr")
    return table


def _codes(text: object, path: Path, ecg_id: object) -> dict[str, float]:
    """The statements of one record: the table holds them as a Python dictionary."""
    try:
        return {str(code): float(likelihood) for code, likelihood in ast.literal_eval(str(text)).items()}
    except (ValueError, SyntaxError, AttributeError, TypeError):
        raise EcgError(
            f"{path}, ecg_id {ecg_id}: scp_codes is {str(text)[:60]!r}, not statements by likelihood"
        ) from None
