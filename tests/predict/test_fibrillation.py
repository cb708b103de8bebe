"""Stretches of fibrillation in a recording: where its log-odds say so for long enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg.beats.features import FEATURES
from ecg.beats.table import Beats
from ecg.predict.fibrillation import SHORTEST_S, SMOOTHED, STATE, fibrillation, without_ectopy

FS = 100
NAMES = [one.name for one in FEATURES["rhythm"]]


def table(odds: list[float], every_s: float = 1.0) -> Beats:
    """Beats of one recording with these log-odds, the first after half an interval."""
    n = len(odds)
    text, rhythm = np.full(n, "a"), np.full((n, len(NAMES)), 5.0, dtype=np.float32)
    rhythm[:, NAMES.index(STATE)] = odds
    sample = np.rint((0.5 + np.arange(n)) * every_s * FS).astype(np.int64)
    return Beats(
        inputs={"signal": np.zeros((n, 1, 4), dtype=np.float32), "rhythm": rhythm},
        y=np.zeros(n, dtype=np.int64),
        record=text,
        patient=text,
        database=text,
        lead=text,
        sample=sample,
        seconds=sample / FS,
        symbol=text,
        rr_before=np.ones(n, dtype=np.float32),
        rr_after=np.ones(n, dtype=np.float32),
    )


def found(odds: list[float], every_s: float = 1.0) -> list[list[float]]:
    """Stretches in s; the recording ends half an interval behind its last beat."""
    stretches = fibrillation(table(odds, every_s), round(len(odds) * every_s * FS), FS)
    assert stretches is not None
    assert stretches.shape[1:] == (2,)
    assert stretches.dtype == np.int64
    return (stretches / FS).tolist()  # type: ignore[no-any-return]


def test_a_long_stretch_is_found_where_it_is() -> None:
    assert found([-3.0] * 100 + [3.0] * 100 + [-3.0] * 100) == [[100, 200]]


def test_several_stretches_come_in_order() -> None:
    odds = [3.0] * 100 + [-3.0] * 60 + [3.0] * 60 + [-3.0] * 60 + [3.0] * 80
    assert found(odds) == [[0, 100], [160, 220], [280, 360]]


def test_all_of_a_recording_is_from_its_first_sample_to_its_last() -> None:
    assert found([3.0] * 100) == [[0, 100]]
    assert found([-3.0] * 100) == []


@pytest.mark.parametrize(("beats", "there"), [(28, False), (30, True), (34, True)])
def test_what_is_shorter_than_half_a_minute_is_none(beats: int, there: bool) -> None:
    assert SHORTEST_S == 30
    stretches = found([-3.0] * 100 + [3.0] * beats + [-3.0] * 100)
    assert bool(stretches) is there
    if there:
        assert stretches == [[100, 100 + beats]]


def test_a_stretch_is_as_long_as_its_time_not_as_its_beats() -> None:
    odds = [-3.0] * 100 + [3.0] * 50 + [-3.0] * 100
    assert found(odds, every_s=0.5) == []
    assert found(odds, every_s=0.7) == [[70, 105]]


@pytest.mark.parametrize(("beats", "there"), [(23, False), (25, True), (28, True)])
def test_of_a_recording_below_a_minute_it_is_half(beats: int, there: bool) -> None:
    assert found([3.0] * beats + [-3.0] * (50 - beats)) == ([[0, beats]] if there else [])


def test_a_short_recording_of_it_is_found() -> None:
    assert found([3.0] * 20) == [[0, 20]]
    assert found([-3.0] * 20) == []


def test_one_odd_beat_does_not_end_a_stretch_nor_begin_one() -> None:
    assert SMOOTHED == 21
    odds = [3.0] * 200
    odds[100] = -6
    assert found(odds) == [[0, 200]]
    assert found([-x for x in odds]) == []


def test_without_a_state_of_the_rhythm_nothing_is_said() -> None:
    beats = table([3.0] * 100)
    other = replace(beats, inputs={"signal": beats.signal})
    few = replace(beats, inputs={**beats.inputs, "rhythm": beats.inputs["rhythm"][:, :4]})
    assert fibrillation(other, 10_000, FS) is None
    assert fibrillation(few, 10_000, FS) is None


@pytest.mark.parametrize("n", [1, 2, 9, 10])
def test_too_few_beats_say_nothing(n: int) -> None:
    stretches = fibrillation(table([3.0] * n), n * FS, FS)
    assert (stretches is None) is (n < 10)


def test_stretches_full_of_ventricular_beats_are_none() -> None:
    sample, found = np.arange(0, 1000, 10), np.array([[0, 300], [300, 600], [600, 1000]])
    ventricular = np.zeros(100, dtype=bool)
    ventricular[0:30:2] = True  # bigeminy
    ventricular[30:60:4] = True
    assert without_ectopy(found, sample, ventricular).tolist() == [[300, 600], [600, 1000]]
    assert without_ectopy(found[:0], sample, ventricular).tolist() == []


@pytest.mark.parametrize("first", [0, 50])
def test_three_ventricular_beats_of_ten_are_the_most(first: int) -> None:
    sample, found = np.arange(0, 1000, 10), np.array([[10 * first, 10 * first + 100]])
    assert len(without_ectopy(found, sample, np.isin(np.arange(100), first + np.arange(3)))) == 1
    assert len(without_ectopy(found, sample, np.isin(np.arange(100), first + np.arange(4)))) == 0


def test_a_stretch_between_two_beats_has_no_ventricular_one() -> None:
    assert without_ectopy(np.array([[5, 8]]), np.array([0, 10]), np.ones(2, dtype=bool)).tolist() == [[5, 8]]
