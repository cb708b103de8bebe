"""PTB Diagnostic: the diagnosis is read from tiny headers in the true format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.diagnosis import header_says
from ecg.recordings.databases.ptbdb import PTBDB, has_ptbdb, select_ptbdb

SIGNAL = np.round(300 * np.sin(np.arange(2000) / 50)).astype(np.int64)


def write(folder: Path, name: str, reason: str | None, *, xyz: bool = False) -> None:
    """A record as in the database: leads i and ii, and the Frank lead vx in a file of its own that may be absent."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    leads = ["i", "ii", "vx"]
    files = [f"{path.name}.dat"] * 2 + [f"{path.name}.xyz"]
    record = wfdb.Record(
        record_name=path.name,
        n_sig=3,
        fs=1000,
        sig_len=len(SIGNAL),
        d_signal=np.stack([SIGNAL] * 3, axis=1),
        fmt=["16"] * 3,
        adc_gain=[2000.0] * 3,
        baseline=[0] * 3,
        adc_res=[16] * 3,
        adc_zero=[0] * 3,
        units=["mV"] * 3,
        sig_name=leads,
        file_name=files,
        comments=["age: 60", "sex: female", "ECG date: 01/10/1990", "", "Diagnose:"]
        + ([f"Reason for admission: {reason}"] if reason is not None else [])
        + ["Additional diagnoses: Myocardial infarction"],
    )
    record.set_d_features()
    record.set_defaults()
    record.wrsamp(write_dir=str(path.parent))
    if not xyz:
        path.with_suffix(".xyz").unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two healthy people, one with infarction and two records, one with another diagnosis, two without any."""
    write(tmp_path, "patient001/s0001_re", "Myocardial infarction", xyz=True)
    write(tmp_path, "patient001/s0002lre", "myocardial infarction ")
    write(tmp_path, "patient002/s0003_re", "Healthy control")
    write(tmp_path, "patient003/s0004_re", "Bundle branch block")
    write(tmp_path, "patient004/s0005_re", "Healthy control")
    write(tmp_path, "patient005/s0006_re", None)
    write(tmp_path, "patient006/s0007_re", "n/a")
    return tmp_path


def test_the_reason_is_that_of_its_own_line(folder: Path) -> None:
    line = ("reason for admission", "myocardial infarction")
    assert [pair for pair in header_says(folder / "patient001" / "s0002lre.hea") if pair[0] == line[0]] == [line]
    assert line[0] not in dict(header_says(folder / "patient005" / "s0006_re.hea"))
    with pytest.raises(EcgError, match=r"none\.hea"):
        header_says(folder / "none.hea")


def test_every_record_with_a_reason_is_taken_and_the_rest_is_counted(folder: Path) -> None:
    selection = select_ptbdb(folder)
    assert [(r.name, r.patient, r.diagnosis) for r in selection.records] == [
        ("s0001_re", "patient001", "MI"),
        ("s0002lre", "patient001", "MI"),
        ("s0003_re", "patient002", "normal"),
        ("s0004_re", "patient003", "other"),
        ("s0005_re", "patient004", "normal"),
    ]
    assert {(r.database, r.age, r.sex) for r in selection.records} == {("ptbdb", 60.0, "female")}
    assert selection.left_out == {"no reason for admission stated": 2}
    assert selection.not_downloaded == 549 - 7
    assert selection.note == "Only 7 of the 549 records of ptbdb were there."


def test_records_read_without_their_frank_leads(folder: Path) -> None:
    first, second, *_ = (record.read() for record in select_ptbdb(folder).records)
    assert first.leads == ("i", "ii", "vx")
    assert second.leads == ("i", "ii")
    assert second.patient == "patient001"
    assert first.database == second.database == PTBDB.name
    assert second.annotations is None


def test_a_record_whose_samples_are_missing_is_not_downloaded(folder: Path) -> None:
    (folder / "patient002" / "s0003_re.dat").unlink()
    selection = select_ptbdb(folder)
    assert "s0003_re" not in [r.name for r in selection.records]
    assert selection.not_downloaded == 549 - 6


def test_a_set_of_its_own_is_complete(folder: Path) -> None:
    selection = select_ptbdb(folder, whole=None)
    assert (selection.not_downloaded, selection.note) == (0, "")


def test_no_record_at_all_names_the_three_ways_on(tmp_path: Path) -> None:
    assert not has_ptbdb(tmp_path / "ptbdb")
    with pytest.raises(EcgError) as caught:
        select_ptbdb(tmp_path / "ptbdb")
    message = str(caught.value)
    assert f"{tmp_path / 'ptbdb'} does not exist" in message
    for way in (f"ecg download ptbdb --data-dir {tmp_path}", "data_dir=", "dataset.source=synthetic"):
        assert way in message
    assert "\n" not in message


@pytest.mark.real
def test_the_real_part_of_ptb_holds_its_known_numbers(ecg_data: Path) -> None:
    selection = select_ptbdb(ecg_data / "ptbdb")
    for diagnosis, records, patients in (("normal", 28, 19), ("MI", 14, 11), ("other", 28, 25)):
        own = [record for record in selection.records if record.diagnosis == diagnosis]
        assert len(own) == records
        assert len({record.patient for record in own}) == patients
    assert all(10 < record.age < 100 and record.sex for record in selection.records)
    assert selection.left_out == {"no reason for admission stated": 1}
    assert selection.not_downloaded == 549 - 71
