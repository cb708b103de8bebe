"""Annotation files come out as the wfdb package reads them, where it reads them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.databases.sample import FOLDER, SAMPLE
from ecg.recordings.recording import Annotations
from ecg.recordings.wfdb_annotations import annotation_bytes, read_annotations


@pytest.mark.parametrize("record", SAMPLE.records)
def test_the_sample_reads_as_wfdb_reads_it(record: str) -> None:
    found, rate = read_annotations(FOLDER / f"{record}.atr")
    expected = wfdb.rdann(str(FOLDER / record), "atr")
    assert found.sample.tolist() == expected.sample.tolist()
    assert found.symbol.tolist() == expected.symbol
    assert found.note is not None
    assert found.note.tolist() == [note.rstrip("\0") for note in expected.aux_note]
    assert rate is None  # wfdb says 360, of the header beside it


def test_all_fields_and_far_apart_marks_read_as_wfdb_reads_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.choice([0, 1, 1023, 1024, 70_000, 3_000_000], size=200)) + 1
    fields = {
        "symbol": rng.choice(list('NVA+~|"('), size=200).tolist(),
        "subtype": rng.integers(-3, 4, size=200),
        "chan": rng.integers(0, 3, size=200),
        "num": rng.integers(0, 3, size=200),
        "aux_note": rng.choice(["", "(AFIB", "even", "odd"], size=200).tolist(),
    }
    wfdb.wrann("a", "atr", sample, fs=128, write_dir=str(tmp_path), **fields)
    found, rate = read_annotations(tmp_path / "a.atr")
    assert rate == 128
    assert found.sample.tolist() == sample.tolist()
    assert found.symbol.tolist() == fields["symbol"]
    assert found.note is not None
    assert found.note.tolist() == fields["aux_note"]


def test_codes_of_ones_own_that_the_file_explains(tmp_path: Path) -> None:
    own = [(42, "y", "my kind of beat")]
    wfdb.wrann("a", "atr", np.array([5, 9]), ["y", "N"], custom_labels=own, write_dir=str(tmp_path))
    found, _ = read_annotations(tmp_path / "a.atr")
    assert (found.sample.tolist(), found.symbol.tolist()) == ([5, 9], ["y", "N"])


def _note(text: str, time: int = 0) -> bytes:
    return struct.pack("<HH", 22 << 10 | time, 63 << 10 | len(text)) + text.encode().ljust(len(text) + len(text) % 2)


def test_a_note_on_which_wfdb_loops_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "a.atr"
    file.write_bytes(_note("## made by hand") + _note("## time resolution: 500") + struct.pack("<HH", 1 << 10 | 7, 0))
    found, rate = read_annotations(file)
    assert (found.sample.tolist(), rate) == ([7], 500)


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_an_error_or_reads(tmp_path: Path, seed: int) -> None:
    content = bytearray((FOLDER / "200.atr").read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(len(content), size=20):
        content[at] = rng.integers(256)
    file = tmp_path / "a.atr"
    file.write_bytes(content)
    try:
        found, _ = read_annotations(file)
    except EcgError as error:
        assert "a.atr" in str(error)  # noqa: PT017
    else:
        assert (np.diff(found.sample) >= 0).all()


@pytest.mark.parametrize("fs", [360.0, 128, 257.5, 1000.0])
def test_what_is_written_is_what_wfdb_writes(tmp_path: Path, fs: float) -> None:
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.choice([1, 300, 1023, 1024, 5000, 3_000_000], 200))
    symbol = rng.choice(list("NAVF?Q+"), 200)
    note = np.where(rng.random(200) < 0.2, rng.choice(["(AFIB", "(N", "MI"], 200), "")
    wfdb.wrann("rec", "ecg", sample, symbol=symbol.tolist(), aux_note=note.tolist(), fs=fs, write_dir=str(tmp_path))
    ours = annotation_bytes(Annotations(sample, symbol, note), fs)
    assert ours == (tmp_path / "rec.ecg").read_bytes()
    (tmp_path / "own.ecg").write_bytes(ours)
    found, rate = read_annotations(tmp_path / "own.ecg")
    assert rate == fs
    np.testing.assert_array_equal(found.sample, sample)
    np.testing.assert_array_equal(found.symbol, symbol)
    np.testing.assert_array_equal(found.note, note)
