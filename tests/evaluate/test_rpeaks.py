"""`ecg score --rpeaks`: any detector on a database, a folder or one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg.evaluate import rpeaks
from ecg.recordings.databases import DATABASES, MITDB

Command = Callable[..., str]
OWN = """
import numpy as np

def steep(signal, fs):
    found = np.flatnonzero((signal[1:-1] > 0.6) & (signal[1:-1] >= signal[:-2]) & (signal[1:-1] > signal[2:])) + 1
    return found[np.diff(found, prepend=-1000) > 0.2 * fs]

def none(signal, fs): return []
def falls(signal, fs): return [5, 3]
VALUE = 3
"""


@pytest.fixture
def folder(here: Callable[..., Path], tmp_path: Path, write_marked: Callable[..., np.ndarray]) -> Path:
    """Three records below data/mitdb, a fourth without marks; a module of one's own in the current folder."""
    here("mydetector", OWN)
    found = tmp_path / "data" / "mitdb"
    for i, name in enumerate("abcd"):
        write_marked(found, name, seed=i)
    (found / "d.atr").unlink()
    return found


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MIT-BIH as a database of three records."""
    tiny = replace(MITDB, records=("a", "b", "c"), train=("a",), test=("b",), left_out=("c",))
    monkeypatch.setattr(rpeaks, "DATABASES", {**DATABASES, "mitdb": tiny, "svdb": replace(tiny, left_out=())})
    return folder.parent


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out, dtype={"record": str})


def test_a_folder_is_scored_record_by_record(
    folder: Path, command: Command, tmp_path: Path, times: Callable[..., np.ndarray]
) -> None:
    said = command("score", folder, "--rpeaks", "mydetector.steep", "--out", tmp_path / "s.csv")
    assert "R peaks by mydetector.steep" in said
    assert "3 records" in said
    assert "100.00" in said
    assert f"scores of 3 records: {tmp_path / 's.csv'}" in said
    found = table(tmp_path / "s.csv")
    assert found["record"].tolist() == ["a", "b", "c", "all"]
    beats = [len(times(30, i)) for i in range(3)]
    assert found["matched"].tolist() == [*beats, sum(beats)]
    assert found["extra"].tolist() == [0] * 4


@pytest.mark.parametrize("ending", ["", ".hea", ".dat", ".atr"])
def test_one_record_is_scored_whatever_file_names_it(folder: Path, command: Command, ending: str) -> None:
    said = command("score", folder / f"b{ending}", "--rpeaks", "mydetector.none")
    assert "1 record " in said
    assert " 0.00 " in said


@pytest.mark.parametrize(("subset", "records"), [("all", "abc"), ("train", "a"), ("test", "b"), ("left_out", "c")])
def test_a_database_is_scored_by_the_parts_of_its_split(
    small: Path, command: Command, tmp_path: Path, subset: str, records: str
) -> None:
    words = ("--rpeaks", "mydetector.steep", "--data-dir", small, "--subset", subset, "--out", tmp_path / "s.csv")
    command("score", "mitdb", *words)
    assert table(tmp_path / "s.csv")["record"].tolist() == [*records, "all"]


def test_another_lead_and_other_marks_can_be_asked_for(folder: Path, command: Command) -> None:
    assert " 0.00 " in command("score", folder / "a", "--rpeaks", "mydetector.steep", "--lead", "V1")  # upside down
    (folder / "d.qrs").write_bytes((folder / "a.atr").read_bytes())
    assert "1 record " in command("score", folder, "--rpeaks", "mydetector.none", "--reference", "qrs")


def test_the_detector_that_ships_and_sleepecg_go_by_their_names(folder: Path, command: Command) -> None:
    for name, said in (("learnt", "R peaks by learnt "), ("sleepecg", "R peaks by sleepecg 0.")):
        assert said in command("score", folder / "a", "--rpeaks", name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data/mitdb", "--rpeaks", "sleepeg"), "rpeaks=sleepeg: choose one of"),
        (("data/mitdb", "--rpeaks", "mydetector.VALUE"), "rpeaks=mydetector.VALUE: is no function"),
        (("data/mitdb", "--rpeaks", "mydetector.nope"), "rpeaks=mydetector.nope: mydetector has no nope"),
        (("data/mitdb", "--rpeaks", "mydetector.falls"), "rpeaks=mydetector.falls: its samples must ascend"),
        (("data/mitdb", "--rpeaks", "data"), "rpeaks=data: has no weights.safetensors"),
        (("data/mitdb", "--rpeaks", "mydetector.none", "--lead", "V9"), "record a: no lead V9; it has MLII, V1"),
        (("data/mitdb", "--rpeaks", "mydetector.none", "--subset", "test"), "only a database with a standard split"),
        (("data/mitdb", "--rpeaks", "mydetector.none", "--subset", "tset"), "did you mean test?"),
        (("data/mitdb/d", "--rpeaks", "mydetector.none"), "no WFDB records with .atr annotations there"),
        (("data", "--rpeaks", "mydetector.none"), "no WFDB records with .atr annotations there; or name a database"),
        (("nowhere", "--rpeaks", "mydetector.none"), "nowhere: no WFDB records with .atr annotations there"),
        (("ludb", "--rpeaks", "mydetector.none"), "or name a database: mitdb, svdb"),
        (
            ("mitdb", "--rpeaks", "mydetector.none", "--data-dir", "nowhere"),
            "nowhere/mitdb does not exist. Three ways on",
        ),
        (("svdb", "--rpeaks", "mydetector.none", "--data-dir", "data", "--subset", "left_out"), "has no such records"),
    ],
)
def test_what_cannot_be_scored_is_said_in_a_line(
    small: Path, command: Command, words: tuple[str, ...], said: str
) -> None:
    told = command("score", *words, code=1)
    assert said in told
    assert len(told.strip().splitlines()) == 1
