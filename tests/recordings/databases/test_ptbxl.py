"""PTB-XL: the diagnosis is read from tables in the true format."""

from __future__ import annotations

from math import nan
from pathlib import Path

import pandas as pd
import pytest

from ecg.errors import EcgError
from ecg.recordings.databases.ptbxl import (
    BOTH,
    NOTHING,
    OTHER_STAGE,
    OTHER_STATEMENT,
    UNLIKELY,
    Rule,
    has_ptbxl,
    select_ptbxl,
)

CLASSES = {"NDT": "STTC", "NORM": "NORM", "IMI": "MI", "ASMI": "MI"}
STATEMENTS = """,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
NDT,non-diagnostic T abnormalities,1.0,1.0,,STTC,STTC
NORM,normal ECG,1.0,,,NORM,NORM
IMI,inferior myocardial infarction,1.0,,,MI,IMI
ASMI,anteroseptal myocardial infarction,1.0,,,MI,AMI
SR,sinus rhythm,,,1.0,,
"""
ROWS = [
    (1, 11.0, {"NORM": 100.0, "SR": 0.0}),
    (2, 12.0, {"IMI": 100.0, "SR": 0.0}),
    (3, 13.0, {"IMI": 15.0, "ASMI": 35.0}),
    (4, 14.0, {"NDT": 100.0}),
    (5, 15.0, {"NORM": 80.0, "IMI": 15.0}),
    (6, 16.0, {"NORM": 100.0}),
    (7, 16.0, {"ASMI": 50.0}),
    (8, 11.0, {"NORM": 80.0}),
    (9, 17.0, {"NORM": 100.0}),
]


HEAD = "ecg_id,patient_id,scp_codes,filename_hr\n"


def write(folder: Path, rows: list[tuple[int, float, dict[str, float]]], absent: tuple[int, ...] = ()) -> None:
    """The two tables, and a header and samples (not looked into) for all but the `absent` records."""
    names = [f"records500/00000/{ecg_id:05d}_hr" for ecg_id, _, _ in rows]
    table = pd.DataFrame(
        {
            "ecg_id": [row[0] for row in rows],
            "patient_id": [row[1] for row in rows],
            "age": 50.0,
            "sex": 1,
            "report": "sinusrhythmus, normales ekg",
            "scp_codes": [str(row[2]) for row in rows],
            "filename_lr": [name.replace("500", "100") for name in names],
            "filename_hr": names,
        }
    )
    (folder / "records500" / "00000").mkdir(parents=True)
    table.to_csv(folder / "ptbxl_database.csv", index=False)
    (folder / "scp_statements.csv").write_text(STATEMENTS)
    for (ecg_id, _, _), name in zip(rows, names, strict=True):
        for suffix in (".hea", ".dat") if ecg_id not in absent else ():
            (folder / f"{name}{suffix}").touch()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, ROWS, absent=(9,))
    return tmp_path


@pytest.mark.parametrize(
    ("codes", "least", "expected"),
    [
        ({"NORM": 100}, 50, "normal"),
        ({"NORM": 0}, 0, "normal"),
        ({"NORM": 0}, 50, UNLIKELY),
        ({"IMI": 15, "ASMI": 50}, 50, "MI"),
        ({"IMI": 35}, 50, UNLIKELY),
        ({"IMI": 0}, 0, "MI"),
        ({"NORM": 100, "IMI": 15}, 50, BOTH),
        ({"NORM": 100, "NDT": 100}, 50, "normal"),
        ({"NORM": 15, "NDT": 100}, 50, UNLIKELY),
        ({"IMI": 100, "NDT": 100}, 50, "MI"),
        ({"NDT": 100}, 0, "other"),
        ({"NDT": 0}, 0, "other"),
        ({"NDT": 15, "SR": 100}, 50, UNLIKELY),
        ({"SR": 100}, 0, NOTHING),
        ({}, 0, NOTHING),
    ],
)
def test_class_of_a_record(codes: dict[str, float], least: float, expected: str) -> None:
    found = Rule(CLASSES, least).diagnosis(codes)
    assert found == ((expected, "") if expected in ("normal", "MI", "other") else ("", expected))


