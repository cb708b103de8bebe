"""Training windows that are drawn: within records, as often as asked for, others in each epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.data.batches import DrawnSequences
from ecg.data.sequences import NOTHING, Draw, Runs

quick = settings(deadline=None, max_examples=100)
NONE = np.zeros(0, dtype=np.int64)


def runs_of(lengths: list[int]) -> Runs:
    return Runs.of(np.repeat([f"r{i}" for i in range(len(lengths))], lengths))


def draw_of(
    lengths: list[int], *, rare: np.ndarray = NONE, share: float = 0.0, windows: int = 0, only: int | None = None
) -> Draw:
    weight = np.full(len(lengths), 1 / len(lengths)) if only is None else np.eye(len(lengths))[only]
    return Draw(weight, rare, share, windows)


@quick
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=6),
    beats=st.integers(2, 40),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_windows_stay_within_records_and_are_whole_where_the_record_is_long_enough(
    lengths: list[int], beats: int, share: float, seed: int
) -> None:
    n = sum(lengths)
    rng = np.random.default_rng(seed)
    rare = np.flatnonzero(rng.random(n) < 0.1)
    draw = draw_of(lengths, rare=rare, share=share, windows=20)
    windows = runs_of(lengths).drawn(beats, draw, rng)
    assert windows.rows.shape == (20, beats)
    np.testing.assert_array_equal(windows.counted, windows.rows != NOTHING)
    record = np.repeat(np.arange(len(lengths)), lengths)
    for rows in windows.rows:
        there = rows[rows != NOTHING]
        assert len(set(record[there].tolist())) == 1
        assert (np.diff(there) == 1).all()
        assert len(there) == min(beats, lengths[record[there[0]]])
        assert (rows[: len(there)] == there).all()  # what is missing is at the end


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_a_share_of_windows_holds_a_rare_beat(share: float) -> None:
    lengths, rare = [10_000, 10_000], np.array([5_000, 17_000])
    windows = runs_of(lengths).drawn(
        16, draw_of(lengths, rare=rare, share=share, windows=4000), np.random.default_rng(0)
    )
    holds = np.isin(windows.rows, rare).any(axis=1)
    assert holds.mean() == pytest.approx(share, abs=0.03)


def test_a_rare_beat_may_be_anywhere_in_its_window() -> None:
    draw = draw_of([5000], rare=np.array([2500]), share=1.0, windows=2000)
    windows = runs_of([5000]).drawn(16, draw, np.random.default_rng(0))
    _, place = np.nonzero(windows.rows == 2500)
    assert len(place) == 2000
    assert np.bincount(place, minlength=16).min() > 60


@pytest.mark.parametrize("at", [0, 19])
def test_a_rare_beat_at_a_records_end_is_in_the_window(at: int) -> None:
    draw = draw_of([20, 20], rare=np.array([at, 20 + at]), share=1.0, windows=200)
    windows = runs_of([20, 20]).drawn(8, draw, np.random.default_rng(0))
    assert np.isin(windows.rows, [at, 20 + at]).any(axis=1).all()
    assert (windows.rows != NOTHING).all()


def test_records_without_a_rare_beat_are_drawn_all_the_same() -> None:
    draw = draw_of([300, 300], rare=np.array([10]), share=1.0, windows=500)
    windows = runs_of([300, 300]).drawn(8, draw, np.random.default_rng(0))
    other = windows.rows[windows.rows[:, 0] >= 300, 0]
    assert len(other) / 500 == pytest.approx(0.5, abs=0.1)
    assert len(np.unique(other)) > 100  # anywhere in them


def test_every_beat_of_a_record_can_be_drawn() -> None:
    windows = runs_of([30]).drawn(8, draw_of([30], windows=1000), np.random.default_rng(0))
    starts = np.bincount(windows.rows[:, 0], minlength=23)
    assert len(starts) == 23
    assert starts.min() > 15


def test_records_are_drawn_by_weight() -> None:
    runs = runs_of([100, 100, 100])
    weight = np.array([0.7, 0.3, 0.0])
    windows = runs.drawn(8, Draw(weight, NONE, 0.0, 3000), np.random.default_rng(0))
    drawn = np.bincount(windows.rows[:, 0] // 100, minlength=3) / 3000
    np.testing.assert_allclose(drawn, weight, atol=0.03)


def test_by_default_as_many_windows_are_drawn_as_cover_the_records() -> None:
    assert len(runs_of([60, 41]).drawn(8, draw_of([60, 41]), np.random.default_rng(0))) == 12
    assert len(runs_of([3]).drawn(8, draw_of([3]), np.random.default_rng(0))) == 1


def order(seed: int = 1, **more: int) -> DrawnSequences:
    lengths = [100, 50]
    return DrawnSequences(runs_of(lengths), 8, 2, 4, draw_of(lengths, windows=20), seed=seed, **more)


def batches_of(made: DrawnSequences, epoch: int) -> list[np.ndarray]:
    made.set_epoch(epoch)
    return [batch.numpy() for batch in made]


def test_each_epoch_has_other_windows_and_the_same_seed_the_same_ones() -> None:
    first, second, again = (batches_of(order(), epoch) for epoch in (0, 1, 0))
    assert len(first) == len(order()) == 5
    assert {batch.shape for batch in first} == {(2, 4, 8)}
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(np.sort(np.array(first), axis=None), np.sort(np.array(second), axis=None))
    other = batches_of(order(seed=2), 0)
    assert not np.array_equal(np.sort(np.array(first), axis=None), np.sort(np.array(other), axis=None))


def test_an_epoch_does_not_depend_on_those_before() -> None:
    made = order()
    batches_of(made, 0)
    np.testing.assert_array_equal(batches_of(made, 3), batches_of(order(), 3))


def test_processes_share_the_windows_of_an_epoch() -> None:
    whole = np.concatenate([rows for rows, _ in batches_of(order(), 2)])
    parts = [batches_of(order(rank=rank, world_size=2), 2) for rank in (0, 1)]
    together = np.concatenate([rows for part in parts for rows, _ in part])
    assert len(parts[0]) == len(parts[1]) == 2
    drawn = {tuple(rows) for rows in whole.tolist()}
    assert {tuple(rows) for rows in together.tolist()} <= drawn


def test_all_that_is_there_counts() -> None:
    made = DrawnSequences(runs_of([5, 30]), 8, 3, 2, draw_of([5, 30], windows=10), seed=0)
    for rows, counted in batches_of(made, 0):
        np.testing.assert_array_equal(counted == 1, rows != NOTHING)
