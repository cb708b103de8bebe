"""The MIT-BIH Supraventricular Arrhythmia Database: no lead names, half of it without a gain, a split by counting."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.beats.detected import segmented
from ecg.beats.segmentations import WindowSegmentation
from ecg.errors import EcgError
from ecg.recordings.databases.svdb import SVDB
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

NUMBERS = [801, 804, 807, 810, 820, 823, 826, 829, 842, 845, 848, 851, 854]
NUMBERS += [857, 860, 863, 866, 869, 872, 875, 878, 881, 884, 887, 890, 893]
TEST = [str(number) for number in NUMBERS]


def write_record(folder: Path, name: str, gain: str) -> None:
    """As in the database: 128 Hz, format 212, signals ECG1 and ECG2; `gain` as the header says it, unit and all."""
    signal = np.rint(100 * np.sin(np.arange(20 * 128)[:, None] / [10, 30])).astype(np.int64)
    options = {"fmt": ["212"] * 2, "adc_gain": [200.0] * 2, "baseline": [0] * 2, "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=128, units=["mV"] * 2, sig_name=["ECG1", "ECG2"], d_signal=signal, **options)
    wfdb.wrann(name, "atr", np.arange(100, 2500, 100), list("NNSNNNVNNNNNNNNNNNNNNNNN"), write_dir=str(folder))
    header = folder / f"{name}.hea"
    header.write_text(header.read_text().replace("200.0(0)/mV", gain))


def test_every_third_of_its_records_tests() -> None:
    assert list(SVDB.test) == TEST
    assert list(SVDB.records).index("801") == 1
    assert [list(SVDB.records).index(record) % 3 for record in TEST] == [1] * 26
    assert len(SVDB.trains(SVDB.records)) == 52


def test_each_record_counts_as_a_patient() -> None:
    assert [SVDB.patient(record) for record in SVDB.records] == list(SVDB.records)
    assert SVDB.split_note == ""


@pytest.mark.parametrize("gain", ["0", "0(0)", "0/mV"])
def test_a_gain_of_0_is_no_error_here(tmp_path: Path, gain: str) -> None:
    write_record(tmp_path, "802", "200")
    write_record(tmp_path, "800", gain)
    first, plain = (SVDB.read(tmp_path, name) for name in ("800", "802"))
    assert (first.record, first.patient, first.database, first.fs) == ("800", "800", "svdb", 128)
    np.testing.assert_array_equal(first.digital, plain.digital)
    np.testing.assert_array_equal(first.gain, [200, 200])
    assert first.annotations is not None
    with pytest.raises(EcgError, match="has gain 0"):
        read_record(tmp_path / "800")


def test_the_window_segmentation_takes_its_first_signal(tmp_path: Path) -> None:
    write_record(tmp_path, "800", "0")
    segmentation = WindowSegmentation()
    recording = with_leads(SVDB.read(tmp_path, "800"), segmentation.leads)
    beats, _ = segmented(recording, segmentation)
    assert set(beats.lead) == {"ECG1"}
    assert beats.sample.tolist() == list(range(100, 2500, 100))
    assert np.bincount(beats.y).tolist() == [22, 1, 1]


@pytest.mark.real
def test_the_real_database_in_windows(ecg_data: Path) -> None:
    """184,582 beats of the five classes, and one `B`, which is of none."""
    segmentation = WindowSegmentation()
    counts, symbols, leads, uncalibrated = np.zeros(5, dtype=np.int64), Counter[str](), set[str](), 0

    def read(record: str) -> Recording:
        return with_leads(SVDB.read(ecg_data / "svdb", record), segmentation.leads)

    for record in SVDB.records:
        recording = read(record)
        assert recording.annotations is not None
        symbols.update(recording.annotations.symbol.tolist())
        assert (recording.fs, recording.n_samples) == (128, 230_400)
        beats, _ = segmented(recording, segmentation)
        assert np.isfinite(beats.signal).all()
        assert np.isfinite(beats.inputs["rhythm"]).all()
        counts += np.bincount(beats.y, minlength=5)
        leads |= set(beats.lead)
        header = (ecg_data / "svdb" / f"{record}.hea").read_text().splitlines()
        uncalibrated += header[1].split()[2] == "0"
    assert counts.tolist() == [162_339, 12_198, 9_943, 23, 79]
    assert symbols["B"] == 1
    assert leads == {"ECG1"}
    assert uncalibrated == 37
