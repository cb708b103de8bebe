"""QRS complexes of hearts whose beats are known, over one lead or twelve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.waves import find_qrs
from ecg.beats.waves.median_beat import filtered
from ecg.recordings.databases.ludb import LUDB

Signal = npt.NDArray[np.float64]
Heart = Callable[..., Signal]
OWN = [0, 1, *range(6, 12)]
"""Rows of the leads that follow from no others."""
NEAR_S = 0.04


def is_found(found: npt.NDArray[np.int64], times: npt.ArrayLike, fs: float) -> bool:
    expected = np.asarray(times)
    return len(found) == len(expected) and bool(np.abs(found / fs - expected).max() < NEAR_S)


@pytest.mark.parametrize("fs", [250.0, 500.0, 1000.0])
@pytest.mark.parametrize("rr", [0.35, 0.6, 1.0, 1.5])
def test_every_beat_is_found_whether_the_heart_is_fast_or_slow(heart: Heart, fs: float, rr: float) -> None:
    times = np.arange(0.5, 9.6, rr)
    assert is_found(find_qrs(heart(fs=fs, times=times)[OWN], fs), times, fs)


def test_beats_of_an_irregular_heart_are_found_amid_noise_and_drift(heart: Heart) -> None:
    times = 0.5 + np.cumsum(np.random.default_rng(1).uniform(0.4, 1.3, 10))
    noisy = heart(seconds=15, times=times, noise=0.05, drift=0.5)
    assert is_found(find_qrs(filtered(noisy)[OWN], 500), times, 500)


@pytest.mark.parametrize("lead", [0, 1, 3, 6, 11])
def test_one_lead_is_enough_upright_or_upside_down(heart: Heart, lead: int) -> None:
    times = np.arange(0.5, 10, 0.8)
    assert is_found(find_qrs(heart(times=times)[[lead]], 500), times, 500)


def test_what_is_found_does_not_depend_on_the_gain(heart: Heart) -> None:
    signal = heart()[OWN]
    for gain in (0.5, 2.0, 5.0):
        np.testing.assert_array_equal(find_qrs(gain * signal, 500), find_qrs(signal, 500))


def test_a_lead_that_has_come_off_has_no_vote(heart: Heart) -> None:
    signal, times = heart()[OWN], np.arange(0.5, 10, 0.8)
    signal[3] = np.random.default_rng(0).normal(0, 0.002, signal.shape[1])
    signal[4] = 0
    assert is_found(find_qrs(signal, 500), times, 500)


def test_a_tall_t_wave_is_no_beat(heart: Heart, usual: Mapping[str, Any]) -> None:
    tall = {**usual, "T": usual["T"]._replace(mv=[4 * one for one in usual["T"].mv], reach=0.09)}
    times = np.arange(0.5, 10, 0.9)
    assert is_found(find_qrs(heart(times=times, waves=tall)[OWN], 500), times, 500)


def test_an_early_beat_of_another_shape_is_a_beat(heart: Heart, usual: Mapping[str, Any], bump: type[Any]) -> None:
    wide = {"R": bump(0.0, 0.08, [1.4, -1.0, 1.5, 1.2, 1.0, -0.8, -1.0, -1.2]), "T": usual["T"]}
    times = [0.5, 1.3, 2.1, 2.55, 3.7, 4.5, 5.3, 6.1, 6.9, 7.7]
    assert is_found(find_qrs(heart(times=times, odd={3: wide})[OWN], 500), times, 500)


@pytest.mark.parametrize("samples", [1, 30, 499])
def test_less_than_a_second_has_no_beats(heart: Heart, samples: int) -> None:
    assert len(find_qrs(heart()[OWN, :samples], 500)) == 0


def test_a_flat_recording_has_no_beats() -> None:
    assert len(find_qrs(np.zeros((8, 5000)), 500)) == 0


@pytest.mark.real
def test_nearly_every_beat_that_cardiologists_marked_is_found(ecg_data: Path) -> None:
    """In LUDB the outer beats of a recording bear no mark; what is found beyond the marks is not counted."""
    folder, marked, hit, extra = ecg_data / "ludb", 0, 0, 0
    for record in LUDB.there(folder)[:40]:
        recording = LUDB.read(folder, record)
        signal = np.stack([recording.millivolts(row) for row in OWN]).astype(np.float64)
        found, marks = find_qrs(filtered(signal), 500), LUDB.qrs(folder, record, "ii")
        inside = found[(found > marks[0] - 50) & (found < marks[-1] + 50)]
        hit += int((np.abs(marks[:, None] - found).min(axis=1) < 60).sum())
        extra += int((np.abs(inside[:, None] - marks).min(axis=1) >= 60).sum())
        marked += len(marks)
    assert marked > 300
    assert hit >= 0.99 * marked
    assert extra <= 0.01 * marked
