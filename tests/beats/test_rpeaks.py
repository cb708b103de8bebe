"""The detector that the paper describes, and the resampling before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.rpeaks import resample, threshold_peaks, windows


def test_a_sine_keeps_frequency_and_height_when_resampled() -> None:
    at_360 = np.sin(2 * np.pi * 5 * np.arange(3600) / 360)
    at_125 = resample(at_360, 360, 125)
    assert len(at_125) == 1250
    expected = np.sin(2 * np.pi * 5 * np.arange(1250) / 125)
    np.testing.assert_allclose(at_125[50:-50], expected[50:-50], atol=0.02)


def test_what_is_above_the_new_nyquist_frequency_is_filtered_out() -> None:
    at_1000 = np.sin(2 * np.pi * 120 * np.arange(10_000) / 1000)  # 125 Hz would show it at 5 Hz
    assert np.abs(resample(at_1000, 1000, 125)[50:-50]).max() < 0.01


def test_the_same_rate_leaves_the_signal_as_it_is() -> None:
    signal = np.random.default_rng(0).normal(size=500)
    np.testing.assert_array_equal(resample(signal, 360, 360), signal)


@pytest.mark.parametrize("level", [0.0, 3.0, -2.0])
def test_a_constant_level_has_no_edges_after_resampling(level: float) -> None:
    np.testing.assert_allclose(resample(np.full(720, level), 360, 125), level, atol=1e-3)


def test_windows_follow_each_other_and_leave_a_shorter_rest() -> None:
    signal = np.arange(2600.0)
    found = list(windows(signal, 125, 10))
    assert [start for start, _ in found] == [0, 1250]
    assert all((w.min(), w.max(), len(w)) == (0, 1, 1250) for _, w in found)


def test_only_peaks_above_the_threshold_are_candidates() -> None:
    window = np.zeros(100)
    window[[20, 50, 80]] = [0.95, 0.9, 1.0]
    assert threshold_peaks(window, 0.9).tolist() == [20, 80]


def test_a_flat_top_counts_once() -> None:
    window = np.zeros(30)
    window[10:14] = 1
    assert threshold_peaks(window, 0.9).tolist() == [13]


def test_neither_a_flat_line_nor_a_ramp_has_peaks() -> None:
    assert len(threshold_peaks(np.zeros(50), 0.9)) == 0
    assert len(threshold_peaks(np.linspace(0, 1, 50), 0.9)) == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=60), st.floats(0.1, 0.95))
def test_every_candidate_is_a_local_maximum_above_the_threshold(values: list[float], threshold: float) -> None:
    window = np.array(values)
    for peak in threshold_peaks(window, threshold):
        assert window[peak] > threshold
        assert window[peak - 1] <= window[peak] > window[peak + 1]
