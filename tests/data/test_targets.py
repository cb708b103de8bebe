"""Who is in which class, who is tested beside them, and which statements count: questions about infarctions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecg.checks import BadSettingError
from ecg.data import MIDataModule
from ecg.data.diagnosis import CONFLICT, DiagnosisSource, people_of
from ecg.data.mi import Labels
from ecg.data.people import TARGETS, Person
from ecg.errors import EcgError
from ecg.recordings.databases.diagnosis import DiagnosedRecord, Selection
from ecg.recordings.databases.ludb import LUDB
from ecg.recordings.databases.ptbdb import PTBDB, select_ptbdb
from ecg.recordings.databases.ptbxl import OTHER_STAGE, OTHER_STATEMENT, PTBXL, select_ptbxl
from ecg.recordings.synthetic import write_mi

PATIENTS = 15
OTHERS = (0, 2, 5, 7)
"""Simulated infarctions that are told to be another disease here; patients 1, 3, 6, 8, 11, 13 are healthy."""
SICK, HEALTHY = "Myocardial infarction", "Healthy control"
TARGET_NAMES = pytest.mark.parametrize("target", TARGETS)


def header(ptb: Path, patient: int) -> Path:
    (found,) = (ptb / f"patient{patient:03d}").glob("*.hea")
    return found


def tell(ptb: Path, patient: int, old: str, new: str) -> None:
    path = header(ptb, patient)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def names(patients: Sequence[int]) -> list[str]:
    return [f"patient{i:03d}" for i in patients]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: in ptbdb/ six healthy patients, five with an infarction and four with another disease."""
    folder = tmp_path_factory.mktemp("data")
    write_mi(folder / "ptbdb", patients=PATIENTS, seconds=6, seed=2)
    for patient in OTHERS:
        tell(folder / "ptbdb", patient, SICK, "Cardiomyopathy")
    for patient in range(PATIENTS):
        path = header(folder / "ptbdb", patient)
        path.write_text(path.read_text() + f"# age: {40 + patient}\n# sex: {'female' if patient % 2 else 'male'}\n")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The same to be changed."""
    shutil.copytree(made / "ptbdb", tmp_path / "ptbdb")
    return tmp_path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ready(cache: Path) -> Callable[..., MIDataModule]:
    def make(folder: Path, **changes: Any) -> MIDataModule:
        data = MIDataModule(**{"batch_size": 8, "data_dir": folder, "cache_dir": cache, "split": "beats", **changes})
        data.setup()
        return data

    return make


def write_ptbxl(folder: Path, rows: Sequence[dict[str, Any]], without: Sequence[str] = ()) -> Path:
    """The tables of PTB-XL, and for each row an empty record; see `test_ptbxl.py` for malformed ones."""
    base = folder / "ptb-xl"
    (base / "records500" / "00000").mkdir(parents=True)
    usual = {"age": 60.0, "sex": 0, "infarction_stadium1": nan, "infarction_stadium2": nan}
    table = pd.DataFrame([{"ecg_id": i, "patient_id": 10.0 + i, **usual, **row} for i, row in enumerate(rows, 1)])
    table["scp_codes"] = table["scp_codes"].map(str)
    table["filename_hr"] = [f"records500/00000/{i:05d}_hr" for i in table["ecg_id"]]
    table.drop(columns=list(without)).to_csv(base / "ptbxl_database.csv", index=False)
    (base / "scp_statements.csv").write_text(
        ",description,diagnostic_class\nNORM,normal ECG,NORM\nIMI,inferior,MI\nASMI,anteroseptal,MI\n"
        "LVH,hypertrophy,HYP\nNDT,T abnormalities,STTC\nSR,sinus rhythm,\n"
    )
    for name in table["filename_hr"]:
        (base / f"{name}.hea").touch()
        (base / f"{name}.dat").touch()
    return base


# the classes of each question


def test_questions_have_an_infarction_as_their_second_class() -> None:
    assert {name: target.classes for name, target in TARGETS.items()} == {
        "mi_vs_normal": ("normal", "MI"),
        "mi_vs_other": ("other", "MI"),
        "mi_vs_all": ("not MI", "MI"),
    }
    numbers = {name: [one.number(d) for d in ("normal", "other", "MI")] for name, one in TARGETS.items()}
    assert numbers == {"mi_vs_normal": [0, None, 1], "mi_vs_other": [None, 0, 1], "mi_vs_all": [0, 0, 1]}


@pytest.mark.parametrize(
    ("target", "counts", "beside"),
    [
        ("mi_vs_normal", {"normal": 6, "MI": 5}, {"other": 4}),
        ("mi_vs_other", {"other": 4, "MI": 5}, {"normal": 6}),
        ("mi_vs_all", {"not MI": 10, "MI": 5}, {}),
    ],
)
def test_patients_are_in_the_class_of_their_diagnosis_or_beside_them(
    made: Path, ready: Callable[..., MIDataModule], target: str, counts: dict[str, int], beside: dict[str, int]
) -> None:
    data = ready(made, target=target, split="patients")
    assert data.classes == data.info.classes == tuple(counts)
    assert data.info.facts["patients"] == {"ptbdb": counts}
    everybody = {"ptbdb": sum(beside.values())} if beside else {}
    assert {name: len(np.unique(beats.patient)) for name, beats in data.beside.items()} == everybody
    found = {key: value for key, value in data.info.facts.items() if key.startswith("beside ")}
    assert found == ({"beside ptbdb": beside} if beside else {})
    sick = sorted({*range(PATIENTS)} - {*OTHERS, 1, 3, 6, 8, 11, 13})
    assert np.unique(data.beats.patient[data.beats.y == 1]).tolist() == names(sick)
    assert set(data.beats.y) == {0, 1}


def test_who_is_beside_is_in_no_subset_and_in_no_class(made: Path, ready: Callable[..., MIDataModule]) -> None:
    data = ready(made, split="patients", beats_per_patient=3)
    beside = data.beside["ptbdb"]
    assert np.unique(beside.patient, return_counts=True)[1].tolist() == [3] * 4
    assert np.unique(beside.patient).tolist() == names(OTHERS)
    assert set(beside.y) == {-1}
    assert not np.isin(data.beats.patient, beside.patient).any()
    assert sum(len(index) for index in data.split.subsets.values()) <= len(data.beats)
    assert {name: one.shape[1:] for name, one in beside.inputs.items()} == data.shapes


def test_every_patient_is_known_with_diagnosis_age_and_sex(made: Path, ready: Callable[..., MIDataModule]) -> None:
    data = ready(made)
    assert sorted(data.people) == names(range(PATIENTS))
    assert data.people["patient000"] == Person("ptbdb", "other", 40.0, "male")
    assert data.people["patient001"] == Person("ptbdb", "normal", 41.0, "female")
    assert data.people["patient004"] == Person("ptbdb", "MI", 44.0, "male")
    assert not any("no ages" in note for note in data.info.notes)


def test_a_patient_with_several_records_is_one_person() -> None:
    def one(diagnosis: str, age: float = nan, sex: str = "", patient: str = "a") -> DiagnosedRecord:
        return DiagnosedRecord(Path("x"), patient, diagnosis, "mine", age, sex)

    people = people_of([one("normal"), one("other", 60), one("MI", 62, "male"), one("normal", patient="b")])
    assert people["a"] == Person("mine", "MI", 61.0, "male")
    assert (people["b"].diagnosis, isnan(people["b"].age), people["b"].sex) == ("normal", True, "")
    assert people_of([one("normal"), one("other")])["a"].diagnosis == "other"


def test_the_cached_preparation_gives_the_same_people_and_beats(made: Path, ready: Callable[..., MIDataModule]) -> None:
    first, again = ready(made, target="mi_vs_other"), ready(made, target="mi_vs_other")
    assert again.cached
    assert (again.info, again.people) == (first.info, first.people)
    np.testing.assert_array_equal(again.beside["ptbdb"].signal, first.beside["ptbdb"].signal)


# records that are left out


@pytest.mark.parametrize("reason", ["n/a", "N/A", ""])
def test_who_was_admitted_for_no_stated_reason_is_left_out(folder: Path, reason: str) -> None:
    tell(folder / "ptbdb", 0, "Cardiomyopathy", reason)
    found = select_ptbdb(folder / "ptbdb", whole=None)
    assert len(found.records) == PATIENTS - 1
    assert found.left_out == {"no reason for admission stated": 1}


def moved(ptb: Path, record_of: int, to: int) -> None:
    """Another record for patient `to`, that of the patient `record_of`."""
    for path in list((ptb / f"patient{record_of:03d}").iterdir()):
        path.rename(ptb / f"patient{to:03d}" / path.name)


def test_a_patient_of_both_classes_is_in_neither_and_counted(folder: Path, ready: Callable[..., MIDataModule]) -> None:
    moved(folder / "ptbdb", record_of=1, to=4)
    data = ready(folder)
    assert data.info.facts["records_left_out"] == {CONFLICT: 2}
    assert data.info.facts["patients"] == {"ptbdb": {"normal": 5, "MI": 4}}
    for beats in (data.beats, data.beside["ptbdb"]):
        assert not np.isin(["patient001", "patient004"], beats.patient).any()
    assert "patient004" not in data.people


def test_a_record_of_no_class_is_not_beside_where_its_patient_is_in_a_class(
    folder: Path, ready: Callable[..., MIDataModule]
) -> None:
    moved(folder / "ptbdb", record_of=0, to=4)
    data = ready(folder)
    assert data.info.facts["records_left_out"] == {}
    assert np.unique(data.beside["ptbdb"].patient).tolist() == names(OTHERS[1:])
    assert np.unique(data.beats.record[data.beats.patient == "patient004"]).tolist() == ["sim004"]
    both = ready(folder, target="mi_vs_all")
    assert both.info.facts["records_left_out"] == {CONFLICT: 2}
    assert "patient004" not in both.beats.patient


def test_elsewhere_the_same_rules_say_who_is_in_which_class() -> None:
    def record(name: str, patient: str, diagnosis: str) -> DiagnosedRecord:
        return DiagnosedRecord(Path(name), patient, diagnosis, "there")

    records = (
        record("a1", "a", "MI"), record("a2", "a", "normal"),  # of both classes
        record("b1", "b", "MI"), record("b2", "b", "other"),  # in one, so that what is in none is not his
        record("c1", "c", "other"), record("d1", "d", "normal"),
    )  # fmt: skip
    there = Selection("there", records, {"unreadable": 2})
    source = DiagnosisSource("physionet", False, list, lambda *_: np.empty(0), elsewhere=lambda: [there])
    ((name, kept, lost),) = source._outside()
    assert (name, [one.name for one in kept], lost) == ("there", ["b1", "c1", "d1"], {"unreadable": 2, CONFLICT: 2})
    everybody = replace(source, target=TARGETS["mi_vs_all"])
    ((_, kept, lost),) = everybody._outside()
    assert [one.name for one in kept] == ["c1", "d1"]
    assert lost[CONFLICT] == 4


def test_a_record_without_the_lead_is_counted(folder: Path, ready: Callable[..., MIDataModule]) -> None:
    tell(folder / "ptbdb", 3, "v5", "v4")
    tell(folder / "ptbdb", 5, "v5", "v4")
    data = ready(folder, leads=["V5"])
    assert data.info.facts["records_left_out"] == {"no lead V5": 1}
    assert data.info.facts["beside ptbdb"] == {"other": 3}
    assert data.info.facts["left out beside ptbdb"] == {"no lead V5": 1}
    assert data.info.facts["patients"] == {"ptbdb": {"normal": 5, "MI": 5}}


def test_a_lead_that_no_record_has_is_an_error_that_names_those_there(
    made: Path, ready: Callable[..., MIDataModule]
) -> None:
    with pytest.raises(EcgError, match=r"^record sim\d+: no lead V1; it has i, ii, v5$"):
        ready(made, leads=["V1"])


def test_leads_that_follow_from_i_and_ii_are_made(made: Path, ready: Callable[..., MIDataModule]) -> None:
    data = ready(made, leads=["aVF", "II"])
    assert data.info.leads == ("aVF+II",)
    assert data.info.shape == (2, 187)


def test_a_question_without_records_of_a_class_is_refused(folder: Path, ready: Callable[..., MIDataModule]) -> None:
    for patient in OTHERS:
        tell(folder / "ptbdb", patient, "Cardiomyopathy", SICK)
    with pytest.raises(EcgError, match=r"no record of class other \(found 9 MI\)"):
        ready(folder, target="mi_vs_other")


def test_one_unusable_record_beside_the_classes_is_counted_and_no_error(
    folder: Path, ready: Callable[..., MIDataModule]
) -> None:
    for patient in OTHERS[1:]:
        shutil.rmtree(folder / "ptbdb" / f"patient{patient:03d}")
    samples = header(folder / "ptbdb", OTHERS[0]).with_suffix(".dat")
    samples.write_bytes(bytes(samples.stat().st_size))
    tell_checksums_nothing(header(folder / "ptbdb", OTHERS[0]))
    assert ready(folder).info.facts["patients"] == {"ptbdb": {"normal": 6, "MI": 5}}


def tell_checksums_nothing(path: Path) -> None:
    """So that changed samples are read."""
    lines = [" ".join([*line.split()[:6], "0", *line.split()[7:]]) if ".dat" in line else line
             for line in path.read_text().splitlines()]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")


# databases that test and never train


@pytest.fixture
def with_external(folder: Path) -> Path:
    """The same with three of its recordings in ptb-xl/ as well: an infarction, a healthy heart, and a hypertrophy."""
    codes = ({"IMI": 100.0}, {"NORM": 100.0}, {"LVH": 100.0})
    base = write_ptbxl(folder, [{"scp_codes": code, "age": 70.0} for code in codes])
    for i, patient in enumerate((4, 1, 0), 1):
        source = header(folder / "ptbdb", patient)
        target = base / "records500" / "00000" / f"{i:05d}_hr"
        shutil.copy(source.with_suffix(".dat"), f"{target}.dat")
        Path(f"{target}.hea").write_text(source.read_text().replace(source.stem, target.name))
    return folder


@TARGET_NAMES
def test_an_external_database_is_tested_beside_the_others_and_trains_none(
    with_external: Path, ready: Callable[..., MIDataModule], target: str
) -> None:
    data = ready(with_external, external=["ptb-xl"], target=target, split="patients")
    beats = data.beside["ptb-xl"]
    assert set(beats.database) == {"ptb-xl"}
    assert set(data.beats.database) == {"ptbdb"}
    for patient, diagnosis in (("ptbxl-11", "MI"), ("ptbxl-12", "normal"), ("ptbxl-13", "other")):
        number = TARGETS[target].number(diagnosis)
        assert set(beats.y[beats.patient == patient]) == {-1 if number is None else number}
        assert data.people[patient] == Person("ptb-xl", diagnosis, 70.0, "male")
    assert data.info.facts["beside ptb-xl"] == {"normal": 1, "other": 1, "MI": 1}
    assert data.info.databases == ("ptbdb",)
    assert "ptbdb and ptb-xl are taken to share no patient." in data.info.notes
    assert "Only 3 of the 21,799 records of ptb-xl were there." in data.info.notes


def test_recordings_of_an_external_database_are_found_by_name(
    with_external: Path, ready: Callable[..., MIDataModule]
) -> None:
    data = ready(with_external, external=["ptb-xl"])
    recording = data.source.recording("00002_hr")
    assert recording is not None
    assert (recording.patient, recording.database) == ("ptbxl-12", "ptb-xl")


def test_two_databases_of_one_kind_train_together(with_external: Path, ready: Callable[..., MIDataModule]) -> None:
    data = ready(with_external, databases=["ptbdb", "ptb-xl"])
    assert data.info.facts["patients"] == {"ptbdb": {"normal": 6, "MI": 5}, "ptb-xl": {"normal": 1, "MI": 1}}
    assert data.info.facts["beside ptbdb"] == {"other": 4}
    assert data.info.facts["beside ptb-xl"] == {"other": 1}
    assert {name: set(beats.database) for name, beats in data.beside.items()} == {
        "ptbdb": {"ptbdb"},
        "ptb-xl": {"ptb-xl"},
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "mi"}, r"target=mi: choose one of mi_vs_normal, mi_vs_other, mi_vs_all"),
        ({"external": ["ptbdb"]}, r"external: ptbdb is in dataset\.databases too"),
        ({"databases": ["ptbdb", "ludb"], "external": ["ludb", "ptb-xl"]}, r"external: ludb is in dataset\.databases"),
        ({"external": ["mitdb"]}, r"external=mitdb: choose one of "),
        ({"external": ["ptb-xl", "ptb-xl"]}, r"external=\[ptb-xl, ptb-xl\]: names one twice"),
        ({"external": "ludb"}, r"external=ludb: must be a list, e\.g\. \[ludb\]"),
        ({"source": "synthetic", "external": ["ludb"]}, r"external: needs dataset\.source=physionet, not synthetic"),
        ({"source": "kaggle", "external": ["ludb"]}, r"external: needs dataset\.source=physionet, not kaggle"),
        ({"source": "synthetic", "target": "mi_vs_all"}, r"target=mi_vs_all: dataset\.source=synthetic has no other"),
        ({"source": "kaggle", "target": "mi_vs_other"}, r"target=mi_vs_other: dataset\.source=kaggle has no other"),
        ({"statements": ["IMI"]}, r"statements: ptbdb states none; ptb-xl does"),
        (
            {"databases": ["ptbdb", "ludb"], "stages": ["Stadium I"]},
            r"stages: ptbdb and ludb states? none; ptb-xl does",
        ),
        ({"min_likelihood": 80}, r"min_likelihood: ptbdb states none; ptb-xl does"),
        ({"source": "synthetic", "statements": ["IMI"]}, r"statements: this source states none; ptb-xl does"),
    ],
)
def test_wrong_settings_name_the_parameter(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=f"^{said}"):
        MIDataModule(**{"data_dir": tmp_path, "cache_dir": tmp_path / "cache", **changes})
    assert not list(tmp_path.iterdir())


# statements, stages and people of PTB-XL


ROWS: list[dict[str, Any]] = [
    {"scp_codes": {"NORM": 100.0, "SR": 0.0}, "age": 300.0},
    {"scp_codes": {"IMI": 100.0}, "infarction_stadium1": "Stadium III", "sex": 1},
    {"scp_codes": {"ASMI": 100.0}, "infarction_stadium1": "Stadium I", "infarction_stadium2": "Stadium II", "age": nan},
    {"scp_codes": {"IMI": 35.0, "ASMI": 80.0}, "sex": nan},
    {"scp_codes": {"NDT": 100.0, "LVH": 50.0}, "age": 89.0},
]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_ptbxl(tmp_path, ROWS)


def diagnoses(tables: Path, **settings: Any) -> dict[int, str]:
    found = select_ptbxl(tables, **{"min_likelihood": 50, **settings})
    return {int(record.patient.removeprefix("ptbxl-")) - 10: record.diagnosis for record in found.records}


def test_every_infarction_counts_unless_statements_or_stages_are_chosen(tables: Path) -> None:
    assert diagnoses(tables) == {1: "normal", 2: "MI", 3: "MI", 4: "MI", 5: "other"}


@pytest.mark.parametrize(
    ("statements", "infarctions"),
    [(["IMI"], {2}), (["ASMI"], {3, 4}), (["IMI", "ASMI"], {2, 3, 4})],
)
def test_chosen_statements_count_and_other_infarctions_are_left_out(
    tables: Path, statements: list[str], infarctions: set[int]
) -> None:
    found = diagnoses(tables, statements=statements, min_likelihood=50)
    assert {row for row, diagnosis in found.items() if diagnosis == "MI"} == infarctions
    assert {row: found[row] for row in (1, 5)} == {1: "normal", 5: "other"}


def test_the_likelihood_is_that_of_the_chosen_statement(tables: Path) -> None:
    assert diagnoses(tables, statements=["IMI"], min_likelihood=30)[4] == "MI"
    assert 4 not in diagnoses(tables, statements=["IMI"], min_likelihood=36)


@pytest.mark.parametrize(
    ("stages", "infarctions"),
    [(["Stadium III"], {2}), (["Stadium I"], {3}), (["Stadium II"], {3}), (["Stadium II", "Stadium III"], {2, 3})],
)
def test_chosen_stages_count_wherever_the_record_has_them(
    tables: Path, stages: list[str], infarctions: set[int]
) -> None:
    found = diagnoses(tables, stages=stages)
    assert {row for row, diagnosis in found.items() if diagnosis == "MI"} == infarctions
    assert {row: found[row] for row in (1, 5)} == {1: "normal", 5: "other"}


def test_what_is_left_out_for_a_choice_is_counted(tables: Path) -> None:
    assert select_ptbxl(tables, min_likelihood=50, statements=["ASMI"]).left_out == {OTHER_STATEMENT: 1}
    assert select_ptbxl(tables, min_likelihood=50, stages=["Stadium III"]).left_out == {OTHER_STAGE: 2}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"statements": ["XMI"]}, r"dataset\.statements: XMI is none of ASMI, IMI$"),
        ({"statements": ["IMI", "NORM"]}, r"dataset\.statements: NORM is none of ASMI, IMI$"),
        ({"stages": ["III"]}, r"dataset\.stages: III is none of Stadium I, Stadium II, Stadium III$"),
        ({"stages": ["nan"]}, r"dataset\.stages: nan is none of Stadium I, Stadium II, Stadium III$"),
        ({"stages": []}, r"dataset\.stages: \[\] is none of"),
    ],
)
def test_an_unknown_statement_or_stage_is_answered_with_those_there_are(
    tables: Path, settings: dict[str, list[str]], said: str
) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        select_ptbxl(tables, min_likelihood=50, **settings)


def test_stages_need_their_columns(tmp_path: Path) -> None:
    tables = write_ptbxl(tmp_path, ROWS, without=["infarction_stadium2"])
    assert len(diagnoses(tables)) == 5
    with pytest.raises(EcgError, match="it has no column infarction_stadium2"):
        select_ptbxl(tables, min_likelihood=50, stages=["Stadium I"])


def test_people_of_ptb_xl_have_an_age_and_a_sex(tables: Path) -> None:
    records = select_ptbxl(tables, min_likelihood=50).records
    assert [record.age for record in records] == pytest.approx([90, 60, nan, 60, 89], nan_ok=True)
    assert [record.sex for record in records] == ["male", "female", "male", "", "male"]


@pytest.mark.parametrize("without", [["age"], ["age", "sex"]])
def test_a_table_without_ages_is_used_as_it_is(tmp_path: Path, without: list[str]) -> None:
    records = select_ptbxl(write_ptbxl(tmp_path, ROWS, without=without), min_likelihood=50).records
    assert len(records) == 5
    assert all(isnan(record.age) for record in records)
    assert (records[1].sex == "female") == ("sex" not in without)


def test_the_notes_say_where_no_ages_are_stated(with_external: Path, ready: Callable[..., MIDataModule]) -> None:
    said = "Nothing is compared with age where none is stated: ptb-xl."
    assert said not in ready(with_external, external=["ptb-xl"]).info.notes
    table = with_external / "ptb-xl" / "ptbxl_database.csv"
    pd.read_csv(table).drop(columns="age").to_csv(table, index=False)
    data = ready(with_external, external=["ptb-xl"])
    assert said in data.info.notes
    assert isnan(data.people["ptbxl-11"].age)
    assert data.people["patient001"].age == 41


def test_settings_of_labels_reach_the_databases_that_have_them() -> None:
    labels = Labels(35.0, ("IMI",), None)
    assert labels.of(PTBXL) == {"min_likelihood": 35.0, "statements": ("IMI",), "stages": None}
    assert labels.of(PTBDB) == labels.of(LUDB) == {}
    assert labels.check([PTBDB, PTBXL]) is labels
    assert Labels().check([PTBDB]) == Labels()


def test_chosen_statements_reach_the_data(with_external: Path, ready: Callable[..., MIDataModule]) -> None:
    data = ready(with_external, databases=["ptbdb", "ptb-xl"], statements=["ASMI"])
    assert data.info.facts["patients"] == {"ptbdb": {"normal": 6, "MI": 5}, "ptb-xl": {"normal": 1, "MI": 0}}
    assert data.info.facts["records_left_out"] == {OTHER_STATEMENT: 1}


@pytest.mark.real
def test_real_ages_and_stages(ecg_data: Path) -> None:
    records = select_ptbxl(ecg_data / "ptb-xl", min_likelihood=0).records
    ages = [record.age for record in records if not isnan(record.age)]
    assert all(15 < age < 100 for age in ages)  # this part of PTB-XL gives some above 89 as they are
    with pytest.raises(EcgError, match=r"dataset\.statements: NORM is none of ALMI, AMI, ASMI, "):
        select_ptbxl(ecg_data / "ptb-xl", min_likelihood=0, statements=["NORM"])
    people = [(one.age, one.sex) for one in select_ptbdb(ecg_data / "ptbdb").records]
    assert all(15 < age < 95 for age, _ in people)
    assert {sex for _, sex in people} == {"female", "male"}
