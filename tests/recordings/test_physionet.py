from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.data_dir import data_folder
from ecg.recordings.physionet import (
    DATABASES,
    MITDB_RECORDS,
    has_mitdb,
    missing_files,
    mitdb_patient,
    needed_files,
    read_mitdb,
)


def write_mitdb_record(folder: Path, name: str) -> None:
    signal = (1024 + 100 * np.sin(np.arange(20 * 360) / 30)).astype(np.int64)[:, None]
    options = {"fmt": ["212"], "adc_gain": [200.0], "baseline": [1024], "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=360, units=["mV"], sig_name=["MLII"], d_signal=signal, **options)
    wfdb.wrann(name, "atr", np.array([100, 400]), ["N", "V"], write_dir=str(folder))


def test_there_are_48_records_of_47_people() -> None:
    assert len(MITDB_RECORDS) == len(set(MITDB_RECORDS)) == 48
    assert list(MITDB_RECORDS) == sorted(MITDB_RECORDS)
    assert len({mitdb_patient(record) for record in MITDB_RECORDS}) == 47
    assert mitdb_patient("202") == mitdb_patient("201") == "201"


@pytest.mark.parametrize("name", DATABASES)
def test_what_is_known_of_a_database_is_complete_and_fixed(name: str) -> None:
    database = DATABASES[name]
    assert database.name == name
    assert database.url == f"https://physionet.org/files/{name}/{database.version}/"
    assert database.doi.startswith("10.13026/")
    assert all((database.title, database.licence, database.citation, database.n_records, database.n_bytes))
    with pytest.raises(FrozenInstanceError):
        database.name = "other"  # type: ignore[misc]


def test_needed_files() -> None:
    mitdb = needed_files(DATABASES["mitdb"], [])
    assert len(mitdb) == 1 + 3 * 48
    assert mitdb[:4] == ["RECORDS", "100.hea", "100.dat", "100.atr"]
    listed = ["patient001/a.hea", "patient001/a.dat", "patient001/a.xyz", "RECORDS", "CONTROLS"]
    assert needed_files(DATABASES["ptbdb"], listed) == ["RECORDS", "patient001/a.dat", "patient001/a.hea"]
    listed = ["records100/0/1.hea", "records500/0/1.hea", "records500/0/1.dat", "ptbxl_database.csv", "LICENSE.txt"]
    assert needed_files(DATABASES["ptb-xl"], listed) == [
        "ptbxl_database.csv",
        "records500/0/1.dat",
        "records500/0/1.hea",
    ]


def test_read_mitdb_in_the_order_asked_for(tmp_path: Path) -> None:
    for name in ("202", "100"):
        write_mitdb_record(tmp_path, name)
    recordings = list(read_mitdb(tmp_path, ["202", "100"]))
    assert [(r.record, r.patient) for r in recordings] == [("202", "201"), ("100", "100")]


def test_half_a_folder_is_not_taken_for_the_database(tmp_path: Path) -> None:
    for name in MITDB_RECORDS:
        for suffix in (".hea", ".dat", ".atr"):
            (tmp_path / f"{name}{suffix}").touch()
    assert has_mitdb(tmp_path)
    (tmp_path / "101.atr").unlink()
    assert missing_files(tmp_path) == ["101.atr"]
    assert not has_mitdb(tmp_path)
    assert not has_mitdb(tmp_path / "nowhere")


def test_a_record_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    write_mitdb_record(tmp_path, "100")
    with pytest.raises(EcgError, match=r"no record 110: .*110\.hea does not exist\. .* has 100\."):
        list(read_mitdb(tmp_path, ["100", "110"]))


def test_data_folder_argument_environment_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_DATA", str(tmp_path / "env"))
    assert data_folder(tmp_path / "own") == tmp_path / "own"
    assert data_folder(None) == tmp_path / "env"
    monkeypatch.setenv("ECG_DATA", "")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder(None) == tmp_path / "cache" / "ecg"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data_folder(None) == Path.home() / ".cache" / "ecg"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data_folder(None) == Path.home() / "Library" / "Caches" / "ecg"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folder(None) == tmp_path / "local" / "ecg"
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match="is a file"):
        data_folder(tmp_path / "file")
    assert not (tmp_path / "env").exists()


def test_importing_loads_nothing_heavy() -> None:
    modules = "ecg.recordings.physionet, ecg.recordings.download, ecg.recordings.kaggle_csv, ecg.recordings.data_dir"
    code = f"import sys, {modules}; print([m for m in ('wfdb', 'pandas', 'requests', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.real
def test_the_real_database(ecg_data: Path) -> None:
    symbols: Counter[str] = Counter()
    leads: Counter[str] = Counter()
    patients = set()
    for recording in read_mitdb(ecg_data / "mitdb"):
        assert recording.annotations is not None
        assert (recording.digital.shape, recording.fs) == ((2, 650_000), 360.0)
        symbols.update(recording.annotations.symbol.tolist())
        leads.update(recording.leads)
        patients.add(recording.patient)
    assert symbols.total() == 112_647
    assert sum(symbols[s] for s in "NLRejAaJSVEF/fQ") == 109_494
    assert leads["MLII"] == 46
    assert len(patients) == 47
