"""One's own WFDB records: headers as programs write them, and samples that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.recordings.formats import Asked, find_inputs, read_own

from .records import FS, N, noted, packed, read, record, samples

HEADERS = {
    "date before time": "r 1 360 3600 05-May-2020 09:49:17\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    "a year alone": "r 1 360 3600 2006\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    "rate with an exponent": "r 1 3.6e2 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    "rate and counter": "r 1 360/720(100.5) 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    "rate and counter's base": "r 1 360(0) 3600 10:00:00 01/02/2003\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    "Latin-1 comment": "r 1 360 3600\nr.dat 16 200(0)/mV 16 0 0 0 0 II\n#H\xf6he: 170 cm\n",
    "Windows lines": "r 1 360 3600\r\nr.dat 16 200/mV 16 0 0 0 0 II\r\n",
    "gain in exponents": "r 1 360 3600\nr.dat 16 2e2(0)/mV 16 0 0 0 0 II\n",
    "gain and name alone": "r 1 360 3600\nr.dat 16 200 II\n",
    "micro sign": "r 1 360 3600\nr.dat 16 0.2/\xb5V 16 0 0 0 0 II\n",
    "volts": "r 1 360 3600\nr.dat 16 200000/V 16 0 0 0 0 II\n",
}


@pytest.mark.parametrize("form", HEADERS)
def test_headers_as_programs_write_them(tmp_path: Path, form: str) -> None:
    own = read(record(tmp_path, HEADERS[form]))
    assert (own.recording.fs, own.recording.leads, own.notes) == (FS, ("II",), ())
    np.testing.assert_array_equal(own.recording.digital[0], samples())
    np.testing.assert_allclose(own.recording.millivolts(0), samples() / 200, atol=1e-6)


def test_a_matlab_file_with_an_offset(tmp_path: Path) -> None:
    both = np.stack([-samples(), samples()], axis=1)
    path = record(tmp_path, "r.mat 2 360 3600\nr.mat 16+24 1000/mV 16 0 0 0 0 V1\nr.mat 16+24 1000/mV 16 0 0 0 0 II\n")
    (tmp_path / "r.mat").write_bytes(bytes(24) + both.astype("<i2").tobytes())
    for named in (path, tmp_path / "r.mat", tmp_path / "r"):
        own = read(named)
        assert own.leads == ("V1", "II")
        np.testing.assert_array_equal(own.recording.digital[0], samples())


@pytest.mark.parametrize(("header", "data"), [("R.HEA", "R.DAT"), ("r.hea", "R.DAT"), ("R.HEA", "r.dat")])
def test_names_in_capitals(tmp_path: Path, header: str, data: str) -> None:
    (tmp_path / header).write_text("r 1 360 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    samples().astype("<i2").tofile(tmp_path / data)
    for named in (tmp_path / header, tmp_path / data, tmp_path / "r"):
        assert read(named).recording.n_samples == N


@pytest.mark.parametrize("length", ["", " 0"])
def test_the_length_is_that_of_the_file_where_the_header_says_none(tmp_path: Path, length: str) -> None:
    own = read(record(tmp_path, f"r 1 360{length}\nr.dat 16 200/mV 16 0 0 0 0 II\n"))
    assert own.recording.n_samples == N
    assert noted(own, "gives no length", "3,600 samples")


def test_a_file_that_is_longer_than_its_header_says(tmp_path: Path) -> None:
    own = read(record(tmp_path, "r 1 360 1800\nr.dat 16 200/mV 16 0 0 0 0 II\n"))
    assert own.recording.n_samples == 1800
    assert noted(own, "3,600", "1,800", "only those are read")


@pytest.mark.parametrize("line", ["r.dat 16", "r.dat 16 0 16 0 0 0 0 II", "r.dat 16 0(0)/mV 16 0 0 0 0 II"])
def test_a_gain_that_is_missing_is_the_default_and_said(tmp_path: Path, line: str) -> None:
    own = read(record(tmp_path, f"r 1 360 3600\n{line}\n"))
    assert own.recording.gain.tolist() == [200]
    assert noted(own, "no gain")
    assert noted(own, "200 to the millivolt")
    assert read(tmp_path / "r", unit="uV").recording.gain.tolist() == [1000]  # the integers are microvolts


@pytest.mark.parametrize("rate", ["", " 0 3600"])
def test_a_rate_that_is_missing_is_asked_for(tmp_path: Path, rate: str) -> None:
    path = record(tmp_path, f"r 1{rate}\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    with pytest.raises(EcgError, match=r"r\.hea: the sampling rate is missing.*--fs 360.*250 Hz would be a guess"):
        read(path)
    own = read(path, fs=360.0)
    assert own.recording.fs == FS
    assert noted(own, "says no sampling rate", "360 Hz", "--fs")


def test_a_unit_that_is_not_known_is_asked_for_and_one_that_is_counts(tmp_path: Path) -> None:
    path = record(tmp_path, "r 1 360 3600\nr.dat 16 200/mmHg 16 0 0 0 0 II\n")
    with pytest.raises(EcgError, match=r"r\.hea: the unit 'mmHg' of lead II is not known.*--unit"):
        read(path)
    assert read(path, unit="mV").recording.gain.tolist() == [200]
    own = read(record(tmp_path, "r 1 360 3600\nr.dat 16 0.2/uV 16 0 0 0 0 II\n"), unit="mV")
    assert own.recording.gain.tolist() == [200]
    assert noted(own, "--unit mV is not used", "uV")


BAD_HEADERS = {
    "r 1 360,5 3600\nr.dat 16 200/mV\n": "sampling rate reads '360,5'",
    "r 1 10:00:00\nr.dat 16 200/mV\n": "sampling rate reads '10:00:00'",
    "r 1 -5 3600\nr.dat 16 200/mV\n": "sampling rate is -5 Hz",
    "r 1 360 3600\nr.dat 16 0,5/mV\n": "gain of a signal reads '0,5/mV'",
    "r 1 360 3600\nr.dat sixteen 200/mV\n": "does not give a signal file and its format",
    "r 1 360 3600\nr.dat 17 200/mV\n": "unknown signal format 17",
    "r 1 360 3601\nr.dat 16 200/mV\n": "cut off: r.hea announces 7202 bytes, the file has 7200",
    "r 1 360 3600\nother.dat 16 200/mV\n": "signal file .*other.dat does not exist",
}


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, header: str) -> None:
    path = record(tmp_path, header)
    with pytest.raises(EcgError, match=BAD_HEADERS[header]) as error:
        read(path)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


INVALID = {
    "80": -128,
    "212": -2048,
    "310": -512,
    "311": -512,
    "16": -32768,
    "24": -(2**23),
    "32": -(2**31),
    "516": -32768,
}


@pytest.mark.parametrize("name", ["II", "ECG lead II", ""])
@pytest.mark.parametrize("form", INVALID)
def test_the_invalid_value_of_each_format_is_a_gap(tmp_path: Path, form: str, name: str) -> None:
    digital = samples() // 2
    digital[720:1440] = INVALID[form]
    header = packed(tmp_path, form, digital, name)
    own = read(header)
    assert own.gaps.tolist() == [[720, 1440]]
    there = np.r_[:720, 1440:N]
    np.testing.assert_array_equal(own.recording.digital[0, there], digital[there])


def test_leads_of_one_name_can_be_told_apart(tmp_path: Path) -> None:
    both = np.stack([samples(), -samples()], axis=1)
    both[100:400, 1] = -32768
    lines = "r.dat 16 200/mV 16 0 0 0 0 ECG\n"
    path = record(tmp_path, "r 2 360 3600\n" + 2 * lines, both)
    with pytest.raises(EcgError, match=r"ECG \(1\), ECG \(2\)"):
        read(path)
    assert read(path, lead="ECG (1)").gaps.tolist() == []
    assert read(path, lead="ECG (2)").gaps.tolist() == [[100, 400]]


def test_a_lead_of_nothing_but_invalid_samples(tmp_path: Path) -> None:
    path = record(tmp_path, "r 1 360 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n", np.full(N, -32768))
    with pytest.raises(EcgError, match="lead II holds no signal"):
        read(path)


def test_big_endian_samples_of_format_61(tmp_path: Path) -> None:
    values = np.rint(1024 + 200 * np.sin(np.arange(3600) / 9)).astype(np.int16)
    values[100:200] = -(2**15)
    (tmp_path / "w.dat").write_bytes(values.astype(">i2").tobytes())
    (tmp_path / "w.hea").write_text("w 1 360 3600\nw.dat 61 200(1024)/mV 16 0 0 0 0 MLII\n")
    own = read_own(find_inputs([tmp_path / "w.hea"])[0], Asked())
    kept = np.r_[0:99, 201:3600]
    np.testing.assert_array_equal(own.recording.digital[0][kept], values[kept])
    assert own.gaps.tolist() == [[100, 200]]
