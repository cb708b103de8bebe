"""Arrays of any shape and kind are read right, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .made import FS, assert_read, read, refused, signal, times

X, T = signal(), times()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": T, "y": X},
        {"x": T, "ecg": X},
        {"x": T, "lead_ii": X},
        {"x": T * 1000, "y": X},
        {"t": T, "x": X},
        {"time": T, "x": X},
        {"x": X, "fs": FS},
        {"x": X, "y": np.array([1]), "fs": FS},
        {"x": X, "y": np.array(1), "fs": FS},
        {"X": X[None], "fs": FS},
        {"time": T, "II": X},
        {"timestamps": (1.7e9 + T) * 1e9, "data": X},
    ],
    ids=", ".join,
)
def test_x_is_the_signal_only_where_nothing_is_as_long(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    assert_read(tmp_path / "a.npz", "lead 1")


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": X, "labels": np.zeros(len(X))},
        {"x": T, "a": X, "b": X},
        {"a": X, "b": X},
        {"t": T},
        {"fs": FS},
        {"names": "II"},
    ],
    ids=", ".join,
)
def test_which_array_is_the_signal_is_asked(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    refused(tmp_path / "a.npz", "which array is the signal?", "call it `signal`", fs=FS)


@pytest.mark.parametrize(
    "fs",
    [250, 250.0, np.array(250), np.array([250.0]), "250", "250 Hz", b"250", np.array(["250.0 hz"]), np.full(2, 250)],
    ids=repr,
)
def test_a_rate_as_a_number_or_text(tmp_path: Path, fs: object) -> None:
    np.savez(tmp_path / "a.npz", signal=X, Sampling_Rate=fs)
    assert_read(tmp_path / "a.npz", "lead 1")


@pytest.mark.parametrize(
    ("fs", "said"),
    [
        ("fast", "is 'fast'"),
        ([250, 500], "several sampling rates, 250 to 500 Hz"),
        (0, "missing"),
        (5, "an ECG has 20"),
    ],
)
def test_a_rate_that_is_none(tmp_path: Path, fs: object, said: str) -> None:
    np.savez(tmp_path / "a.npz", signal=X, fs=fs)
    refused(tmp_path / "a.npz", said)


@pytest.mark.parametrize("shape", [(-1,), (1, -1), (-1, 1), (1, 1, -1), (1, -1, 1)])
@pytest.mark.parametrize("kind", ["f8", "f4", ">f8", "f2"])
def test_one_lead_in_any_shape_and_kind(tmp_path: Path, shape: tuple[int, ...], kind: str) -> None:
    np.save(tmp_path / "a.npy", X.astype(kind).reshape(shape))
    own = read(tmp_path / "a.npy", fs=FS)
    assert own.recording.leads == ("lead 1",)
    np.testing.assert_allclose(own.recording.millivolts(0), X, atol=1e-3 if kind == "f2" else 1e-6)


@pytest.mark.parametrize("names", [["V1", "II"], [b"V1", b"II"], [["V1"], ["II"]]])
@pytest.mark.parametrize("key", ["leads", "sig_name", "channels"])
@pytest.mark.parametrize("turned", [False, True])
def test_names_of_leads(tmp_path: Path, names: Any, key: str, turned: bool) -> None:
    both = np.stack([-X, X])
    np.savez(tmp_path / "a.npz", signal=both.T if turned else both, fs=FS, **{key: names})
    own = assert_read(tmp_path / "a.npz", "II")
    assert own.leads == ("V1", "II")
    assert any("taken as [time, lead]" in note for note in own.notes) == turned


def test_names_tell_the_axis_of_a_short_recording(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", signal=np.stack([X[100:150]] * 2).T, fs=FS, leads=["I", "II"])
    assert read(tmp_path / "a.npz").recording.n_samples == 50
    np.savez(tmp_path / "a.npz", signal=np.stack([X, X]), fs=FS, leads=["I", "II", "III"])
    refused(tmp_path / "a.npz", "names 3 leads, but the signal has 2")


def test_a_structured_array_is_a_table(tmp_path: Path) -> None:
    table = np.zeros(len(X), dtype=[("time", "f8"), ("V1", "f4"), ("II", "f8"), ("note", "U3")])
    table["time"], table["V1"], table["II"] = T, -X, X
    np.save(tmp_path / "a.npy", table)
    assert assert_read(tmp_path / "a.npy", "II").leads == ("V1", "II")
    np.savez(tmp_path / "b.npz", signal=table[["V1", "II"]], fs=FS)
    assert_read(tmp_path / "b.npz", "II")


@pytest.mark.parametrize("units", ["uV", ["mV", "uV"], [b"mV", b"\xc2\xb5V"]])
def test_units(tmp_path: Path, units: Any) -> None:
    np.savez(tmp_path / "a.npz", signal=np.stack([X, X * 1000]), fs=FS, leads=["V1", "II"], units=units)
    assert assert_read(tmp_path / "a.npz", "II").notes == ()
    np.savez(tmp_path / "a.npz", signal=X, fs=FS, units="furlongs")
    refused(tmp_path / "a.npz", "unit 'furlongs' of lead 1 is not known")


def test_gaps_by_value_and_by_time(tmp_path: Path) -> None:
    integers = np.round(X * 1000).astype(np.int16)
    integers[500:1000] = -32768
    np.savez(tmp_path / "a.npz", signal=integers, fs=FS, unit="uV")
    own = read(tmp_path / "a.npz")
    assert own.gaps.tolist() == [[500, 1000]]
    assert "500 samples of -32,768" in own.notes[0]
    there = np.r_[0:500, 1000:2000]
    np.savez(tmp_path / "b.npz", signal=X[there], time=T[there])
    assert read(tmp_path / "b.npz").gaps.tolist() == [[500, 1000]]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (X.astype(complex), "an array of complex128"),
        (X > 0, "an array of bool"),
        (X.astype(str), "an array of <U"),
        (X.astype(object), "pickled objects are not read"),
        (np.float64(1), "needed are numbers"),
        (np.zeros((2, 3, 500)), "needed are numbers"),
        (np.zeros((100, 200)), "which axis are the leads?"),
        (np.zeros(0), "holds no samples"),
        (np.zeros((2, 0)), "holds no samples"),
        (np.full(500, np.nan), "holds no signal"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, array: Any, said: str) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    refused(tmp_path / "a.npy", said, fs=FS)
    np.savez(tmp_path / "b.npz", signal=array, fs=FS)
    refused(tmp_path / "b.npz", said)


def test_objects_beside_the_signal_are_never_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", signal=X, fs=FS, comment=np.array([{"a": 1}], dtype=object))
    assert_read(tmp_path / "a.npz", "lead 1")


@pytest.mark.parametrize("keep", [3, 20, 100, 3000])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_file_that_is_cut_off(tmp_path: Path, name: str, keep: int) -> None:
    (np.save if name == "a.npy" else np.savez_compressed)(tmp_path / name, X)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:keep])
    refused(tmp_path / name, fs=FS)
