"""Times and counters are no leads, and what means `invalid` is a gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.recordings.formats.no_signal import refuse_counter, without_invalid

from .made import FS, Values, cells, read, refused, signal, write

N = 2000
COUNTERS: dict[str, Callable[[], Values]] = {
    "time": lambda: np.arange(N) / FS,
    "rounded": lambda: np.round(np.arange(N) / 360, 3),
    "down": lambda: -np.arange(N) / 10.0,
    "coarse": lambda: np.floor(np.arange(N) / FS * 10) / 10,
    "epoch": lambda: 1.7e9 + np.arange(N) / FS,
    "again": lambda: np.arange(N) % 16 + 0.0,
    "again from 0": lambda: np.arange(N) / FS % 1,
    "uneven": lambda: np.cumsum(np.random.default_rng(0).uniform(0.1, 1, N)),
}


@pytest.mark.parametrize("kind", COUNTERS)
def test_a_counter_is_refused_with_its_name(kind: str) -> None:
    with pytest.raises(EcgError, match=r"^a\.csv: lead X .*--lead"):
        refuse_counter("a.csv: lead X", COUNTERS[kind]())


@pytest.mark.parametrize(
    "values",
    [
        signal(),
        -signal(),
        np.zeros(N),
        np.r_[np.zeros(1000), np.ones(1000)],  # a calibration
        np.round(signal() * 5) / 5,
        signal() + np.arange(N) / 10,  # drift
        np.random.default_rng(0).normal(size=N),
        np.sin(np.arange(N) / 40),
        np.r_[np.zeros(1750), signal()[:250]],
        np.arange(10.0),
    ],
    ids=str,
)
def test_other_signals_are_not(values: Values) -> None:
    refuse_counter("a.csv: lead X", values)


def test_every_format_refuses_one(tmp_path: Path) -> None:
    ramp = COUNTERS["time"]()
    np.save(tmp_path / "a.npy", ramp)
    np.savez(tmp_path / "b.npz", signal=ramp, fs=FS)
    write(tmp_path / "c.csv", "II", cells(ramp))
    edfio.Edf([edfio.EdfSignal(ramp, FS, label="II", physical_dimension="mV")]).write(tmp_path / "d.edf")
    for name in ("a.npy", "b.npz", "c.csv", "d.edf"):
        refused(tmp_path / name, "a time or a counter", "--lead", fs=FS)
    np.save(tmp_path / "two.npy", np.stack([ramp, signal()]))
    refused(tmp_path / "two.npy", "lead 1 is a straight line", fs=FS, lead="lead 1")
    assert read(tmp_path / "two.npy", fs=FS, lead="lead 2").recording.fs == FS


@pytest.mark.parametrize("invalid", [-32768, 32767, -9999, -8388608, -(2**31), -163.84])
def test_values_that_mean_none_are_left_out_and_said(invalid: float) -> None:
    values: Values = np.round(signal() * 1000) if invalid != -163.84 else signal()
    values[500:1000] = invalid
    found, notes = without_invalid(values)
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(500, 1000))
    assert notes == (f"500 samples of {invalid:,.10g}, far from all others, mean no value and are left out.",)


def test_both_ends_may_mean_none() -> None:
    values = signal()
    values[[5, 6]], values[[8, 9]] = -32768, 32767
    found, notes = without_invalid(values)
    assert np.flatnonzero(np.isnan(found)).tolist() == [5, 6, 8, 9]
    assert len(notes) == 2


@pytest.mark.parametrize("absurd", [1e5, -1e12, 1e300])
def test_one_absurd_value_does_not_flatten_all_others(tmp_path: Path, absurd: float) -> None:
    text = cells(signal())
    own = read(write(tmp_path / "a.csv", "II", [*text[:500], f"{absurd:g}", *text[501:]]), fs=FS)
    assert any("1 samples more than 1,000 times as far out" in note for note in own.notes)
    np.testing.assert_allclose(np.delete(own.recording.millivolts(0), 500), np.delete(signal(), 500), atol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        np.clip(np.round(signal() * 40_000), -32768, 32767),  # clipped, not missing
        np.r_[signal(), 30.0],  # one spike
        np.where(np.arange(N) % 250 == 0, 5.0, signal()),  # a pacemaker's
        np.full(N, -32768.0),
        np.zeros(N),
        np.full(3, np.nan),
    ],
    ids=str,
)
def test_other_values_stay(values: Values) -> None:
    found, notes = without_invalid(values)
    np.testing.assert_array_equal(found, values)
    assert notes == ()
