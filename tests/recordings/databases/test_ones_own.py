"""A database of one's own: a few lines, and it can do what the published ones can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.recording import Recording


def write_record(folder: Path, name: str, annotator: str = "qrs") -> None:
    signal = np.rint(100 * np.sin(np.arange(2500)[:, None] / [10, 30])).astype(np.int64)
    options = {"fmt": ["16"] * 2, "adc_gain": [500.0] * 2, "baseline": [0] * 2, "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=250, units=["mV"] * 2, sig_name=["II", "V1"], d_signal=signal, **options)
    wfdb.wrann(name, annotator, np.array([100, 400, 900]), ["N", "V", "N"], write_dir=str(folder))


MINE = BeatDatabase(
    name="mine",
    title="My own recordings",
    annotator="qrs",
    patient=lambda record: record.split("-")[0],  # ann-1, ann-2, bob-1
    test=("bob-1",),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    for name in ("bob-1", "ann-2", "ann-1"):
        write_record(made, name)
    return made


def test_without_a_list_its_records_are_those_of_the_folder_by_name(folder: Path) -> None:
    assert MINE.there(folder) == ["ann-1", "ann-2", "bob-1"]
    assert MINE.is_there(folder)
    assert MINE.missing_files(folder) == []


def test_a_record_without_its_samples_or_annotations_is_not_there(folder: Path) -> None:
    (folder / "ann-1.qrs").unlink()
    (folder / "bob-1.dat").unlink()
    write_record(folder, "cid-1", annotator="atr")  # not the one that it is said to have
    assert MINE.there(folder) == ["ann-2"]


def test_a_list_of_records_is_what_must_be_there(folder: Path) -> None:
    listed = replace(MINE, records=("bob-1", "ann-1"))
    assert listed.there(folder) == ["bob-1", "ann-1"]  # in the order of the list
    assert listed.is_there(folder)
    (folder / "ann-1.qrs").unlink()
    assert listed.missing_files(folder) == ["ann-1.qrs"]
    assert not listed.is_there(folder)


def test_a_record_has_the_annotations_patient_and_database_that_were_told(folder: Path) -> None:
    recording = MINE.read(folder, "ann-2")
    assert isinstance(recording, Recording)
    assert (recording.record, recording.patient, recording.database) == ("ann-2", "ann", "mine")
    assert (recording.fs, recording.leads) == (250, ("II", "V1"))
    assert recording.annotations is not None
    assert recording.annotations.symbol.tolist() == ["N", "V", "N"]


def test_by_default_each_record_is_a_patient_and_annotated_in_atr(folder: Path) -> None:
    write_record(folder, "cid-1", annotator="atr")
    plain = BeatDatabase(name="mine", title="Mine")
    assert plain.there(folder) == ["cid-1"]
    recording = plain.read(folder, "cid-1")
    assert recording.patient == "cid-1"
    assert recording.annotations is not None


def test_all_records_train_that_neither_test_nor_are_left_out() -> None:
    records = ["ann-1", "ann-2", "bob-1", "cid-1"]
    assert MINE.trains(records) == ["ann-1", "ann-2", "cid-1"]
    assert replace(MINE, left_out=("ann-2",)).trains(records) == ["ann-1", "cid-1"]
    assert replace(MINE, train=("cid-1",), left_out=("ann-2",)).trains(records) == ["cid-1"]


def test_what_cannot_be_downloaded_is_asked_for_with_its_folder(tmp_path: Path) -> None:
    empty = tmp_path / "mine"
    assert not MINE.is_there(empty)
    empty.mkdir()
    assert not MINE.is_there(empty)
    told = str(MINE.nothing_there(empty, "has no records"))
    assert told.startswith(f"{empty} has no records. Put the records of mine into {empty}, ")
    assert "data_dir=" in told
    assert "ecg download" not in told


def test_a_missing_record_is_named_with_those_that_are_there(folder: Path) -> None:
    with pytest.raises(EcgError, match=r"no record dan-1: .*dan-1\.hea does not exist\. .* has ann-1, ann-2, bob-1\."):
        MINE.read(folder, "dan-1")


def test_what_is_needed_of_a_published_one_is_by_its_pattern() -> None:
    published = replace(MINE, needed=r"data/.*\.(hea|dat|qrs)|RECORDS")
    listed = ["RECORDS", "data/a.hea", "data/a.qrs", "data/a.atr", "b.hea", "data/a.heart"]
    assert published.needed_files(listed) == ["RECORDS", "data/a.hea", "data/a.qrs"]
