"""Positions of R peaks: intervals between them, and which is nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.peaks import MATCH_S, nearest_index, rr_intervals


def test_two_marks_are_of_the_same_beat_within_the_150_ms_of_ec57() -> None:
    assert MATCH_S == 0.15


def test_rr_intervals_are_seconds_with_nan_at_both_ends() -> None:
    before, after = rr_intervals(np.array([100, 460, 640]), 360)
    np.testing.assert_allclose(before, [np.nan, 1.0, 0.5])
    np.testing.assert_allclose(after, [1.0, 0.5, np.nan])


@pytest.mark.parametrize("n", [0, 1])
def test_rr_intervals_of_hardly_any_beats(n: int) -> None:
    before, after = rr_intervals(np.arange(n), 360)
    assert before.shape == after.shape == (n,)
    assert np.isnan(before).all()
    assert np.isnan(after).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=20, unique=True).map(sorted),
    st.lists(st.integers(-100, 1100), max_size=20),
)
def test_nearest_index_is_nearest(known: list[int], samples: list[int]) -> None:
    found = nearest_index(np.array(known), np.array(samples, dtype=np.int64))
    assert [abs(known[k] - s) for k, s in zip(found, samples, strict=True)] == [
        min(abs(k - s) for k in known) for s in samples
    ]


def test_of_two_that_are_as_near_the_earlier_is_taken() -> None:
    assert nearest_index(np.array([10, 20, 30]), np.array([15, 16, 25])).tolist() == [0, 1, 1]
