"""The .atc files of AliveCor's Kardia."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError

from .conftest import Read
from .writing import ATC, STEP_UV, atc, atc_block, ecg


@pytest.mark.parametrize("lead", ATC)
@pytest.mark.parametrize("fs", [300, 600])
def test_each_lead_by_its_name_with_rate_and_step_of_the_file(tmp_path: Path, read: Read, lead: str, fs: int) -> None:
    own = read(atc(tmp_path / "a.atc", [ecg(fs=fs)], fs=fs), lead=lead)
    assert (own.leads, own.recording.leads, own.recording.fs) == (tuple(ATC), (lead,), fs)
    np.testing.assert_allclose(own.recording.millivolts(0), ecg(fs=fs)[lead] * STEP_UV / 1000, atol=1e-6)
    assert own.recording.seconds == 4
    assert own.notes == ()


def test_the_only_lead_is_taken_and_told(tmp_path: Path, read: Read) -> None:
    own = read(atc(tmp_path / "a.atc", [{"I": ecg()["I"]}]), preferred=("MLII", "II"))
    assert own.recording.leads == ("I",)
    assert any("'I' is the only one" in note for note in own.notes)


def test_flags_and_options_that_are_not_followed_are_told(tmp_path: Path, read: Read) -> None:
    own = read(atc(tmp_path / "a.atc", [ecg()], flags=1), fs=360, unit="mV")
    assert any("upside down" in note for note in own.notes)
    assert any("--unit mV is not used" in note for note in own.notes)
    assert any("--fs 360 is not used" in note for note in own.notes)
    np.testing.assert_allclose(own.recording.millivolts(0), ecg()["II"] * STEP_UV / 1000, atol=1e-6)


def test_other_blocks_are_passed_over(tmp_path: Path, read: Read) -> None:
    more = atc_block(b"ann ", bytes(10)) + atc_block(b"new!", b"anything") + atc_block(b"med ", bytes(2))
    assert read(atc(tmp_path / "a.atc", [ecg()], more=more)).leads == tuple(ATC)


@pytest.mark.parametrize("at", [20, 280, 300, 1000, 5000])
def test_a_flipped_bit_anywhere_is_refused(tmp_path: Path, read: Read, at: int) -> None:
    path = atc(tmp_path / "a.atc", [ecg()])
    stored = bytearray(path.read_bytes())
    stored[at] ^= 4
    path.write_bytes(stored)
    with pytest.raises(EcgError, match=r"a\.atc: (damaged: the checksum of block|cut off)"):
        read(path)


@pytest.mark.parametrize("kept", [13, 200, 285, 310, 5000, -1])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, read: Read, kept: int) -> None:
    path = atc(tmp_path / "a.atc", [ecg()])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EcgError, match=r"a\.atc: cut off: the block at byte \d+"):
        read(path)


FMT = atc_block(b"fmt ", struct.pack("<BHHBH", 1, 300, 500, 0, 0))
SIGNAL = atc_block(b"ecg ", bytes(600))


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"", "does not begin with ALIVE"),
        (b"Alive" + bytes(60), "does not begin with ALIVE"),
        (b"ALIVE\0\0\0\4\0\0\0", "no block fmt"),
        (b"ALIVE\0\0\0\4\0\0\0" + SIGNAL, "no block fmt"),
        (b"ALIVE\0\0\0\4\0\0\0" + atc_block(b"fmt ", b"\1"), "no block fmt"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT, "no block ecg"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT + atc_block(b"avg ", bytes(600)), "no block ecg"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT + atc_block(b"ecg ", b""), "has 0 bytes"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT + atc_block(b"ecg ", bytes(601)), "has 601 bytes"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT + SIGNAL + SIGNAL, "two blocks ecg"),
        (b"ALIVE\0\0\0\4\0\0\0" + atc_block(b"fmt ", bytes(8)) + SIGNAL, "format 0, 0 Hz and 0 nV"),
        (b"ALIVE\0\0\0\4\0\0\0" + FMT + b"ecg \xff\xff\xff\xff" + bytes(600), "cut off"),
    ],
)
def test_files_that_hold_no_recording(tmp_path: Path, read: Read, stored: bytes, said: str) -> None:
    path = tmp_path / "a.atc"
    path.write_bytes(stored)
    with pytest.raises(EcgError, match=rf"a\.atc: .*{said}"):
        read(path)
