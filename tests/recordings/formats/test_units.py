"""The unit that a file names is the one its values are in; one that is not known is never taken for another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.recordings.formats.units import UNITS, known_unit, looks_like_unit

from .made import FS, assert_read, cells, read, refused, signal, times, write

T = cells(times())
NAMES = {
    "mV": ("mV", "mv", "MV", "(mV)", "[mV]", "millivolts", "milliVolt", "Millivolt", "m V", "mVolts", "milivoltios"),
    "uV": ("uV", "µV", "μV", "UV", "microvolts", "Mikrovolt", "micro-volt", "µVolt", "Âµv", "mcV"),
    "V": ("V", "v", "Volts", "volt", "Volt", "[V]"),
    "nV": ("nV", "nanovolts", "NV"),
    "ADU": ("adu", "ADC units", "counts", "LSB", "adc"),
}  # fmt: skip


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit, names in NAMES.items() for name in names])
def test_names_of_units(unit: str, name: str) -> None:
    assert known_unit(name) == unit


@pytest.mark.parametrize(
    "name", ["", "kV", "uV/LSB", "mV/mm", "pV", "a.u.", "mmHg", "10uV", "raw", "V5", "\ufffdV", "lead"]
)
def test_other_words_are_none(name: str) -> None:
    assert known_unit(name) is None
    assert looks_like_unit(name) is (name in ("kV", "uV/LSB", "mV/mm", "pV", "mmHg", "10uV", "\ufffdV"))


@pytest.mark.parametrize(
    ("header", "unit", "lead"),
    [
        ("ecg_volt", "V", "ecg"),
        ("ECG (Volts)", "V", "ECG"),
        ("II [nV]", "nV", "II"),
        ("II (nanovolts)", "nV", "II"),
        ("II_uV", "uV", "II"),
        ("II µV", "uV", "II"),
        ("ECG in µV", "uV", "ECG"),
        ("ecgMicroVolts", "uV", "ecg"),
        ("IIuV", "uV", "II"),
        ("EKG/mV", "mV", "EKG"),
        ("ECG, mV", "mV", "ECG"),
        ("microvolts", "uV", "microvolts"),
        ("ecg counts", "ADU", "ecg"),
        ("II (left arm)", "mV", "II (left arm)"),
    ],
)
def test_units_in_the_names_of_columns(tmp_path: Path, header: str, unit: str, lead: str) -> None:
    path = write(tmp_path / "a.csv", f"time;{header}", T, cells(signal() * UNITS[unit], "{:.6f}"), sep=";")
    own = assert_read(path, lead)
    assert len(own.notes) == (unit == "ADU")


@pytest.mark.parametrize(
    "header", ["time,II (kV)", "time,II [mmHg]", "time,II (uV/LSB)", "time,II\ns,kV", "time,II\ns,[dV]"]
)
def test_a_unit_that_is_not_known_is_refused_and_can_be_said(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", header, T, cells(signal()))
    refused(path, "the unit", "of II is not known", "--unit mV")
    own = assert_read(path, "II", unit="mV")
    assert "--unit mV is used; the file says" in own.notes[0]


@pytest.mark.parametrize("unit", ["mV", "uV", "V", "nV"])
def test_without_a_unit_the_only_one_that_gives_an_ecg_is_taken_and_said(tmp_path: Path, unit: str) -> None:
    own = assert_read(write(tmp_path / "a.csv", "time,II", T, cells(signal() * UNITS[unit], "{:.7f}")), "II")
    assert [note for note in own.notes if f"are taken as {unit} " in note] == list(own.notes)
    assert bool(own.notes) == (unit != "mV")


@pytest.mark.parametrize("factor", [1e-8, 0.02, 20, 20_000, 1e8])
def test_a_span_that_is_an_ecg_in_no_unit_is_refused(tmp_path: Path, factor: float) -> None:
    path = write(tmp_path / "a.csv", "time,II", T, cells(signal() * factor, "{:.11f}"))
    refused(path, "lead II names no unit", "--unit")
    assert read(path, unit="mV").recording.leads == ("II",)


def test_a_named_unit_in_which_the_values_are_no_ecg_is_kept_with_a_note(tmp_path: Path) -> None:
    own = read(write(tmp_path / "a.csv", "time,II (uV)", T, cells(signal())))
    np.testing.assert_allclose(own.recording.millivolts(0), signal() / 1000, atol=1e-8)
    assert any("are no usual ECG: is the unit right" in note for note in own.notes)
    np.save(tmp_path / "b.npy", np.zeros(2000))
    assert read(tmp_path / "b.npy", fs=FS, unit="uV").notes == ()  # a flat line is one in any unit