@pytest.mark.parametrize(
    ("codes", "stages", "expected"),
    [
        ({"IMI": 100}, ["Stadium III", "nan"], "MI"),
        ({"IMI": 100}, ["nan", "Stadium III"], "MI"),
        ({"IMI": 100}, ["Stadium I", "nan"], OTHER_STAGE),
        ({"IMI": 100}, [], OTHER_STAGE),
        ({"ASMI": 100}, ["Stadium III"], OTHER_STATEMENT),
        ({"IMI": 15, "ASMI": 100}, ["Stadium III"], UNLIKELY),
        ({"NORM": 100, "ASMI": 15}, ["Stadium III"], BOTH),
        ({"NORM": 100}, [], "normal"),
        ({"NDT": 100}, [], "other"),
    ],
)
def test_class_of_a_record_where_only_some_infarctions_count(
    codes: dict[str, float], stages: list[str], expected: str
) -> None:
    found = Rule(CLASSES, 50, frozenset({"IMI"}), frozenset({"Stadium III"})).diagnosis(codes, stages)
    assert found == ((expected, "") if expected in ("normal", "MI", "other") else ("", expected))


def test_every_record_with_a_diagnosis_is_taken_and_the_rest_is_counted(folder: Path) -> None:
    """Also those of patient 16, who is in two classes: whether that matters is a question of the target."""
    selection = select_ptbxl(folder, min_likelihood=50)
    assert [(r.name, r.patient, r.diagnosis) for r in selection.records] == [
        ("00001_hr", "ptbxl-11", "normal"),
        ("00002_hr", "ptbxl-12", "MI"),
        ("00004_hr", "ptbxl-14", "other"),
        ("00006_hr", "ptbxl-16", "normal"),
        ("00007_hr", "ptbxl-16", "MI"),
        ("00008_hr", "ptbxl-11", "normal"),
    ]
    assert {(r.database, r.age, r.sex) for r in selection.records} == {("ptb-xl", 50.0, "female")}
    assert selection.left_out == {UNLIKELY: 1, BOTH: 1}
    assert selection.not_downloaded == 21_799 - 8
    assert selection.note == "Only 8 of the 21,799 records of ptb-xl were there."


def test_every_statement_counts_without_a_least_likelihood(folder: Path) -> None:
    selection = select_ptbxl(folder, min_likelihood=0)
    assert {r.name: r.diagnosis for r in selection.records} == {
        "00001_hr": "normal", "00002_hr": "MI", "00003_hr": "MI", "00004_hr": "other", "00006_hr": "normal",
        "00007_hr": "MI", "00008_hr": "normal",
    }  # fmt: skip
    assert selection.left_out == {BOTH: 1}


def test_a_patient_who_is_sick_in_one_record_only_below_the_least_likelihood_is_no_conflict(folder: Path) -> None:
    records = select_ptbxl(folder, min_likelihood=80).records
    assert [(r.name, r.diagnosis) for r in records if r.patient == "ptbxl-16"] == [("00006_hr", "normal")]


def test_age_and_sex_are_those_of_the_table(folder: Path) -> None:
    path = folder / "ptbxl_database.csv"
    table = pd.read_csv(path)
    table["age"] = [300, 89, nan, 51.5, 50, 0, 18, 2, 50]  # 300: above 89
    table["sex"] = [0, 1, 1, nan, 0, 2, 1, 0, 0]
    table.to_csv(path, index=False)
    records = select_ptbxl(folder, min_likelihood=0).records
    assert [r.age for r in records] == pytest.approx([90, 89, nan, 51.5, nan, 18, 2], nan_ok=True)
    assert [r.sex for r in records] == ["male", "female", "female", "", "", "female", "male"]


def test_a_table_without_age_and_sex_gives_the_same_records_of_unknown_ones(folder: Path) -> None:
    path = folder / "ptbxl_database.csv"
    whole = select_ptbxl(folder, min_likelihood=50)
    pd.read_csv(path).drop(columns=["age", "sex"]).to_csv(path, index=False)
    found = select_ptbxl(folder, min_likelihood=50)
    assert [(r.name, r.diagnosis) for r in found.records] == [(r.name, r.diagnosis) for r in whole.records]
    assert [r.age for r in found.records] == pytest.approx([nan] * 6, nan_ok=True)
    assert {r.sex for r in found.records} == {""}
    assert found.left_out == whole.left_out


