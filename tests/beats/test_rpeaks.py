"""The detector that the paper describes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.segmentations.paper import threshold_peaks, windows


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
