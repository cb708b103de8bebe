"""Windows of consecutive beats: each beat counts once, in the record's order, among its own neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.data.sequences import NOTHING, Runs, Windows

quick = settings(deadline=None, max_examples=150)
lengths = st.lists(st.integers(1, 70), min_size=1, max_size=6)
of_window = st.integers(2, 40)
seeds = st.integers(0, 2**32 - 1)


def names_of(lengths: list[int]) -> npt.NDArray[np.str_]:
    """The record of every beat; a name comes again once another record was between."""
    return np.repeat([f"r{i % 2}" for i in range(len(lengths))], lengths)


def number_of(lengths: list[int]) -> npt.NDArray[np.int64]:
    """The number of each beat's record."""
    return np.repeat(np.arange(len(lengths)), lengths)


def check(windows: Windows, lengths: list[int], beats: int) -> None:
    """What all windows have in common."""
    assert windows.rows.shape == windows.counted.shape == (len(windows), beats)
    assert windows.rows.dtype == np.int64
    assert not windows.counted[windows.rows == NOTHING].any()
    record = number_of(lengths)
    for rows in windows.rows:
        (there,) = np.nonzero(rows != NOTHING)
        if len(there):
            assert np.all(np.diff(there) == 1)  # no hole
            assert np.all(np.diff(rows[there]) == 1)  # the record's order
            assert len(set(record[rows[there]])) == 1  # one record


@quick
@given(lengths=lengths, beats=of_window, share=st.floats(0, 1))
def test_tiles_count_every_beat_once_in_order_among_its_neighbours(
    lengths: list[int], beats: int, share: float
) -> None:
    context = round(share * ((beats - 1) // 2))
    windows = Runs.of(names_of(lengths)).tiled(beats, context)
    check(windows, lengths, beats)
    n, record = sum(lengths), number_of(lengths)
    assert windows.rows[windows.counted].tolist() == list(range(n))
    assert windows.counted.any(axis=1).all()
    assert not windows.counted[:, :context].any()
    assert not windows.counted[:, beats - context :].any()
    for at, beat in zip(np.argwhere(windows.counted), range(n), strict=True):
        for by in range(-context, context + 1):  # as many neighbours to each side as the record has
            other = beat + by
            same = 0 <= other < n and record[other] == record[beat]
            assert windows.rows[at[0], at[1] + by] == (other if same else NOTHING)


@quick
@given(lengths=lengths, beats=of_window, seed=seeds)
def test_shifted_windows_show_every_beat_once_in_order_and_are_always_as_many(
    lengths: list[int], beats: int, seed: int
) -> None:
    runs = Runs.of(names_of(lengths))
    windows = runs.shifted(beats, np.random.default_rng(seed))
    check(windows, lengths, beats)
    assert np.array_equal(windows.counted, windows.rows != NOTHING)
    assert windows.rows[windows.counted].tolist() == list(range(sum(lengths)))
    assert len(windows) == len(runs.shifted(beats, np.random.default_rng(seed + 1)))


@pytest.mark.parametrize("length", [1, 5, 7, 8, 9, 23])
def test_shifted_windows_begin_wherever_one_window_more_than_needed_lets_them(length: int) -> None:
    runs, rng = Runs.of(names_of([length])), np.random.default_rng(0)
    places = {int(np.argmax(runs.shifted(8, rng).rows.ravel() == 0)) % 8 for _ in range(300)}
    assert places == {offset % 8 for offset in range(8 - length % 8 + 1)}
    assert len(places) > 1


@quick
@given(lengths=lengths, beats=of_window, seed=seeds)
def test_a_beat_in_the_middle_of_its_window_has_its_neighbours_around_it_and_counts_alone(
    lengths: list[int], beats: int, seed: int
) -> None:
    n, record = sum(lengths), number_of(lengths)
    position = np.random.default_rng(seed).permutation(n)[: 1 + seed % n]
    windows = Runs.of(names_of(lengths)).around(position, beats)
    check(windows, lengths, beats)
    assert len(windows) == len(position)
    assert windows.rows[windows.counted].tolist() == position.tolist()  # in the order that was asked for
    assert np.array_equal(np.argwhere(windows.counted)[:, 1], np.full(len(position), beats // 2))
    for rows, beat in zip(windows.rows, position, strict=True):
        around = beat - beats // 2 + np.arange(beats)
        same = (around >= 0) & (around < n) & (record[around.clip(0, n - 1)] == record[beat])
        assert np.array_equal(rows, np.where(same, around, NOTHING))


@quick
@given(lengths=lengths, beats=of_window, seed=seeds)
def test_records_without_a_wanted_beat_are_left_out_and_the_others_stay_whole(
    lengths: list[int], beats: int, seed: int
) -> None:
    names, record = names_of(lengths), number_of(lengths)
    wanted = np.random.default_rng(seed).random(len(names)) < 0.05
    expected = np.flatnonzero(np.isin(record, record[wanted]))
    runs = Runs.of(names, wanted)
    for windows in (runs.tiled(beats, (beats - 1) // 2), runs.shifted(beats, np.random.default_rng(seed))):
        check(windows, lengths, beats)
        assert windows.rows[windows.counted].tolist() == expected.tolist()


def test_a_name_that_comes_again_after_another_is_another_record() -> None:
    runs = Runs.of(np.array(["a", "a", "b", "a"]))
    assert (runs.start.tolist(), runs.length.tolist()) == ([0, 2, 3], [2, 1, 1])
    assert runs.tiled(3, 0).rows.tolist() == [[0, 1, -1], [2, -1, -1], [3, -1, -1]]


def test_without_beats_there_are_no_windows() -> None:
    runs = Runs.of(np.zeros(0, dtype=np.str_))
    assert [len(runs.tiled(4, 1)), len(runs.shifted(4, np.random.default_rng(0)))] == [0, 0]
    none = Runs.of(np.array(["a", "b"]), np.zeros(2, dtype=np.bool_))
    assert none.tiled(4, 1).rows.shape == (0, 4)


def test_tiles_of_a_small_record_are_these() -> None:
    windows = Runs.of(np.array(["a"] * 5)).tiled(4, 1)
    assert windows.rows.tolist() == [[-1, 0, 1, 2], [1, 2, 3, 4], [3, 4, -1, -1]]
    assert windows.counted.astype(int).tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0]]