def test_nothing_there_names_the_ways_on(tmp_path: Path) -> None:
    assert not has_ptbxl(tmp_path / "ptb-xl")
    with pytest.raises(EcgError, match=r"does not exist.*ecg download ptb-xl.*dataset\.source=synthetic"):
        select_ptbxl(tmp_path / "ptb-xl", min_likelihood=0)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "scp_statements.csv").unlink()
    with pytest.raises(EcgError, match=r"lacks ptbxl_database\.csv, scp_statements\.csv or records500/"):
        select_ptbxl(folder, min_likelihood=0)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("scp_statements.csv", "a,b\n1,2\n", "not PTB-XL's table of statements"),
        ("scp_statements.csv", ",diagnostic_class\nNORM,NORM\n", "no statement has the diagnostic_class MI"),
        ("ptbxl_database.csv", "a,b\n1,2\n", "not PTB-XL's table of records"),
        ("ptbxl_database.csv", "ecg_id,patient_id,scp_codes,filename_hr\n7,,{},x\n", "ecg_id 7 has no patient_id"),
        (
            "ptbxl_database.csv",
            "ecg_id,patient_id,scp_codes,filename_hr\n3,5.0,NORM,records500/00000/00001_hr\n",
            "ecg_id 3: scp_codes is 'NORM'",
        ),
        ("ptbxl_database.csv", "ecg_id,scp_codes,filename_hr\n1,{},x\n", "it has no column patient_id"),
        ("ptbxl_database.csv", "ecg_id;patient_id;scp_codes;filename_hr\n1;2;{};x\n", "no column ecg_id, patient_id"),
        ("ptbxl_database.csv", HEAD + "1,2.0,{},x,9\n", "rows have more cells than its first line has names"),
        ("ptbxl_database.csv", HEAD + "1,2.0,{},x\n5,p15,{},y\n", "patient_id in row 3 is 'p15', not a whole number"),
        ("ptbxl_database.csv", HEAD + "1,2.5,{},x\n", "patient_id in row 2 is '2.5', not a whole number"),
        ("ptbxl_database.csv", HEAD + "1,inf,{},x\n", "patient_id in row 2 is 'inf', not a whole number"),
        ("ptbxl_database.csv", HEAD + "1,2.0,{},7\n", "filename_hr in row 2 is '7', not the name of a file"),
        ("ptbxl_database.csv", HEAD + "1,2.0,{},x\n1,3.0,{},x\n", "ecg_id in row 3 is '1', not a record of its own"),
        (
            "ptbxl_database.csv",
            HEAD + "1,2.0,{},x\n2,2.0,{},x\n",
            "filename_hr in row 3 is 'x', not a record of its own",
        ),
        ("ptbxl_database.csv", HEAD + "1,2.0,{},x\n", "names 1 records, and none of them is in"),
        ("ptbxl_database.csv", HEAD, "names 0 records, and none of them is in"),
        ("ptbxl_database.csv", "", "not PTB-XL's table of records"),
        *(
            ("ptbxl_database.csv", f"{HEAD}3,5.0,{codes},records500/00000/00001_hr\n", "ecg_id 3: scp_codes is")
            for codes in ("['NORM']", "{'NORM': None}", "{'NORM': 'a'}", "{'NORM': 1", "{'NORM': -1}", "{'NORM': 1e9}")
        ),
    ],
)
def test_a_malformed_table_is_named_with_what_is_wrong(folder: Path, file: str, content: str, said: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(EcgError, match=rf"{file}.*{said}"):
        select_ptbxl(folder, min_likelihood=0)


def test_rows_given_twice_count_once(folder: Path) -> None:
    table = folder / "ptbxl_database.csv"
    expected = select_ptbxl(folder, min_likelihood=50)
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join([*lines, *lines[1:5]]))
    assert select_ptbxl(folder, min_likelihood=50) == expected


def test_a_record_without_statements_is_left_out(folder: Path) -> None:
    table = folder / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("{'NDT': 100.0}", ""))
    assert select_ptbxl(folder, min_likelihood=50).left_out == {UNLIKELY: 1, NOTHING: 1, BOTH: 1}


@pytest.mark.real
def test_the_real_part_of_ptb_xl_holds_its_known_numbers(ecg_data: Path) -> None:
    """297 records of 286 patients carry NORM, 73 of 70 an infarction, and none carries both."""
    every, likely = (select_ptbxl(ecg_data / "ptb-xl", min_likelihood=least) for least in (0, 50))
    for selection, known in (
        (every, {"normal": (297, 286), "MI": (73, 70), "other": (118, 111)}),
        (likely, {"normal": (297, 286), "MI": (46, 43), "other": (116, 109)}),
    ):
        for diagnosis, counts in known.items():
            own = [record for record in selection.records if record.diagnosis == diagnosis]
            assert (len(own), len({record.patient for record in own})) == counts
        assert sum(records for records, _ in known.values()) == len(selection.records)
    assert every.left_out == {NOTHING: 12}
    assert likely.left_out == {UNLIKELY: 29, NOTHING: 12}
    assert all(record.sex for record in every.records)
    assert sum(record.age != record.age for record in every.records) == 4
    recording = likely.records[0].read()
    assert (recording.fs, recording.leads[1], recording.database) == (500.0, "II", "ptb-xl")
