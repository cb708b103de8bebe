"""Diagnoses, ages and sexes by the comment lines of headers, as LUDB and PTB write them."""

from __future__ import annotations

from collections import Counter
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.diagnosis import age_of, header_says, sex_of
from ecg.recordings.databases.ludb import GAIN, LEADS, LUDB, diagnosis_of, select_ludb

HEALTHY = ("Rhythm: Sinus rhythm.", "Electric axis of the heart: normal.")
UNSURE = "an infarction that is not sure"


def write(folder: Path, name: str, *lines: str, age: str = "51", sex: str = "F") -> Path:
    """A record of LUDB whose header has these lines, and a gain by which every lead reaches over 1 mV."""
    below = folder / "data"
    below.mkdir(parents=True, exist_ok=True)
    digital = np.random.default_rng(0).integers(-500, 500, (1000, 12))
    gains = [1000.0 + 37 * i for i in range(12)]
    options = {"fmt": ["16"] * 12, "adc_gain": gains, "baseline": [0] * 12, "write_dir": str(below)}
    wfdb.wrsamp(name, fs=500, units=["mV"] * 12, sig_name=list(LEADS), d_signal=digital, **options)
    header = below / f"{name}.hea"
    comments = [f"#<age>: {age}", f"#<sex>: {sex}", "#<diagnoses>:", *(f"#{line} " for line in lines)]
    header.write_text(header.read_text() + "\n".join(comments) + "\n")
    return header


def said(*lines: str) -> list[tuple[str, str]]:
    """As `header_says` gives them."""
    pairs = (line.partition(":") for line in ("age: 51", "sex: f", "diagnoses:", *lines))
    return [(name.lower(), value.strip(" .")) for name, _, value in pairs]


@pytest.mark.parametrize(
    ("lines", "diagnosis"),
    [
        (HEALTHY, "normal"),
        (("Rhythm: Sinus bradycardia.", "Electric axis of the heart: vertical."), "normal"),
        (("Rhythm: Sinus tachycardia.", "Electric axis of the heart: horizontal."), "normal"),
        (("Rhythm: Atrial fibrillation.", HEALTHY[1]), "other"),
        ((HEALTHY[0], "Electric axis of the heart: left axis deviation."), "other"),
        ((*HEALTHY, "Left ventricular hypertrophy."), "other"),
        ((*HEALTHY, "Ischemia: anterior wall."), "other"),
        ((*HEALTHY, "UNIpolar ventricular pacing."), "other"),
        ((*HEALTHY, "STEMI: anterior wall."), "MI"),
        ((*HEALTHY, "Scar formation: inferior wall."), "MI"),
        (("Rhythm: Atrial fibrillation.", "Complete left bundle branch block.", "Scar formation: septal."), "MI"),
        ((*HEALTHY, "Undefined ischemia/scar/supp.NSTEMI: lateral wall."), ""),
        ((*HEALTHY, "Undefined ischemia/scar/supp.NSTEMI: septal.", "STEMI: apical."), "MI"),
    ],
)
def test_the_diagnosis_is_that_of_the_lines(lines: tuple[str, ...], diagnosis: str) -> None:
    assert diagnosis_of(said(*lines)) == diagnosis


def test_age_and_sex_are_no_diagnosis() -> None:
    assert diagnosis_of([("age", "90"), ("sex", "m"), ("diagnoses", "")]) == "normal"


def test_records_are_selected_with_what_is_known_of_their_patients(tmp_path: Path) -> None:
    write(tmp_path, "1", *HEALTHY)
    write(tmp_path, "2", *HEALTHY, "Scar formation: inferior wall.", age="79", sex="M")
    write(tmp_path, "3", "Rhythm: Atrial fibrillation.", age="n/a", sex="")
    write(tmp_path, "4", *HEALTHY, "Undefined ischemia/scar/supp.NSTEMI: septal.")
    write(tmp_path, "10", *HEALTHY)
    (tmp_path / "data" / "10.dat").unlink()
    found = select_ludb(tmp_path)
    assert [(r.name, r.patient, r.diagnosis, r.database, r.sex) for r in found.records] == [
        ("1", "ludb 1", "normal", "ludb", "female"),
        ("2", "ludb 2", "MI", "ludb", "male"),
        ("3", "ludb 3", "other", "ludb", ""),
    ]
    assert [r.age for r in found.records] == pytest.approx([51, 79, nan], nan_ok=True)
    assert (found.left_out, found.not_downloaded) == ({UNSURE: 1}, 196)
    assert found.note == "Only 4 of the 200 records of ludb were there."


def test_amplitudes_are_by_the_true_gain_and_not_by_the_headers(tmp_path: Path) -> None:
    header = write(tmp_path, "1", *HEALTHY)
    assert "1037" in header.read_text()
    (record,) = select_ludb(tmp_path).records
    for found in (record.read(), LUDB.read(tmp_path, "1")):
        assert GAIN == 1000
        assert found.gain.tolist() == [1000.0] * 12
        assert found.database == "ludb"
        np.testing.assert_allclose(found.millivolts(3), found.digital[3] / 1000, rtol=1e-6)


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"nothing does not exist\. Three ways on"):
        select_ludb(tmp_path / "nothing")


def test_lines_of_a_header_are_names_and_values(tmp_path: Path) -> None:
    header = tmp_path / "x.hea"
    header.write_bytes(
        b"x 1 500 10\nx.dat 16 200/mV 0 0 0 0 0 i\n# age: 81\n#<sex>: F\r\n#Rhythm: Sinus rhythm. \n#\tPacing.\n"
        b"# Reason for admission: Myocardial infarction\n# Catheterization date: 16:30\n# N\xe4me: a\n"
    )
    assert header_says(header) == [
        ("age", "81"),
        ("sex", "F"),
        ("rhythm", "Sinus rhythm"),
        ("pacing", ""),
        ("reason for admission", "Myocardial infarction"),
        ("catheterization date", "16:30"),
        ("n\N{REPLACEMENT CHARACTER}me", "a"),
    ]


def test_a_header_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"x\.hea: No such file"):
        header_says(tmp_path / "x.hea")


@pytest.mark.parametrize(("text", "years"), [("51", 51), (" 51 ", 51), (51.5, 51.5), ("0.5", 0.5), (90.0, 90)])
def test_an_age_is_in_years(text: object, years: float) -> None:
    assert age_of(text) == years


@pytest.mark.parametrize("text", ["", "n/a", None, "0", "-3", 130, "300", "nan", "inf", nan, "51 years", []])
def test_what_is_no_age_is_not_known(text: object) -> None:
    assert isnan(age_of(text))


@pytest.mark.parametrize(
    ("text", "sex"),
    [("F", "female"), (" female ", "female"), ("m", "male"), ("Male", "male"), ("", ""), ("n/a", ""), (None, "")],
)
def test_a_sex_is_female_or_male_or_not_known(text: object, sex: str) -> None:
    assert sex_of(text) == sex


@pytest.mark.real
def test_the_real_database_holds_its_known_numbers(ecg_data: Path) -> None:
    found = select_ludb(ecg_data / "ludb")
    assert Counter(record.diagnosis for record in found.records) == {"other": 138, "normal": 25, "MI": 23}
    assert (found.left_out, found.note) == ({UNSURE: 14}, "")
    assert all(10 < record.age < 100 and record.sex for record in found.records)
    for record in found.records[:20]:
        one = record.read()
        first, second, third = (one.digital[row].astype(np.int64) for row in range(3))
        assert np.abs(second - first - third).max() <= 2  # Einthoven, in steps of the converter
