"""PTB-XL: infarction or normal, by the statements of ptbxl_database.csv and the classes of scp_statements.csv."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from ecg.errors import EcgError
from ecg.recordings.databases.base import DiagnosisDatabase
from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, DiagnosedRecord, Selection
from ecg.recordings.messages import failing

if TYPE_CHECKING:
    import pandas as pd

TABLE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
RECORDS = 21_799
COLUMNS = ("ecg_id", "patient_id", "scp_codes", "filename_hr")

BOTH = "NORM and MI in one record"
NEITHER = "neither NORM nor MI"
UNLIKELY = "likelihood below dataset.min_likelihood"
CONFLICT = "patients with records of both classes"


def has_ptbxl(folder: Path) -> bool:
    """Whether a folder holds both tables and any 500 Hz record."""
    return (folder / TABLE).is_file() and (folder / STATEMENTS).is_file() and any(folder.glob("records500/*/*.hea"))


def classify(codes: Mapping[str, float], infarctions: frozenset[str], min_likelihood: float) -> tuple[str, str]:
    """Diagnosis of one record, or the reason to leave it out; the other of the two is empty.

    A statement of the other class speaks against a record however unlikely it is, so that an ECG that is normal but
    for a possible infarction is in neither class.

    Args:
        codes: likelihood in percent by SCP-ECG statement; 0 where the report does not state one.
        infarctions: the statements of the diagnostic class MI.
        min_likelihood: least likelihood of the statement that gives the class.
    """
    infarction = [likelihood for code, likelihood in codes.items() if code in infarctions]
    normal = [likelihood for code, likelihood in codes.items() if code == "NORM"]
    if bool(infarction) == bool(normal):
        return "", BOTH if normal else NEITHER
    if max(infarction + normal) < min_likelihood:
        return "", UNLIKELY
    return INFARCTION if infarction else NORMAL, ""


def select_ptbxl(folder: Path, *, min_likelihood: float) -> Selection:
    """Records of the class NORM and of the diagnostic class MI, one class a patient.

    Args:
        folder: the database's folder.
        min_likelihood: least likelihood in percent of the statement that gives the class; 0 takes every statement.

    Raises:
        EcgError: a table is missing or malformed, or no record is there.
    """
    if not has_ptbxl(folder):
        raise PTBXL.nothing_there(folder, f"lacks {TABLE}, {STATEMENTS} or records500/")
    statements = _read(folder / STATEMENTS, "statements", ("diagnostic_class",))
    infarctions = frozenset(map(str, statements.iloc[:, 0][statements["diagnostic_class"] == "MI"]))
    if not infarctions:
        raise EcgError(f"{folder / STATEMENTS}: no statement has the diagnostic_class MI")
    table = _records(folder / TABLE)
    records, left_out = list[DiagnosedRecord](), Counter[str]()
    for ecg_id, person, codes, name in zip(*(table[column].tolist() for column in COLUMNS), strict=True):
        record = DiagnosedRecord(folder / name, f"ptbxl-{int(person)}", "", PTBXL.name)
        if not all(file.is_file() for file in record.files):
            continue
        diagnosis, reason = classify(_codes(codes, folder / TABLE, ecg_id), infarctions, min_likelihood)
        if reason:
            left_out[reason] += 1
        else:
            records.append(replace(record, diagnosis=diagnosis))
    if not records and not left_out:
        raise EcgError(f"{folder / TABLE}: names {len(table):,} records, and none of them is in {folder}")
    classes = Counter(patient for patient, _ in {(record.patient, record.diagnosis) for record in records})
    agreed = [record for record in records if classes[record.patient] == 1]
    if len(agreed) < len(records):
        left_out[CONFLICT] = len(records) - len(agreed)
    return Selection.of(PTBXL.name, agreed, left_out, RECORDS, RECORDS)


def _read(path: Path, what: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """One of PTB-XL's tables, which must have these columns."""
    import pandas as pd

    problem = f"{path}: not PTB-XL's table of {what}"
    with failing(problem):
        table = pd.read_csv(path)
    if absent := [column for column in columns if column not in table]:
        raise EcgError(f"{problem}: it has no column {', '.join(absent)}")
    if not isinstance(table.index, pd.RangeIndex):  # pandas would shift the columns
        raise EcgError(f"{problem}: its rows have more cells than its first line has names")
    return table


def _records(path: Path) -> pd.DataFrame:
    """The table of records: each once, with the number of a patient and the name of a file."""
    import pandas as pd

    table = _read(path, "records", COLUMNS)[list(COLUMNS)]
    table["row"] = table.index + 2  # as an editor counts lines
    table = table.drop_duplicates(list(COLUMNS))
    unknown = table[table["patient_id"].isna() | table["filename_hr"].isna()]
    if len(unknown):
        first = unknown.iloc[0]
        raise EcgError(f"{path}: ecg_id {first['ecg_id']} has no patient_id or no filename_hr (row {first['row']})")
    people = pd.to_numeric(table["patient_id"], errors="coerce")
    for column, wrong, needed in (
        ("patient_id", ~(people % 1 == 0), "a whole number"),
        ("filename_hr", ~table["filename_hr"].map(lambda name: isinstance(name, str)), "the name of a file"),
        ("ecg_id", table["ecg_id"].duplicated(), "a record of its own: another row says otherwise of it"),
        ("filename_hr", table["filename_hr"].duplicated(), "a record of its own: another row has the same"),
    ):
        if wrong.any():
            first = table[wrong].iloc[0]
            raise EcgError(f"{path}: {column} in row {first['row']} is {str(first[column])[:60]!r}, not {needed}")
    return table.assign(patient_id=people)


def _codes(text: object, path: Path, ecg_id: object) -> dict[str, float]:
    """The statements of one record: the table holds them as a Python dictionary; an empty cell holds none."""
    if isinstance(text, float) and isnan(text):
        return {}
    try:
        codes = {str(code): float(likelihood) for code, likelihood in ast.literal_eval(str(text)).items()}
    except (ValueError, SyntaxError, AttributeError, TypeError, RecursionError, MemoryError, OverflowError):
        codes = None
    if codes is None or not all(0 <= likelihood <= 100 for likelihood in codes.values()):
        said = f"scp_codes is {str(text)[:60]!r}, not statements by likelihood"
        raise EcgError(f"{path}, ecg_id {ecg_id}: {said}")
    return codes


PTBXL = DiagnosisDatabase(
    name="ptb-xl",
    version="1.0.3",
    title="PTB-XL, a large publicly available electrocardiography dataset",
    licence="Creative Commons Attribution 4.0 International (CC BY 4.0)",
    citation=(
        "Wagner P, Strodthoff N, Bousseljot R, Kreiseler D, Lunze FI, Samek W, Schaeffter T. PTB-XL, a large publicly "
        "available electrocardiography dataset. Scientific Data 7:154 (2020)"
    ),
    doi="10.13026/kfzx-aw45",
    n_records=RECORDS,
    n_bytes=2_650_000_000,
    needed=r"RECORDS|ptbxl_database\.csv|scp_statements\.csv|records500/.*\.(hea|dat)",
    select=select_ptbxl,
    present=has_ptbxl,
)
