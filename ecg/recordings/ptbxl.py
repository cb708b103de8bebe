"""PTB-XL: infarction or normal, by the statements of ptbxl_database.csv and the classes of scp_statements.csv."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.messages import failing
from ecg.recordings.physionet import DATABASES
from ecg.recordings.selection import MI_CLASSES, DiagnosedRecord, Selection, nothing_there

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
    normal = [likelihood for code, likelihood in codes.items() if code == NORMAL]
    if infarction and normal:
        return BOTH
    if not infarction and not normal:
        return NEITHER
    if max(infarction + normal) < min_likelihood:
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
        raise nothing_there(DATABASES["ptb-xl"], folder, f"lacks {TABLE}, {STATEMENTS} or records500/")
    statements = _read(folder / STATEMENTS, "statements", ("diagnostic_class",))
    infarctions = frozenset(map(str, statements.iloc[:, 0][statements["diagnostic_class"] == "MI"]))
    if not infarctions:
        raise EcgError(f"{folder / STATEMENTS}: no statement has the diagnostic_class MI")
    table = _read(folder / TABLE, "records", COLUMNS)
    unknown = table["ecg_id"][table["patient_id"].isna() | table["filename_hr"].isna()]
    if len(unknown):
        raise EcgError(f"{folder / TABLE}: ecg_id {unknown.iloc[0]} has no patient_id or no filename_hr")
    records: list[DiagnosedRecord] = []
    left_out: Counter[str] = Counter()
    there = 0
    for ecg_id, person, codes, name in zip(*(table[column].tolist() for column in COLUMNS), strict=True):
        record = DiagnosedRecord(folder / name, f"ptbxl-{int(person)}", label=0)
        if not all(file.is_file() for file in record.files):
            continue
        there += 1
        found = classify(_codes(codes, folder / TABLE, ecg_id), infarctions, min_likelihood)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            records.append(replace(record, label=found))
    classes = Counter(patient for patient, _ in {(record.patient, record.label) for record in records})
    agreed = [record for record in records if classes[record.patient] == 1]
    if conflicts := len(records) - len(agreed):
        left_out[CONFLICT] = conflicts
    return Selection.of(DATABASES["ptb-xl"], agreed, left_out, there, DATABASES["ptb-xl"].n_records)


def _read(path: Path, what: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """One of PTB-XL's tables, which must have these columns."""
    with failing(f"{path}: not PTB-XL's table of {what}"):
        table = pd.read_csv(path)
        table[list(columns)]
    return table


def _codes(text: object, path: Path, ecg_id: object) -> dict[str, float]:
    """The statements of one record: the table holds them as a Python dictionary."""
    try:
        return {str(code): float(likelihood) for code, likelihood in ast.literal_eval(str(text)).items()}
    except (ValueError, SyntaxError, AttributeError, TypeError):
        raise EcgError(
            f"{path}, ecg_id {ecg_id}: scp_codes is {str(text)[:60]!r}, not statements by likelihood"
        ) from None
