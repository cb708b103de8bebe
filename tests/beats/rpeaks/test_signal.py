"""What the network sees: 100 Hz, without drift, scaled by what beats are around."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from ecg.beats.rpeaks.signal import FS, MOST, band_passed, baseline, prepared, running_scale

Make = Callable[..., np.ndarray]


@pytest.mark.parametrize(("fs", "n", "length"), [(100, 777, 777), (360, 3600, 1000), (128, 129, 101), (80, 8, 10),
                                                (257.5, 103, 40), (499.9, 5000, 1001), (1000, 2, 1)])  # fmt: skip
def test_it_is_as_long_as_the_recording(fs: float, n: int, length: int) -> None:
    found = prepared(np.random.default_rng(0).normal(0, 1, n), fs)
    assert found.shape == (length,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_the_band_is_0_7_to_40_hz_and_nothing_is_delayed() -> None:
    time = np.arange(0, 60, 1 / FS)

    def kept(hz: float) -> float:
        wave = np.sin(2 * np.pi * hz * time)
        return float(
            np.dot(band_passed(wave)[1000:-1000], wave[1000:-1000]) / np.dot(wave[1000:-1000], wave[1000:-1000])
        )

    assert kept(8) == pytest.approx(1, abs=0.01)
    assert kept(0.7) == pytest.approx(0.5, abs=0.02)  # -3 dB forward and once more backward
    assert kept(40) == pytest.approx(0.5, abs=0.02)
    assert abs(kept(0.2)) < 0.01
    assert abs(kept(49)) < 0.02


def test_baseline_is_what_drifts_below() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(0, 1, 3000))
    b, a = butter(2, 0.7, fs=100)
    np.testing.assert_allclose(baseline(values)[400:-400], filtfilt(b, a, values)[400:-400], atol=1e-6)
    np.testing.assert_array_equal(baseline(np.array([1.0, 3.0])), [2, 2])
    np.testing.assert_array_equal(band_passed(np.array([1.0, 3.0])), [-1, 1])
    assert len(baseline(np.zeros(0))) == len(band_passed(np.zeros(0))) == len(running_scale(np.zeros(0))) == 0


def naive_scale(values: np.ndarray) -> np.ndarray:
    """By the recipe's words: the range in 2 s, one a second; median of 31, edges repeated; never below 0.15 x all."""
    seconds = [values[i : i + 100] for i in range(0, len(values), 100)]
    pairs = [np.ptp(np.concatenate(two)) for two in itertools.pairwise(seconds)] or [np.ptp(values)]
    around = np.pad(pairs, 15, mode="edge")
    medians = np.array([np.median(around[i : i + 31]) for i in range(len(pairs))])
    medians = np.maximum(medians, 0.15 * np.median(medians))
    return np.interp(np.arange(len(values)), 100 * (1 + np.arange(len(medians))), medians)


@pytest.mark.parametrize("n", [50, 100, 101, 250, 3000, 9050])
def test_the_scale_follows_the_beats_around(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(0, 1, n) * np.where(np.arange(n) < n / 2, 1, 0.02 if n > 5000 else 3)
    np.testing.assert_allclose(running_scale(values), naive_scale(values))


def test_a_usual_beat_has_a_range_of_2_whatever_its_unit(lead: Make) -> None:
    found = prepared(lead(360, 60), 360)
    spans = [np.ptp(found[i : i + 200]) for i in range(1000, 5000, 200)]
    assert np.median(spans) == pytest.approx(2, abs=0.1)
    np.testing.assert_allclose(prepared(-700 * lead(360, 60) + 3, 360), -found, atol=1e-4)


def test_a_spike_is_cut_off() -> None:
    values = np.sin(np.arange(6000) / 5)
    values[3000] = 1e4
    found = prepared(values, 100)
    assert np.abs(found).max() == MOST == 6
    assert np.abs(prepared(np.zeros(500), 250)).max() == 0
