"""Statistics over the beats around each beat, against what a loop over beats gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.features import rolling

quick = settings(deadline=None, max_examples=60)
lengths, odd = st.integers(1, 40), st.integers(0, 12).map(lambda n: 2 * n + 1)


def values(n: int) -> np.ndarray:
    return np.random.default_rng(n).random(n)


@quick
@given(n=lengths, over=odd)
def test_a_rolling_median_repeats_the_ends(n: int, over: int) -> None:
    x = values(n)
    reach = min(over, 2 * n - 1) // 2
    wide = np.pad(x, reach, mode="edge")
    expected = [np.median(wide[i : i + 2 * reach + 1]) for i in range(n)]
    np.testing.assert_allclose(rolling.percentile(x, 50, over), expected)


@pytest.mark.parametrize(("q", "place"), [(10, 1), (25, 3), (75, 8), (90, 9)])
def test_another_percentile_is_a_value_of_the_eleven_around(q: float, place: int) -> None:
    x = np.random.default_rng(0).permutation(30).astype(np.float64)
    found = rolling.percentile(x, q, 11)
    for i in range(5, 25):
        assert abs(int(np.flatnonzero(np.sort(x[i - 5 : i + 6]) == found[i])[0]) - place) <= 1


@quick
@given(n=lengths, over=odd, wide=st.booleans())
def test_a_rolling_mean_has_fewer_beats_at_the_ends(n: int, over: int, wide: bool) -> None:
    x = values(3 * n).reshape(n, 3) if wide else values(n)
    reach = over // 2
    expected = [x[max(i - reach, 0) : i + reach + 1].mean(axis=0) for i in range(n)]
    np.testing.assert_allclose(rolling.mean(x, over), expected)


@quick
@given(n=lengths, count=st.integers(1, 15))
def test_the_mean_of_what_was_before_leaves_the_beat_itself_out(n: int, count: int) -> None:
    x = values(n)
    expected = [x[max(i - count, 0) : i].mean() if i else x[0] for i in range(n)]
    np.testing.assert_allclose(rolling.previous_mean(x, count), expected)


def test_a_shift_repeats_the_end_that_has_no_neighbour() -> None:
    x = np.array([3, 1, 4, 1, 5])
    assert rolling.shifted(x, 1).tolist() == [1, 4, 1, 5, 5]
    assert rolling.shifted(x, -2).tolist() == [3, 3, 3, 1, 4]
    assert rolling.shifted(x, 9).tolist() == [5] * 5
    assert rolling.shifted(np.stack([x, -x], axis=1), 1)[0].tolist() == [1, -1]
