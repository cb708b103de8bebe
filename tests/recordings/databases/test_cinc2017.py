"""The Challenge 2017: one label a recording, records as MATLAB files that WFDB headers describe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.cinc2017 import CINC2017, LABELS

FS = 300
SIGNAL = np.rint(300 * np.sin(np.arange(10 * FS) / 20)).astype(np.int16)


def write_record(folder: Path, name: str) -> None:
    """As in the database: 24 bytes of a MATLAB header, then samples of 16 bits, 1000 to a mV."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {"fmt": ["16"], "adc_gain": [1000.0], "baseline": [0], "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=FS, units=["mV"], sig_name=["ECG"], d_signal=SIGNAL[:, None].astype(np.int64), **options)
    samples, header = folder / f"{name}.dat", folder / f"{name}.hea"
    (folder / f"{name}.mat").write_bytes(bytes(range(24)) + samples.read_bytes())
    samples.unlink()
    header.write_text(header.read_text().replace(f"{name}.dat 16 ", f"{name}.mat 16+24 "))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three records, one of them in folders of its own, as PhysioNet has them, and labels of these and another one."""
    folder = tmp_path / "cinc2017"
    for name in ("A00002", "A00004"):
        write_record(folder, name)
    write_record(folder / "training" / "A00", "A00001")
    (folder / LABELS).write_text("A00001,N\nA00002,A\nA00003,O\nA00004,~\n\n")
    return folder


def test_headers_are_those_of_labelled_records_that_are_there(folder: Path) -> None:
    assert CINC2017.labels(folder) == {"A00001": "N", "A00002": "A", "A00003": "O", "A00004": "~"}
    write_record(folder, "A00009")
    headers = CINC2017.headers(folder)
    assert sorted(headers) == ["A00001", "A00002", "A00004"]
    assert headers["A00001"] == folder / "training" / "A00" / "A00001.hea"


def test_a_record_has_its_samples_and_a_patient_of_its_own(folder: Path) -> None:
    headers = CINC2017.headers(folder)
    one, other = (CINC2017.read(headers[name]) for name in ("A00001", "A00002"))
    np.testing.assert_array_equal(one.digital[0], SIGNAL)
    np.testing.assert_allclose(one.millivolts(0), SIGNAL / 1000, atol=1e-6)
    assert (one.fs, one.leads, one.database, one.record) == (FS, ("ECG",), "cinc2017", "A00001")
    assert one.patient != other.patient
    assert one.patient.startswith("cinc2017")


def test_annotations_beside_a_record_are_not_its_own(folder: Path) -> None:
    wfdb.wrann("A00002", "atr", np.array([100, 400]), ["N", "N"], write_dir=str(folder))
    assert CINC2017.read(folder / "A00002.hea").annotations is None


def test_it_is_there_with_labels_and_any_record(folder: Path, tmp_path: Path) -> None:
    assert CINC2017.is_there(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not CINC2017.is_there(empty)
    (empty / LABELS).write_text("A00001,N\n")
    assert not CINC2017.is_there(empty)
    write_record(empty / "below", "A00001")
    assert CINC2017.is_there(empty)


def test_what_is_missing_is_said_with_what_can_be_done(folder: Path, tmp_path: Path) -> None:
    ways = r"Three ways on: .*https://physionet\.org/files/challenge-2017/1\.0\.0/.*dataset\.mixture\.cinc2017=0"
    with pytest.raises(EcgError, match=rf"none does not exist\. {ways}"):
        CINC2017.labels(tmp_path / "none")
    (folder / LABELS).write_text("A00077,N\n")
    with pytest.raises(EcgError, match=rf"has no records\. {ways}"):
        CINC2017.headers(folder)
    (folder / LABELS).unlink()
    with pytest.raises(EcgError, match=rf"has no {LABELS}\. {ways}"):
        CINC2017.headers(folder)


@pytest.mark.parametrize("line", ["A00005", "A00005,N,N"])
def test_a_damaged_list_of_labels_is_refused(folder: Path, line: str) -> None:
    (folder / LABELS).write_text(f"A00001,N\n{line}\n")
    with pytest.raises(EcgError, match=f"{LABELS}: every line must be a record and its label"):
        CINC2017.labels(folder)


def test_a_record_that_is_cut_off_is_refused(folder: Path) -> None:
    file = folder / "A00002.mat"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(EcgError, match="cut off"):
        CINC2017.read(folder / "A00002.hea")
