"""Lines above the numbers that say rate, unit and lead, as wearables and recorders write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecg.recordings.formats.table_metadata import read_metadata

from .made import FS, assert_read, cells, read, refused, signal, times, write

X = cells(signal())
UV = cells(signal() * 1000, "{:.3f}")
WATCH = {
    "en": ("Name", "Sample Rate,250 hertz", "Lead,Lead I", "Unit,µV"),
    "de": ("Name", 'Messrate,"250,0 Hertz"', "Ableitung,Ableitung I", "Einheit,µV"),
    "fr": ("Nom", "Fréquence d'échantillonnage,250 hertz", "Dérivation,Dérivation I", "Unité,µV"),
    "es": ("Nombre", "Frecuencia de muestreo,250 hercios", "Derivación,Derivación I", "Unidad,µV"),
    "it": ("Nome", "Frequenza di campionamento,250 hertz", "Derivazione,Derivazione I", "Unità,µV"),
    "pt": ("Nome", "Taxa de amostragem,250 hertz", "Derivação,Derivação I", "Unidade,µV"),
    "nl": ("Naam", "Samplefrequentie,250 hertz", "Afleiding,Afleiding I", "Eenheid,µV"),
    "sv": ("Namn", "Samplingsfrekvens,250 Hz", "Avledning,Avledning I", "Enhet,µV"),
}


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("language", WATCH)
def test_a_watch_of_any_language(tmp_path: Path, language: str, decimal: str) -> None:
    name, rate, lead, unit = WATCH[language]
    header = f'{name},X\nBorn,"1 Jan 1980"\nClass,Sinus\nSymptoms,\nDevice,"Watch6,1"\n{rate}\n\n\n{lead}\n{unit}\n'
    own = assert_read(write(tmp_path / "a.csv", header, cells(signal() * 1000, "{:.3f}", decimal)), "I")
    assert own.notes == ()


@pytest.mark.parametrize("mark", [": ", "=", ";", "\t", " = "])
@pytest.mark.parametrize("comment", ["", "# ", "%"])
def test_keys_and_values(tmp_path: Path, mark: str, comment: str) -> None:
    said = (("Device", "X1"), ("Sampling frequency", "0.25 kHz"), ("Lead", "II"), ("Units", "microvolts"))
    header = "\n".join(f"{comment}{key}{mark}{value}" for key, value in said)
    assert assert_read(write(tmp_path / "a.txt", header, UV), "II").notes == ()
    header += "\nII"
    assert assert_read(write(tmp_path / "a.txt", header, UV), "II").notes == ()


@pytest.mark.parametrize(
    ("lines", "fs"),
    [
        (("Sampling rate (Hz): 250",), 250),
        (("fs=250",), 250),
        (("Abtastrate;250 Hz",), 250),
        (("SampleRate,250",), 250),
        (("Interval=\t0.004 s",), 250),
        (("Sampling interval: 4 ms",), 250),
        (("4 msec/sample",), 250),
        (("Heart rate,60 bpm", "Low-pass frequency: 40 Hz", "Sample count: 2000", "Mains: 50 Hz"), None),
        (("Sampling rate: high",), None),
    ],
)
def test_only_a_sampling_rate_is_one(lines: tuple[str, ...], fs: float | None) -> None:
    assert read_metadata(lines).fs == fs


def test_a_table_below_what_is_said(tmp_path: Path) -> None:
    header = "Interval=\t0.004 s\nChannelTitle=\tII\tV1\nRange=\t10 mV\t10 mV\nUnitName=\tmV"
    own = read(write(tmp_path / "a.txt", header, cells(times()), X, X, sep="\t"))
    assert (own.recording.fs, own.recording.leads, own.leads) == (FS, ("II",), ("II", "V1"))
    header = "Rate of sampling: 250 Hz\n\nII,V1\nmV,mV"
    assert_read(write(tmp_path / "b.csv", header, X, X), "II")


def test_the_rate_said_above_must_be_one_and_the_times_count_more(tmp_path: Path) -> None:
    assert_read(write(tmp_path / "a.csv", "Sample rate: 500 Hz\ntime,II", cells(times()), X), "II")
    refused(write(tmp_path / "b.csv", "Sample rate: 5 Hz\nII", X), "5 Hz; an ECG has 20 to 10,000")
    refused(write(tmp_path / "c.csv", "Sample rate: 250\nUnit: furlongs\nII", X), "unit 'furlongs' of II is not known")


@pytest.mark.parametrize("sensor", ["ECG", "ECGBIT"])
def test_opensignals(tmp_path: Path, sensor: str) -> None:
    said = {
        "00:07:80:00:00:01": {
            "sensor": [sensor, "EDA"], "device name": "x", "column": ["nSeq", "I1", "I2", "A1", "A2"],
            "sampling rate": 250, "resolution": [4, 1, 1, 10, 10], "label": ["A1", "A2"],
        }
    }  # fmt: skip
    header = f"# OpenSignals Text File Format\n# {json.dumps(said)}\n# EndOfHeader"
    steps = cells(signal() * 200 + 512, "{:.0f}")
    count = [str(i % 16) for i in range(len(X))]
    zero, empty = ["0"] * len(X), [""] * len(X)
    own = read(write(tmp_path / "a.txt", header, count, zero, zero, steps, zero, empty, sep="\t"))
    assert (own.recording.fs, own.recording.leads, own.leads) == (FS, (sensor,), (sensor, "EDA"))
    np.testing.assert_allclose(own.recording.millivolts(0) - 2.56, signal(), atol=0.003)
    assert any(note.startswith("ADU") for note in own.notes)


def test_json_that_is_damaged_is_only_a_comment(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.txt", '# {"sampling rate": 250,\n# EndOfHeader', X), "sampling rate is missing")


@pytest.mark.parametrize(
    "lines",
    [
        ["PPG Sampling Rate (Hz),100", "ECG Sampling Rate (Hz),360"],
        ["ECG Sample Rate;360", "ACC Sample Rate;52"],
        ["Original sampling rate: 1000 Hz", "Sampling rate: 360 Hz"],
        ["Sampling rate of PPG: 25 Hz", "Sampling rate of ECG: 360 Hz"],
        ["Display sampling rate: 100 Hz", "Abtastrate: 360 Hz"],
        ['{"acc": {"sampling rate": 50}, "ecg": {"sampling rate": 360}}'],
        ["Sampling rate: 360 Hz", "fs = 360"],
        ["PPG sampling rate: 360"],
    ],
)
def test_of_several_rates_that_of_the_ecg_counts(lines: list[str]) -> None:
    assert read_metadata(lines).fs == 360


def test_two_rates_of_nothing_in_particular_are_none() -> None:
    assert read_metadata(["Sampling rate: 360 Hz", "Sample rate: 250 Hz"]).fs is None
    assert read_metadata(["ACC sampling rate: 52", "PPG sampling rate: 25"]).fs is None
