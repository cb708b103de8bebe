"""PTB-XL: infarction, normal or another, by ptbxl_database.csv and the classes of scp_statements.csv."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from ecg.errors import EcgError
from ecg.recordings.databases.base import DiagnosisDatabase
from ecg.recordings.databases.diagnosis import (
    FEMALE,
    INFARCTION,
    MALE,
    NORMAL,
    OTHER,
    DiagnosedRecord,
    Selection,
    age_of,
)
from ecg.recordings.messages import failing

if TYPE_CHECKING:
    import pandas as pd

TABLE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
RECORDS = 21_799
COLUMNS = ("ecg_id", "patient_id", "scp_codes", "filename_hr")

PERSON = ("age", "sex")
STAGES = ("infarction_stadium1", "infarction_stadium2")
SEXES = {"0": MALE, "1": FEMALE}
OVER_89 = 300
"""How the table gives the age of everybody above 89 (Wagner et al. 2020)."""

BOTH = "NORM and MI in one record"
NOTHING = "no diagnostic statement"
UNLIKELY = "likelihood below dataset.min_likelihood"
OTHER_STATEMENT = "MI by no statement of dataset.statements"
OTHER_STAGE = "MI of no stage of dataset.stages"


def has_ptbxl(folder: Path) -> bool:
    """Whether a folder holds both tables and any 500 Hz record."""
    return (folder / TABLE).is_file() and (folder / STATEMENTS).is_file() and any(folder.glob("records500/*/*.hea"))


@dataclass(frozen=True)
class Rule:
    """How statements become a diagnosis.

    Attributes:
        classes: diagnostic class by SCP-ECG statement, of those that are diagnostic.
        min_likelihood: least likelihood in percent of the statement that gives a diagnosis; 0 takes every statement.
        statements: those that count as an infarction; None: all of the diagnostic class MI.
        stages: stages of an infarction, one of which the record must have; None: any, or none stated.
    """

    classes: Mapping[str, str]
    min_likelihood: float = 0.0
    statements: frozenset[str] | None = None
    stages: frozenset[str] | None = None

    def diagnosis(self, codes: Mapping[str, float], stages: Sequence[str] = ()) -> tuple[str, str]:
        """Diagnosis of one record, or the reason to leave it out; the other of the two is empty.

        A statement of the other class speaks against a record however unlikely it is, so that an ECG that is normal but
        for a possible infarction is in neither class.

        Args:
            codes: likelihood in percent by statement; 0 where the report does not state one.
            stages: of the infarction.
        """
        by_class: dict[str, dict[str, float]] = {}
        for code, likelihood in codes.items():
            if code in self.classes:
                by_class.setdefault(self.classes[code], {})[code] = likelihood
        if not by_class:
            return "", NOTHING
        infarction, normal = by_class.get("MI", {}), by_class.get("NORM", {})
        if infarction and normal:
            return "", BOTH
        if infarction and self.statements is not None:
            infarction = {code: likelihood for code, likelihood in infarction.items() if code in self.statements}
            if not infarction:
                return "", OTHER_STATEMENT
        if infarction and self.stages is not None and not self.stages & set(stages):
            return "", OTHER_STAGE
        found = infarction or normal or {code: codes[code] for of in by_class.values() for code in of}
        if max(found.values()) < self.min_likelihood:
            return "", UNLIKELY
        return (INFARCTION if infarction else NORMAL if normal else OTHER), ""


def select_ptbxl(
    folder: Path,
    *,
    min_likelihood: float,
    statements: Sequence[str] | None = None,
    stages: Sequence[str] | None = None,
) -> Selection:
    """Records of the class NORM, of the diagnostic class MI, and of other diagnostic classes.

    Args:
        folder: the database's folder.
        min_likelihood: least likelihood in percent of the statement that gives the diagnosis; 0 takes every statement.
        statements: SCP-ECG statements that count as an infarction; None: all of the diagnostic class MI.
        stages: stages of an infarction, as in the table's infarction_stadium1 and 2; None: any, or none stated.

    Raises:
        EcgError: a table is missing or malformed, no record is there, or no such statement or stage.
    """
    if not has_ptbxl(folder):
        raise PTBXL.nothing_there(folder, f"lacks {TABLE}, {STATEMENTS} or records500/")
    table = _records(folder / TABLE, STAGES if stages is not None else ())
    rule = Rule(
        _classes(folder / STATEMENTS),
        min_likelihood,
        None if statements is None else frozenset(statements),
        None if stages is None else frozenset(stages),
    )
    _check(rule, table)
    records, left_out = list[DiagnosedRecord](), Counter[str]()
    for row in table.to_dict("records"):
        path, patient = folder / row["filename_hr"], f"ptbxl-{int(row['patient_id'])}"
        record = DiagnosedRecord(path, patient, "", PTBXL.name)
        if not all(file.is_file() for file in record.files):
            continue
        codes = _codes(row["scp_codes"], folder / TABLE, row["ecg_id"])
        diagnosis, reason = rule.diagnosis(codes, [str(row.get(name)) for name in STAGES])
        if reason:
            left_out[reason] += 1
        else:
            records.append(DiagnosedRecord(path, patient, diagnosis, PTBXL.name, _age(row["age"]), _sex(row["sex"])))
    if not records and not left_out:
        raise EcgError(f"{folder / TABLE}: names {len(table):,} records, and none of them is in {folder}")
    return Selection.of(PTBXL.name, records, left_out, RECORDS, RECORDS)


def _classes(path: Path) -> dict[str, str]:
    """Diagnostic class by statement."""
    table = _read(path, "statements", ("diagnostic_class",))
    known = table[table["diagnostic_class"].notna()]
    classes = dict(zip(known.iloc[:, 0].map(str), known["diagnostic_class"].map(str), strict=True))
    if "MI" not in classes.values():
        raise EcgError(f"{path}: no statement has the diagnostic_class MI")
    return classes


def _check(rule: Rule, table: pd.DataFrame) -> None:
    """Refuse statements and stages that the tables do not have."""
    infarctions = {code for code, of in rule.classes.items() if of == "MI"}
    stages = {str(stage) for name in STAGES if name in table for stage in table[name].dropna()}
    for setting, wanted, known in (
        ("statements", rule.statements, infarctions),
        ("stages", rule.stages, stages),
    ):
        if wanted is not None and (unknown := sorted(wanted - known) or ["[]"] * (not wanted)):
            raise EcgError(f"dataset.{setting}: {unknown[0]} is none of {', '.join(sorted(known))}")


def _age(value: object) -> float:
    return 90.0 if value == OVER_89 else age_of(value)


def _sex(value: object) -> str:
    return SEXES.get(f"{value:g}", "") if isinstance(value, int | float) else ""


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


def _records(path: Path, more: Sequence[str]) -> pd.DataFrame:
    """The table of records: each once, with the number of a patient and the name of a file, and `more` columns."""
    import pandas as pd

    table = _read(path, "records", (*COLUMNS, *more))
    table = table.reindex(columns=[*COLUMNS, *PERSON, *more])  # a table without ages has empty ones
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
