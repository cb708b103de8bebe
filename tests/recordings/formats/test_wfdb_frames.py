"""WFDB records whose signals have rates of their own, and records of several segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.formats import find_inputs
from ecg.recordings.wfdb_files import read_record

from .records import FS, N, noted, read, record, samples


def frames(folder: Path) -> Path:
    """II at 360 Hz, a pressure at 90 Hz, V5 at 720 Hz: 900 frames of 4, 1 and 8 samples at 90 Hz."""
    rng = np.random.default_rng(0)
    signals = [np.cumsum(rng.integers(-3, 4, size=900 * n)) for n in (4, 1, 8)]
    whole = np.concatenate([s.reshape(900, -1) for s in signals], axis=1)
    rows = [f"r.dat 16x{n} 200/{unit} 16 0 0 0 0 {name}" for n, unit, name in ((4, "mV", "II"), (1, "mmHg", "ABP"))]
    return record(folder, "\n".join(["r 3 90 900", *rows, "r.dat 16x8 100/mV 16 0 0 0 0 V5\n"]), whole)


@pytest.mark.parametrize(("lead", "place", "fs"), [("II", 0, 360), ("V5", 2, 720)])
def test_several_samples_per_frame_are_read_at_the_leads_own_rate(
    tmp_path: Path, lead: str, place: int, fs: int
) -> None:
    path = frames(tmp_path)
    wfdb.wrann("r", "atr", np.array([10, 450, 899]), ["N", "V", "N"], write_dir=str(tmp_path))
    own = read(path, lead=lead)
    expected = wfdb.rdrecord(str(tmp_path / "r"), physical=False, smooth_frames=False).e_d_signal[place]
    np.testing.assert_array_equal(own.recording.digital[0], expected)
    assert (own.recording.fs, own.recording.seconds) == (fs, 10)
    assert own.recording.annotations is not None  # they count frames
    assert own.recording.annotations.sample.tolist() == [10 * fs // 90, 450 * fs // 90, 899 * fs // 90]


def test_a_database_does_not_average_frames(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"several sampling rates \(II 360 Hz, ABP 90 Hz, V5 720 Hz\)"):
        read_record(frames(tmp_path))
    recording = read_record(record(tmp_path, "r 1 90 900\nr.dat 16x4 200/mV 16 0 0 0 0 II\n"))
    assert (recording.fs, recording.n_samples) == (FS, N)
    np.testing.assert_array_equal(recording.digital[0], samples())


def test_segments_are_joined_and_what_lies_between_them_is_a_gap(tmp_path: Path) -> None:
    for name, gain in (("a", 200), ("b", 100)):
        record(tmp_path, f"{name} 1 360 3600\n{name}.dat 16 {gain}/mV 16 0 0 0 0 II\n", name=name)
    whole = tmp_path / "w.hea"
    whole.write_text("w/3 1 360 8200\na 3600\n~ 1000\nb 3600\n")
    assert [one.record for one in find_inputs([tmp_path])] == ["w"]
    own = read(whole)
    assert own.gaps.tolist() == [[3600, 4600]]
    np.testing.assert_allclose(own.recording.millivolts(0)[:N], samples() / 200, atol=1e-6)
    np.testing.assert_allclose(own.recording.millivolts(0)[4600:], samples() / 100, atol=1e-6)
    assert noted(own, "Joined from the 3 segments")
    with pytest.raises(EcgError, match="several segments; read them one by one: a, ~, b"):
        read_record(whole)


def test_segments_of_other_leads_are_found_by_name(tmp_path: Path) -> None:
    line = "{0}.dat 16 200/mV 16 0 0 0 0 {1}\n"
    record(tmp_path, "a 1 360 3600\n" + line.format("a", "II"), name="a")
    record(tmp_path, "b 1 360 3600\n" + line.format("b", "V1"), name="b")
    both = np.stack([-samples(), samples()], axis=1)
    record(tmp_path, "c 2 360 3600\n" + line.format("c", "V1") + line.format("c", "II"), both, name="c")
    (tmp_path / "w_layout.hea").write_text("w_layout 2 360 0\n~ 0 200/mV 16 0 0 0 0 V1\n~ 0 200/mV 16 0 0 0 0 II\n")
    (tmp_path / "w.hea").write_text("w/4 2 360 10800\nw_layout 0\na 3600\nb 3600\nc 3600\n")
    own = read(tmp_path / "w.hea")
    expected = wfdb.rdrecord(str(tmp_path / "w"), channel_names=["II"]).p_signal[:, 0]
    assert own.gaps.tolist() == [[3600, 7200]]
    there = np.isfinite(expected)
    np.testing.assert_allclose(own.recording.millivolts(0)[there], expected[there], atol=1e-6)


def test_a_segment_that_is_missing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "w.hea").write_text("w/2 1 360 7200\na 3600\nb 3600\n")
    with pytest.raises(EcgError, match=r"no record a: .*a\.hea does not exist"):
        read(tmp_path / "w.hea")
