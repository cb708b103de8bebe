"""Reference annotations never stop the labelling of one's own recording."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.wfdb_files import read_record

from .records import N, noted, read, record, samples


def marks(*pairs: tuple[int, int], close: bool = True) -> bytes:
    """An annotation file: times in samples and codes, each time written as a SKIP."""
    made, before = b"", 0
    for time, code in pairs:
        step = struct.pack("<i", time - before)
        made += struct.pack("<H", 59 << 10) + step[2:] + step[:2] + struct.pack("<H", code << 10)
        before = time
    return made + b"\0\0" * close


ODD_REFERENCES = {
    "beyond the end": (marks((10, 1), (N + 1, 1)), "at sample 3601, but the record ends at 3600"),
    "before 0": (marks((-5, 1), (100, 1)), "not in time order"),
    "out of order": (marks((500, 1), (100, 1)), "not in time order"),
    "a user's code": (marks((10, 1), (100, 50)), "codes that do not exist (50)"),
    "no closing zeros": (marks((10, 1), close=False), "cut off"),
    "half a word": (marks((10, 1)) + b"\1", "cut off"),
    "empty": (b"", "cut off"),
    "text": (b"beats\n", "cut off"),
    "cut within a note": (struct.pack("<HHH", 1 << 10 | 5, 63 << 10 | 200, 0), "damaged"),
    "a note before any mark": (struct.pack("<HHH", 63 << 10 | 2, 65, 0), "damaged"),
}


@pytest.mark.parametrize("odd", ODD_REFERENCES)
def test_an_odd_reference_never_stops_the_labelling(tmp_path: Path, odd: str) -> None:
    path = record(tmp_path, "r 1 360 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    content, why = ODD_REFERENCES[odd]
    (tmp_path / "r.atr").write_bytes(content)
    own = read(path)
    np.testing.assert_array_equal(own.recording.digital[0], samples())
    assert own.recording.annotations is None
    assert noted(own, "reference annotations are not used", "r.atr", why)
    with pytest.raises(EcgError, match=r"r\.atr"):
        read_record(path)


def test_a_reference_that_counts_at_its_own_rate_is_converted(tmp_path: Path) -> None:
    path = record(tmp_path, "r 1 360 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    wfdb.wrann("r", "atr", np.array([0, 250, 2499]), ["N", "V", "N"], fs=250, write_dir=str(tmp_path))
    own = read(path)
    assert own.notes == ()
    assert own.recording.annotations is not None
    assert own.recording.annotations.sample.tolist() == [0, 360, 3599]
    assert own.recording.annotations.symbol.tolist() == ["N", "V", "N"]
