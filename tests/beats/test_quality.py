"""Quality checks: what is wrong is found, named and limited to its place; what is right is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.quality import (
    FLAT,
    INVALID,
    LONGEST_RR_S,
    RR_LONG,
    RR_SHORT,
    SATURATED,
    SHORTEST_RR_S,
    any_within,
    check_beats,
    check_lead,
    too_few,
)
from ecg.recordings.databases.mitdb import MITDB

FS = 250.0


def ecg_like(seconds: float = 20.0, *, seed: int = 0) -> np.ndarray:
    """A beat a second with a little noise, in mV, in steps of 0.005 mV as a converter gives them."""
    t = np.arange(round(seconds * FS)) / FS
    beat = np.exp(-0.5 * ((t % 1 - 0.5) / 0.02) ** 2) + 0.25 * np.exp(-0.5 * ((t % 1 - 0.8) / 0.05) ** 2)
    noise = np.random.default_rng(seed).normal(0, 0.02, len(t))
    return np.asarray(np.round((beat + noise) / 0.005) * 0.005)


def peaks_of(seconds: float = 20.0) -> np.ndarray:
    return np.asarray(((np.arange(int(seconds)) + 0.5) * FS).astype(np.int64))


def test_a_good_lead_has_nothing_against_it() -> None:
    quality = check_lead(ecg_like(), FS)
    assert quality.problem == ""
    assert not any(mask.any() for mask in quality.unusable.values())
    assert set(check_beats(peaks_of(), quality.unusable, FS)) == {""}


def test_a_constant_lead_and_one_with_noise_only_are_flat() -> None:
    assert check_lead(np.full(5000, 0.7), FS).problem == FLAT
    assert check_lead(np.random.default_rng(0).normal(0, 0.005, 5000), FS).problem == FLAT


def test_low_voltage_is_not_flat() -> None:
    assert check_lead(0.15 * ecg_like(), FS).problem == ""


def test_a_lead_without_a_valid_sample_is_refused_for_that() -> None:
    quality = check_lead(np.full(1000, np.nan), FS)
    assert quality.problem == INVALID
    assert quality.unusable[INVALID].all()


def test_an_empty_lead_is_refused() -> None:
    assert check_lead(np.empty(0), FS).problem != ""


@pytest.mark.parametrize("rail", [1.0, -0.06])
def test_a_clipped_lead_is_saturated_where_it_rests_at_its_extreme(rail: float) -> None:
    signal = ecg_like()
    signal = np.minimum(signal, rail) if rail > 0 else np.maximum(signal, rail)
    signal[1000:1200] = rail
    quality = check_lead(signal, FS)
    assert quality.problem == ""
    assert quality.unusable[SATURATED][1000:1200].all()
    assert not quality.unusable[SATURATED][:990].any()
    assert not quality.unusable[FLAT].any()


def test_a_short_clipped_peak_is_no_saturation() -> None:
    assert not check_lead(np.minimum(ecg_like(), 0.8), FS).unusable[SATURATED].any()


def test_a_lead_that_is_at_the_rail_for_most_of_its_time_is_saturated() -> None:
    signal = ecg_like()
    signal[1500:] = 5.0
    assert check_lead(signal, FS).problem == SATURATED


def test_a_disconnected_stretch_is_flat_and_only_the_beats_beside_it_are_left_out() -> None:
    signal = ecg_like()
    signal[2000:2600] = 0.1  # 8.0 s to 10.4 s
    quality = check_lead(signal, FS)
    assert quality.problem == ""
    assert quality.unusable[FLAT].sum() == pytest.approx(600, abs=2)
    reasons = check_beats(peaks_of(), quality.unusable, FS)
    assert np.flatnonzero(reasons == FLAT).tolist() == [7, 8, 9, 10]  # R peaks at 7.5 s ... 10.5 s
    assert set(reasons) == {"", FLAT}


def test_one_invalid_sample_costs_the_beats_that_hold_it_and_no_others() -> None:
    signal = ecg_like()
    signal[1300] = np.nan  # 5.2 s
    quality = check_lead(signal, FS)
    assert quality.problem == ""
    reasons = check_beats(peaks_of(), quality.unusable, FS)
    assert np.flatnonzero(reasons == INVALID).tolist() == [4, 5]  # 3.5 s to 5.75 s reach it as context of 4.5 s, 5.5 s


@pytest.mark.parametrize(
    ("at", "beats"),
    [(5.45, [4, 5]), (5.55, [4, 5, 6]), (5.7, [4, 5, 6]), (5.8, [5, 6]), (6.4, [5, 6])],
)
def test_a_beat_needs_the_signal_to_a_quarter_of_an_interval_beyond_the_next_r_peak(
    at: float, beats: list[int]
) -> None:
    """R peaks at 4.5 s, 5.5 s, 6.5 s ...: the context of the one at 4.5 s is from 3.5 s to 5.75 s."""
    unusable = {INVALID: np.arange(20 * 250) == round(at * FS)}
    assert np.flatnonzero(check_beats(peaks_of(), unusable, FS) == INVALID).tolist() == beats


@pytest.mark.parametrize(("rr", "reached"), [(0.4, 0.08), (2.0, 0.48)])
def test_the_quarter_is_of_the_interval_after_the_beat(rr: float, reached: float) -> None:
    peaks = (np.array([1.0, 2.0, 2.0 + rr, 3.0 + rr, 4.0 + rr]) * 1000).astype(np.int64)
    for after, lost in ((reached, True), (rr / 4 + 0.02, False)):
        unusable = {INVALID: np.arange(10_000) == peaks[2] + round(1000 * after)}
        reasons = check_beats(peaks, unusable, 1000.0)
        assert bool(reasons[1] == INVALID) is lost
        assert reasons[2] == INVALID


def test_the_first_and_the_last_beat_need_a_usual_interval_beyond_their_r_peaks() -> None:
    peaks = np.array([3000, 4000, 5000, 6000])
    for at, lost in ((1990, []), (2010, [0]), (6990, [3]), (7010, [])):
        reasons = check_beats(peaks, {INVALID: np.arange(9000) == at}, 1000.0)
        assert np.flatnonzero(reasons == INVALID).tolist() == lost


@settings(deadline=None, max_examples=50)
@given(rr=st.lists(st.floats(0.05, 4.0), min_size=1, max_size=30))
def test_exactly_the_beats_beside_an_impossible_interval_are_left_out(rr: list[float]) -> None:
    peaks = np.cumsum([100, *(round(1000 * interval) for interval in rr)])
    reasons = check_beats(peaks, {INVALID: np.zeros(peaks[-1] + 1000, dtype=bool)}, 1000.0)
    intervals = np.diff(peaks) / 1000
    wrong = (intervals < SHORTEST_RR_S) | (intervals > LONGEST_RR_S)
    expected = np.concatenate([[False], wrong]) | np.concatenate([wrong, [False]])
    np.testing.assert_array_equal(reasons != "", expected)
    assert set(reasons) <= {"", RR_SHORT, RR_LONG}


def test_no_peaks_are_no_beats() -> None:
    assert len(check_beats(np.zeros(0, dtype=np.int64), check_lead(ecg_like(), FS).unusable, FS)) == 0


@pytest.mark.parametrize(("n", "seconds", "few"), [(2, 2, True), (3, 5, False), (3, 10, True), (4, 10, False)])
def test_too_few_beats_for_a_segmentation_or_for_the_length(n: int, seconds: float, few: bool) -> None:
    assert too_few(np.arange(n), seconds) is few


@pytest.mark.real
def test_real_recordings_are_hardly_touched(ecg_data: Path) -> None:
    for record in ("100", "119", "200", "232"):
        recording = MITDB.read(ecg_data / "mitdb", record)
        quality = check_lead(recording.millivolts(0), recording.fs)
        assert quality.problem == ""
        assert sum(mask.mean() for mask in quality.unusable.values()) < 0.001


@settings(deadline=None, max_examples=100)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.data())
def test_whether_a_mask_is_true_within_a_range_is_as_counted(values: list[bool], data: st.DataObject) -> None:
    mask, n = np.array(values), len(values)
    ends = data.draw(st.lists(st.tuples(st.integers(0, n), st.integers(0, n)), min_size=1, max_size=8))
    first, last = np.sort(np.array(ends), axis=1).T
    expected = [bool(mask[a:b].any()) for a, b in zip(first, last, strict=True)]
    assert any_within(mask, first, last).tolist() == expected
