"""The noise records of the MIT-BIH Noise Stress Test Database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.nstdb import NOISES, NSTDB


def write_noise(folder: Path, name: str, *, gain: float = 200.0) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    digital = np.random.default_rng(len(name)).integers(-500, 500, (720, 2))
    options = {"fmt": ["212"] * 2, "adc_gain": [gain] * 2, "baseline": [0] * 2, "write_dir": str(folder)}
    wfdb.wrsamp(name, fs=360, units=["mV"] * 2, sig_name=["noise1", "noise2"], d_signal=digital, **options)
    return digital.T


def test_it_is_there_with_both_noises_and_not_with_one(tmp_path: Path) -> None:
    for name in NOISES:
        assert not NSTDB.is_there(tmp_path)
        write_noise(tmp_path, name)
    assert NSTDB.is_there(tmp_path)
    (tmp_path / "ma.dat").unlink()
    assert not NSTDB.is_there(tmp_path)


def test_a_noise_is_read_in_adu_with_its_rate_and_a_gain_of_0_is_no_error(tmp_path: Path) -> None:
    for name in NOISES:
        expected = write_noise(tmp_path, name)
    header = tmp_path / "ma.hea"
    header.write_text(header.read_text().replace("200.0(0)/mV", "0"))
    found, fs = NSTDB.read(tmp_path, "ma")
    np.testing.assert_array_equal(found, expected)
    assert (found.dtype, fs) == (np.float64, 360)


def test_what_is_missing_is_said_with_what_can_be_set_instead(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"nowhere does not exist\. Three ways on: .*or dataset\.noise=false$"):
        NSTDB.read(tmp_path / "nowhere", "bw")
    write_noise(tmp_path, "bw")
    with pytest.raises(EcgError, match=r" lacks bw or ma\. Three ways on: "):
        NSTDB.read(tmp_path, "bw")


@pytest.mark.real
def test_the_real_noises_last_half_an_hour(ecg_data: Path) -> None:
    for name in NOISES:
        found, fs = NSTDB.read(ecg_data / "nstdb", name)
        assert (found.shape, fs) == ((2, 650_000), 360)
