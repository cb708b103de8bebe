"""What is known of every registered database is whole, and its folder is told from a part of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from ecg.beats.labels import AAMI_CLASSES
from ecg.data.sources import downloaded
from ecg.errors import EcgError
from ecg.recordings.databases import DATABASES, BeatDatabase, Database, DiagnosisDatabase, dominants
from ecg.recordings.databases.cinc2017 import RhythmDatabase
from ecg.recordings.databases.ludb import WaveDatabase
from ecg.recordings.databases.nstdb import NoiseDatabase

every_database = pytest.mark.parametrize("name", DATABASES)
BEATS = {name: one for name, one in DATABASES.items() if isinstance(one, BeatDatabase)}
with_beats = pytest.mark.parametrize("name", BEATS)
PTBXL_TABLES = ("ptbxl_database.csv", "scp_statements.csv")
LISTED: dict[str, tuple[list[str], list[str]]] = {
    "mitdb": (
        ["RECORDS", *(f"{r}.{s}" for r in BEATS["mitdb"].records for s in ("hea", "dat", "atr"))],
        ["100.xws", "ANNOTATORS", "mitdbdir/intro.htm", "x_mitdb/x_108.hea", "SHA256SUMS.txt", "LICENSE.txt"],
    ),
    "svdb": (
        ["RECORDS", *(f"{r}.{s}" for r in BEATS["svdb"].records for s in ("hea", "dat", "atr"))],
        ["800.xws", "ANNOTATORS", "SHA256SUMS.txt", "LICENSE.txt"],
    ),
    "ludb": (
        [f"data/{r}.{s}" for r in ("1", "200") for s in ("hea", "dat", "i", "avr", "v6")],
        ["RECORDS", "ludb.csv", "data/1.xyz", "LICENSE.txt", "SHA256SUMS.txt"],
    ),
    "nstdb": (
        [f"{r}.{s}" for r in ("bw", "ma") for s in ("hea", "dat")],
        ["RECORDS", "em.hea", "em.dat", "118e06.hea", "118e06.dat", "118e06.atr", "old/bw.dat", "LICENSE.txt"],
    ),
    "cinc2017": (
        ["REFERENCE-v3.csv", *(f"training/A0{i}/A0{i}001.{s}" for i in (0, 8) for s in ("hea", "mat"))],
        ["REFERENCE-v2.csv", "training2017.zip", "validation/A00001.hea", "training/A00/RECORDS", "LICENSE.txt"],
    ),
    "ptbdb": (
        ["RECORDS", "patient001/s0010_re.hea", "patient001/s0010_re.dat"],
        ["patient001/s0010_re.xyz", "CONTROLS", "SHA256SUMS.txt", "LICENSE.txt"],
    ),
    "ptb-xl": (
        ["RECORDS", *PTBXL_TABLES, "records500/00000/00001_hr.hea", "records500/00000/00001_hr.dat"],
        ["records100/00000/00001_lr.hea", "records100/00000/00001_lr.dat", "example_physionet.py", "LICENSE.txt"],
    ),
}
"""For each database names that its SHA256SUMS.txt lists: those that are needed here, and those that are not."""


def fill(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_every_database_has_a_row_here() -> None:
    assert set(LISTED) == set(DATABASES), "add the new database to LISTED"
    with pytest.raises(TypeError):
        DATABASES["mine"] = DATABASES["mitdb"]  # type: ignore[index]


@every_database
def test_what_is_known_of_a_database_is_complete_and_fixed(name: str) -> None:
    database = DATABASES[name]
    assert database.name == name
    assert isinstance(database, BeatDatabase | DiagnosisDatabase | WaveDatabase | NoiseDatabase | RhythmDatabase)
    at = "challenge-2017" if name == "cinc2017" else name
    assert database.url == f"https://physionet.org/files/{at}/{database.version}/"
    assert database.doi.startswith(("10.13026/", "10.22489/"))
    assert all((database.title, database.licence, database.citation, database.n_records, database.n_bytes))
    with pytest.raises(FrozenInstanceError):
        database.name = "other"  # type: ignore[misc]


@every_database
def test_exactly_the_needed_files_of_all_that_are_listed_are_fetched(name: str) -> None:
    needed, unused = LISTED[name]
    found = DATABASES[name].needed_files([*unused, *reversed(needed)])
    assert sorted(found) == sorted(needed)
    assert len(set(found)) == len(found)


@every_database
def test_a_full_folder_of_the_databases_name_is_it_and_needs_no_download(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    assert not DATABASES[name].is_there(folder)
    fill(folder, LISTED[name][1])
    assert not DATABASES[name].is_there(folder)
    fill(folder, LISTED[name][0])
    assert DATABASES[name].is_there(folder)
    assert downloaded(tmp_path, DATABASES[name]) == folder


@every_database
def test_where_nothing_is_a_reader_is_told_the_three_ways_on(name: str, tmp_path: Path) -> None:
    database, folder = DATABASES[name], tmp_path / name
    told = str(database.nothing_there(folder, "has no records"))
    assert told.startswith(f"{folder} does not exist. ")
    folder.mkdir()
    assert str(database.nothing_there(folder, "has no records")).startswith(f"{folder} has no records. ")
    ways = (f"fill {folder} with the files of {database.url}", f"`ecg download {name} --data-dir {tmp_path}`")
    for way in (*ways, f"a folder that has {name}/", database.instead):
        assert way in told
    assert told.isprintable()


@with_beats
def test_records_have_different_names_in_order_and_all_are_counted(name: str) -> None:
    database = BEATS[name]
    assert list(database.records) == sorted(set(database.records))
    assert len(database.records) == database.n_records


@with_beats
def test_a_standard_split_uses_each_record_once(name: str) -> None:
    database = BEATS[name]
    trains = database.trains(database.records)
    assert sorted([*trains, *database.test, *database.left_out]) == sorted(database.records)
    assert trains
    assert database.test


@with_beats
def test_a_record_that_is_said_to_hold_most_beats_of_a_class_tests(name: str) -> None:
    for one in BEATS[name].dominant:
        assert one.record in BEATS[name].test
        assert one.beat in AAMI_CLASSES
        assert one.record in one.note
    assert dominants([name, "ptbdb", "nowhere"]) == tuple(BEATS[name].dominant)


@with_beats
def test_a_subject_on_both_sides_of_a_standard_split_is_told_of(name: str) -> None:
    database = BEATS[name]
    train, test = ({database.patient(r) for r in part} for part in (database.trains(database.records), database.test))
    assert bool(train & test) is bool(database.split_note)


@with_beats
def test_a_folder_that_lacks_one_file_is_not_taken_for_the_database(name: str, tmp_path: Path) -> None:
    database = BEATS[name]
    fill(tmp_path, LISTED[name][0])
    assert database.is_there(tmp_path)
    assert database.missing_files(tmp_path) == []
    assert database.there(tmp_path) == list(database.records)
    for gone in database.files(database.records[3]):
        (tmp_path / gone).unlink()
        assert database.missing_files(tmp_path) == [gone]
        assert not database.is_there(tmp_path)
        (tmp_path / gone).touch()


@pytest.mark.parametrize("name", [name for name, one in DATABASES.items() if isinstance(one, DiagnosisDatabase)])
def test_a_folder_without_records_is_no_selection(name: str, tmp_path: Path) -> None:
    database = DATABASES[name]
    assert isinstance(database, DiagnosisDatabase)
    options = {"min_likelihood": 50.0} if name == "ptb-xl" else {}
    with pytest.raises(EcgError, match=rf"{tmp_path}.*ecg download {name}"):
        database.select(tmp_path, **options)


def test_a_database_of_nothing_in_particular_does_not_know_what_is_enough(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        Database(name="mine", title="Mine").is_there(tmp_path)


def test_importing_loads_nothing_heavy() -> None:
    modules = "ecg.recordings.databases, ecg.recordings.download, ecg.recordings.kaggle_csv, ecg.recordings.data_dir"
    code = f"import sys, {modules}; print([m for m in ('wfdb', 'pandas', 'requests', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.real
@every_database
def test_the_real_folder_has_what_is_needed(ecg_data: Path, name: str) -> None:
    assert DATABASES[name].is_there(ecg_data / name)


@pytest.mark.real
@with_beats
def test_the_real_list_of_records_is_ours(ecg_data: Path, name: str) -> None:
    assert (ecg_data / name / "RECORDS").read_text().split() == list(BEATS[name].records)
