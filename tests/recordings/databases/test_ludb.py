"""The Lobachevsky University Database: waves marked lead by lead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.ludb import LEADS, LUDB


def write_record(folder: Path, name: str) -> None:
    """As in the database: data/<name>, 500 Hz, an annotation file for each lead."""
    below = folder / "data"
    below.mkdir(parents=True, exist_ok=True)
    digital = np.random.default_rng(0).integers(-500, 500, (5000, 12))
    options = {"fmt": ["16"] * 12, "adc_gain": [1000.0] * 12, "baseline": [0] * 12, "write_dir": str(below)}
    wfdb.wrsamp(name, fs=500, units=["mV"] * 12, sig_name=list(LEADS), d_signal=digital, **options)
    for i, lead in enumerate(LEADS):
        at = np.array([90, 100 + i, 120, 600, 1000 + i, 1100])
        wfdb.wrann(name, "marks", at, ["(", "N", ")", "p", "N", "t"], write_dir=str(below))
        (below / f"{name}.marks").rename(below / f"{name}.{lead}")


def test_records_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    assert not LUDB.is_there(tmp_path)
    for name in ("10", "2", "1"):
        write_record(tmp_path, name)
    assert LUDB.there(tmp_path) == ["1", "2", "10"]
    assert LUDB.is_there(tmp_path)
    assert all((tmp_path / name).is_file() for name in LUDB.files("10"))
    assert len(LUDB.files("10")) == 14


def test_a_record_has_twelve_leads_and_a_patient_of_its_own(tmp_path: Path) -> None:
    write_record(tmp_path, "3")
    found = LUDB.read(tmp_path, "3")
    assert (found.record, found.patient, found.database) == ("ludb 3", "ludb 3", "ludb")
    assert (found.leads, found.fs, found.n_samples, found.annotations) == (LEADS, 500, 5000, None)


def test_qrs_peaks_are_those_of_the_lead_alone(tmp_path: Path) -> None:
    write_record(tmp_path, "3")
    assert LUDB.qrs(tmp_path, "3", "i").tolist() == [100, 1000]
    assert LUDB.qrs(tmp_path, "3", "v6").tolist() == [111, 1011]
    assert LUDB.qrs(tmp_path, "3", "V6").tolist() == [111, 1011]
    (tmp_path / "data" / "3.v6").unlink()
    with pytest.raises(EcgError, match=r"3\.v6 does not exist"):
        LUDB.qrs(tmp_path, "3", "v6")


def test_what_is_missing_is_said_with_what_can_be_set_instead(tmp_path: Path) -> None:
    (tmp_path / "ludb").mkdir()
    with pytest.raises(
        EcgError, match=r"ludb has no records in data/\. Three ways on: .*or name others by dataset\.databases=$"
    ):
        LUDB.there(tmp_path / "ludb")
    write_record(tmp_path, "1")
    with pytest.raises(EcgError, match="no record 9"):
        LUDB.read(tmp_path, "9")


@pytest.mark.real
def test_the_real_leads_all_bear_marks(ecg_data: Path) -> None:
    folder = ecg_data / "ludb"
    records = LUDB.there(folder)
    assert len(records) == 200
    assert sum(len(LUDB.qrs(folder, record, "ii")) for record in records) == 1831
