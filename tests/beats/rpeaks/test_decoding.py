"""From probabilities to R peaks: local maxima, the refractory period, fractions of a step, the highest point."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.rpeaks.learnt import peaks_of, snapped


def values(n: int, **at: float) -> np.ndarray:
    found = np.zeros(n, dtype=np.float32)
    for place, value in at.items():
        found[int(place[1:])] = value
    return found


def test_what_reaches_the_threshold_is_a_peak_at_its_time() -> None:
    seconds, height = peaks_of(values(200, _20=0.5, _60=0.49, _100=0.9, _150=1.0))
    np.testing.assert_allclose(seconds, [0.4, 2.0, 3.0])
    np.testing.assert_allclose(height, [0.5, 0.9, 1.0])
    assert len(peaks_of(values(200, _20=0.5), 0.6)[0]) == 0
    assert len(peaks_of(values(200, _60=0.49), 0.4)[0]) == 1


def test_of_two_within_200_ms_the_larger_stays() -> None:
    assert peaks_of(values(99, _20=0.8, _29=0.9))[0].tolist() == pytest.approx([0.58])
    assert peaks_of(values(99, _20=0.9, _29=0.8))[0].tolist() == pytest.approx([0.4])
    assert peaks_of(values(99, _20=0.9, _30=0.8))[0].tolist() == pytest.approx([0.4, 0.6])


def test_a_parabola_gives_the_fraction() -> None:
    for true in (10.0, 10.2, 9.75, 10.49):
        place = np.arange(30)
        seconds, _ = peaks_of((1 - 0.02 * (place - true) ** 2).clip(0).astype(np.float32))
        np.testing.assert_allclose(seconds, [true * 0.02], atol=1e-5)


def test_both_ends_and_flat_tops_have_peaks_within_half_a_step() -> None:
    first, _ = peaks_of(values(50, _0=0.9, _1=0.6))
    assert first.tolist() == pytest.approx([0.0], abs=0.0101)
    assert (first >= 0).all()
    last, _ = peaks_of(values(50, _48=0.6, _49=0.9))
    assert last.tolist() == pytest.approx([0.98], abs=0.0101)
    flat, _ = peaks_of(values(50, _20=0.7, _21=0.7, _22=0.7))
    assert flat.tolist() == pytest.approx([0.42])
    assert [len(part) for part in peaks_of(np.zeros(0, dtype=np.float32))] == [0, 0]
    assert len(peaks_of(np.full(1, 0.9, dtype=np.float32))[0]) == 1


HIGH = np.ones(1, dtype=np.float32)


def spike(at: int, height: float = 1.0, n: int = 2500, offset: float = 0.0) -> np.ndarray:
    signal = np.full(n, float(offset))
    signal[at - 1 : at + 2] += np.array([0.5, 1, 0.5]) * height
    return signal


@pytest.mark.parametrize(("height", "offset"), [(1, 0), (-1, 0), (1, 50), (-1, 50), (-0.01, -3), (0.01, -3)])
def test_a_peak_moves_to_the_largest_deflection_of_either_sign(height: float, offset: float) -> None:
    found = snapped(spike(1010, height, offset=offset), 250.0, np.array([4.03]), HIGH)
    assert found.sample.tolist() == [1010]
    assert found.certainty.tolist() == [1]


def test_it_moves_no_further_than_40_ms() -> None:
    for at, reached in ((1010, True), (1012, False), (990, True), (988, False)):
        signal = spike(at) + np.where(np.arange(2500) == 1000, 0.3, 0)
        assert (snapped(signal, 250.0, np.array([4.0]), HIGH).sample.tolist() == [at]) is reached


def test_drift_does_not_pull_it_to_the_side() -> None:
    signal = spike(1005, 0.5) + 5 * np.sin(2 * np.pi * 0.1 * np.arange(2500) / 250)
    assert snapped(signal, 250.0, np.array([4.0]), HIGH).sample.tolist() == [1005]


def test_two_that_reach_one_place_are_one_and_the_first_says_how_sure() -> None:
    found = snapped(spike(1000), 250.0, np.array([3.97, 4.03, 6.0]), np.array([0.6, 0.9, 0.7], dtype=np.float32))
    assert len(found) == 2
    assert found.sample[0] == 1000
    np.testing.assert_allclose(found.certainty, [0.6, 0.7])


@pytest.mark.parametrize("seconds", [0.0, 9.996, 10.2])
def test_it_never_leaves_the_signal(seconds: float) -> None:
    found = snapped(np.linspace(0, 1, 2500), 250.0, np.array([seconds]), HIGH)
    assert 0 <= found.sample[0] < 2500
    assert len(snapped(np.zeros(10), 250.0, np.zeros(0), np.zeros(0, dtype=np.float32))) == 0
