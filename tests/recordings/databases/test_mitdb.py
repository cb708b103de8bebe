"""The MIT-BIH Arrhythmia Database: 48 records of 47 people, de Chazal's lists, and the paced."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.mitdb import DS1, DS2, MITDB, PACED, SAME_SUBJECT, SAME_SUBJECT_LINE

NUMBERS = [*range(100, 110), *range(111, 120), *range(121, 125), *range(200, 204), 205, *range(207, 211)]
NUMBERS += [*range(212, 216), 217, *range(219, 224), 228, *range(230, 235)]


def write_record(folder: Path, name: str) -> None:
    signal = (1024 + 100 * np.sin(np.arange(20 * 360) / 30)).astype(np.int64)[:, None]
    options = {"fmt": ["212"], "adc_gain": [200.0], "baseline": [1024], "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=360, units=["mV"], sig_name=["MLII"], d_signal=signal, **options)
    wfdb.wrann(name, "atr", np.array([100, 400]), ["N", "V"], write_dir=str(folder))


def test_there_are_48_records_of_47_people() -> None:
    assert list(MITDB.records) == list(map(str, NUMBERS))
    assert len(NUMBERS) == 48
    assert len({MITDB.patient(record) for record in MITDB.records}) == 47
    assert MITDB.patient("202") == MITDB.patient("201") == "201"
    assert SAME_SUBJECT == ("201", "202")


def test_de_chazals_lists_and_the_paced_records_are_all_of_mit_bih() -> None:
    assert (len(DS1), len(DS2)) == (22, 22)
    assert sorted([*DS1, *DS2, *PACED]) == list(map(str, NUMBERS))
    assert PACED == ("102", "104", "107", "217")
    assert (sum(map(int, DS1)), sum(map(int, DS2))) == (3485, 3964)  # so that no record changes sides unseen


def test_de_chazals_lists_are_the_standard_split_and_their_shared_subject_is_told_of() -> None:
    assert sorted(MITDB.trains(MITDB.records)) == sorted(DS1)
    assert (MITDB.test, MITDB.left_out) == (DS2, PACED)
    assert MITDB.split_note == SAME_SUBJECT_LINE
    assert all(record in SAME_SUBJECT_LINE for record in SAME_SUBJECT)


def test_the_files_are_listed_record_by_record() -> None:
    needed = MITDB.needed_files([])
    assert len(needed) == 1 + 3 * 48
    assert needed[:4] == ["RECORDS", "100.hea", "100.dat", "100.atr"]


def test_a_record_knows_its_patient_and_its_database(tmp_path: Path) -> None:
    for name in ("202", "100"):
        write_record(tmp_path, name)
    recordings = [MITDB.read(tmp_path, name) for name in ("202", "100")]
    assert [(r.record, r.patient, r.database) for r in recordings] == [
        ("202", "201", "mitdb"),
        ("100", "100", "mitdb"),
    ]
    marks = recordings[0].annotations
    assert marks is not None
    assert marks.symbol.tolist() == ["N", "V"]


def test_a_record_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    write_record(tmp_path, "100")
    with pytest.raises(EcgError, match=r"no record 110: .*110\.hea does not exist\. .* has 100\."):
        MITDB.read(tmp_path, "110")


def test_an_uncalibrated_record_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path, "100")
    header = tmp_path / "100.hea"
    header.write_text(header.read_text().replace("200.0(1024)/mV", "0"))
    with pytest.raises(EcgError, match=r"100\.hea: lead MLII has gain 0"):
        MITDB.read(tmp_path, "100")


@pytest.mark.real
def test_three_in_four_s_beats_of_ds2_are_of_record_232(ecg_data: Path) -> None:
    (said,) = MITDB.dominant
    of_class: Counter[str] = Counter()
    for record in DS2:
        marks = MITDB.read(ecg_data / "mitdb", record).annotations
        assert marks is not None
        of_class[record] = int(np.isin(marks.symbol, list("AaJS")).sum())
    assert (said.record, said.beat) == ("232", "S")
    assert of_class["232"] / of_class.total() == pytest.approx(0.75, abs=0.005)
    assert "75 %" in said.note


@pytest.mark.real
def test_the_real_database(ecg_data: Path) -> None:
    symbols: Counter[str] = Counter()
    leads: Counter[str] = Counter()
    patients = set()
    for record in MITDB.records:
        recording = MITDB.read(ecg_data / "mitdb", record)
        assert recording.annotations is not None
        assert (recording.digital.shape, recording.fs) == ((2, 650_000), 360.0)
        symbols.update(recording.annotations.symbol.tolist())
        leads.update(recording.leads)
        patients.add(recording.patient)
    assert symbols.total() == 112_647
    assert sum(symbols[s] for s in "NLRejAaJSVEF/fQ") == 109_494
    assert leads["MLII"] == 46
    assert len(patients) == 47
