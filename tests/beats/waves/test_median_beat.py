"""The median beat of hearts whose beats are known: in mV, with its borders, without the beats that are unlike it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.quality import UnusableError
from ecg.beats.waves import MedianBeat, median_beat
from ecg.beats.waves.median_beat import AFTER_S, BEFORE_S, FS

Signal = npt.NDArray[np.float64]
Heart = Callable[..., Signal]
BORDER_S = 0.015


def from_r(found: MedianBeat, first_s: float, sample: int) -> float:
    """Seconds from the R peak to a sample of the median beat; `first_s` is where the first R peak is."""
    return float(first_s * FS - found.place[0] + found.middle - sample) / -FS


@pytest.fixture(scope="module")
def found(heart: Heart) -> MedianBeat:
    return median_beat(heart())


def test_all_beats_are_found_at_their_places(found: MedianBeat) -> None:
    assert found.found == 12
    assert found.rr_s == pytest.approx(0.8, abs=0.002)
    assert len(np.unique(np.diff(found.place))) == 1
    np.testing.assert_allclose(found.place / FS, np.arange(0.5, 10, 0.8)[: len(found.place)], atol=0.03)
    assert len(found.place) >= 11


def test_the_median_beat_reaches_from_before_the_p_wave_to_behind_the_t_wave(found: MedianBeat) -> None:
    assert found.beat.shape == (12, round((BEFORE_S + AFTER_S) * FS))
    assert found.middle == round(BEFORE_S * FS)


def test_the_median_beat_is_the_beat_in_millivolts(found: MedianBeat, one_beat: Heart) -> None:
    time = (np.arange(found.beat.shape[1]) - found.middle + found.place[0]) / FS - 0.5
    own = time < 0.5  # then comes the next P wave
    np.testing.assert_allclose(found.beat[:, own], one_beat(time)[:, own], atol=0.07)
    np.testing.assert_allclose(found.beat.max(axis=1), one_beat(time).max(axis=1), rtol=0.03, atol=0.01)
    np.testing.assert_allclose(found.beat.min(axis=1), one_beat(time).min(axis=1), rtol=0.03, atol=0.01)


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_a_signal_of_another_gain_is_not_scaled_back(heart: Heart, found: MedianBeat, gain: float) -> None:
    other = median_beat(gain * heart())
    np.testing.assert_allclose(other.beat, gain * found.beat, rtol=1e-9, atol=1e-9)
    assert (other.onset, other.j, other.rr_s) == (found.onset, found.j, found.rr_s)


def test_onset_and_j_point_lie_where_the_qrs_complex_begins_and_ends(found: MedianBeat) -> None:
    assert from_r(found, 0.5, found.onset) == pytest.approx(-0.055, abs=BORDER_S)
    assert from_r(found, 0.5, found.j) == pytest.approx(0.055, abs=BORDER_S)


@pytest.mark.parametrize(("s_at", "reach"), [(0.035, 0.02), (0.055, 0.03), (0.075, 0.04)])
def test_the_j_point_moves_with_the_end_of_a_wide_qrs_complex(
    heart: Heart, usual: Mapping[str, Any], s_at: float, reach: float
) -> None:
    wide = {**usual, "S": usual["S"]._replace(at=s_at, reach=reach, mv=[2 * one for one in usual["S"].mv])}
    found = median_beat(heart(waves=wide))
    assert from_r(found, 0.5, found.onset) == pytest.approx(-0.055, abs=BORDER_S)
    assert from_r(found, 0.5, found.j) == pytest.approx(s_at + reach, abs=BORDER_S)


def test_noise_and_drift_move_the_borders_little_and_the_heights_less(heart: Heart, found: MedianBeat) -> None:
    noisy = median_beat(heart(noise=0.03, drift=0.4))
    assert abs(noisy.onset - found.onset) <= BORDER_S * FS
    assert abs(noisy.j - found.j) <= BORDER_S * FS
    np.testing.assert_allclose(noisy.beat.max(axis=1), found.beat.max(axis=1), atol=0.06)


def test_amplitudes_are_above_the_level_before_the_qrs_complex(heart: Heart, found: MedianBeat) -> None:
    lifted = median_beat(heart() + np.arange(12.0)[:, None])
    np.testing.assert_allclose(lifted.beat, found.beat, atol=1e-3)
    np.testing.assert_allclose(np.median(found.beat[:, found.onset - 14 : found.onset - 3], axis=1), 0, atol=1e-9)


def test_a_beat_of_another_shape_does_not_count(
    heart: Heart, found: MedianBeat, usual: Mapping[str, Any], bump: type[Any]
) -> None:
    wide = {"R": bump(0.0, 0.08, [1.4, -1.0, 1.5, 1.2, 1.0, -0.8, -1.0, -1.2]), "T": usual["T"]}
    mixed = median_beat(heart(odd={4: wide, 8: wide}))
    assert mixed.found == 12
    assert len(mixed.place) == len(found.place) - 2
    assert np.abs(mixed.place[:, None] / FS - np.array([3.7, 6.9])).min() > 0.5
    np.testing.assert_allclose(mixed.beat, found.beat, atol=0.02)


def test_leads_in_another_order_give_the_same_beat(heart: Heart, found: MedianBeat) -> None:
    turned = median_beat(heart()[::-1])
    np.testing.assert_allclose(turned.beat[::-1], found.beat, atol=1e-9)
    assert (turned.onset, turned.j) == (found.onset, found.j)


def test_beats_are_found_in_the_leads_that_vote(heart: Heart, found: MedianBeat) -> None:
    signal = heart()
    signal[2:] = 0
    with pytest.raises(UnusableError, match=r"^fewer than 3 beats$"):
        median_beat(signal, np.arange(2, 12))
    assert median_beat(signal, np.array([0, 1])).found == found.found


def test_a_flat_recording_is_refused() -> None:
    with pytest.raises(UnusableError, match=r"^fewer than 3 beats$"):
        median_beat(np.zeros((12, 5000)))


@pytest.mark.parametrize("samples", [2, 100, 600])
def test_a_recording_that_is_too_short_is_refused(heart: Heart, samples: int) -> None:
    with pytest.raises(UnusableError, match=r"^fewer than 3 beats$"):
        median_beat(heart()[:, :samples])


def test_two_beats_are_too_few(heart: Heart) -> None:
    with pytest.raises(UnusableError, match=r"^fewer than 3 beats$"):
        median_beat(heart(seconds=3, times=[0.8, 1.9]))


def test_beats_that_are_cut_off_at_the_ends_do_not_count(heart: Heart) -> None:
    times = [0.2, 1.0, 1.8, 2.6]
    with pytest.raises(UnusableError, match=r"^fewer than 3 whole beats$"):
        median_beat(heart(seconds=2.9, times=times))
    assert len(median_beat(heart(seconds=4, times=times)).place) == 3


def test_three_beats_of_which_one_is_another_are_not_alike(
    heart: Heart, usual: Mapping[str, Any], bump: type[Any]
) -> None:
    wide = {"R": bump(0.0, 0.08, [1.4, -1.0, 1.5, 1.2, 1.0, -0.8, -1.0, -1.2]), "T": usual["T"]}
    with pytest.raises(UnusableError, match=r"^no beats that are alike$"):
        median_beat(heart(seconds=4, times=[0.8, 1.8, 2.8], odd={1: wide}))


@pytest.mark.parametrize("sd", [0.002, 0.1])
def test_noise_alone_has_no_median_beat(sd: float) -> None:
    with pytest.raises(UnusableError):
        median_beat(np.random.default_rng(0).normal(0, sd, (12, 5000)))
