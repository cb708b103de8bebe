"""The Beats table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

from ecg.beats.table import Beats, rr_intervals


def test_columns_of_unequal_length_are_refused(make_beats: Callable[..., Beats]) -> None:
    beats = make_beats(["a", "b"], [0, 1])
    with pytest.raises(ValueError, match="one length"):
        replace(beats, lead=np.array(["MLII"]))


def test_take_keeps_every_column_together(make_beats: Callable[..., Beats]) -> None:
    beats = make_beats(["a", "b", "c"], [0, 1, 2])
    taken = beats.take(np.array([2, 0]))
    for field in fields(Beats):
        np.testing.assert_array_equal(getattr(taken, field.name), getattr(beats, field.name)[[2, 0]])


def test_take_accepts_a_mask(make_beats: Callable[..., Beats]) -> None:
    beats = make_beats(["a", "b", "c"], [0, 1, 2])
    assert beats.take(beats.y > 0).patient.tolist() == ["b", "c"]


def test_concatenate_keeps_the_order_and_long_names(make_beats: Callable[..., Beats]) -> None:
    joined = Beats.concatenate([make_beats(["a"], [0]), make_beats(["a longer name"], [3])])
    assert joined.patient.tolist() == ["a", "a longer name"]
    assert joined.y.tolist() == [0, 3]


def test_a_table_cannot_be_changed(make_beats: Callable[..., Beats]) -> None:
    with pytest.raises(FrozenInstanceError):
        make_beats(["a"], [0]).y = np.array([1])  # type: ignore[misc]


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
