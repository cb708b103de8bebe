"""Changes of training windows: each alone does what it says, and a share of 0 leaves it out."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.checks import BadSettingError
from ecg.data.rpeaks.augment import RPeakAugment, motion

NONE = dict.fromkeys(
    ("stretch", "flip", "gain", "single", "noise", "motion", "white", "pause", "narrow", "empty", "scale"), 0.0
)
N = 2048
SIGNAL = np.sin(np.arange(N) / 9)
BEATS = np.arange(0.5, 20, 0.8)


def only(**shares: float) -> RPeakAugment:
    return RPeakAugment(**{**NONE, **shares})  # type: ignore[arg-type]


def changed(augment: RPeakAugment, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return augment(SIGNAL.copy(), BEATS.copy(), np.random.default_rng(seed))


def test_without_any_share_nothing_changes() -> None:
    for seed in range(5):
        signal, beats = changed(only(), seed)
        np.testing.assert_array_equal(signal, SIGNAL)
        np.testing.assert_array_equal(beats, BEATS)
        assert only().speed(np.random.default_rng(seed)) == 1


def test_speeds_are_those_of_the_recipe() -> None:
    rng = np.random.default_rng(0)
    speeds = np.array([RPeakAugment().speed(rng) for _ in range(8000)])
    assert np.mean(speeds == 1) == pytest.approx(0.25, abs=0.02)
    assert 0.55 <= speeds.min() < 0.57
    assert 2.2 < speeds.max() <= 2.3
    wide = np.log(2.3 / 1.35) + np.log(0.75 / 0.55)
    outside = 0.25 * wide / np.log(2.3 / 0.55)
    assert np.mean((speeds < 0.75) | (speeds > 1.35)) == pytest.approx(outside, abs=0.02)


def test_upside_down() -> None:
    np.testing.assert_array_equal(changed(only(flip=1))[0], -SIGNAL)
    flipped = [changed(only(flip=0.5), seed)[0][100] != SIGNAL[100] for seed in range(400)]
    assert np.mean(flipped) == pytest.approx(0.5, abs=0.1)


def test_whole_windows_are_scaled_by_one_factor() -> None:
    factors = []
    for seed in range(400):
        signal, _ = changed(only(scale=0.35), seed)
        factor = signal[100] / SIGNAL[100]
        np.testing.assert_allclose(signal, factor * SIGNAL)
        factors.append(np.log(factor))
    assert np.std(factors) == pytest.approx(0.35, abs=0.05)
    assert np.mean(factors) == pytest.approx(0, abs=0.07)


def test_a_slow_gain_is_positive_and_beats_stay() -> None:
    flat = np.ones(N)
    jumps = 0
    for seed in range(60):
        gain, beats = only(gain=1)(flat, BEATS, np.random.default_rng(seed))
        assert (gain > 0).all()
        assert gain.std() > 0
        assert len(beats) == len(BEATS)
        steps = np.sort(np.abs(np.diff(gain)))
        jumps += steps[-1] > 10 * steps[-30]
    assert 6 <= jumps <= 30  # three in ten have a jump; it may be small


def test_single_beats_are_scaled_in_their_own_surroundings() -> None:
    beats = np.array([2.0, 6.0, 10.0, 14.0, 18.0])
    touched = []
    for seed in range(200):
        gain, _ = only(single=1)(np.ones(N), beats, np.random.default_rng(seed))
        away = (np.arange(N)[:, None] / 100 - beats >= 0.4) | (np.arange(N)[:, None] / 100 - beats <= -0.26)
        np.testing.assert_allclose(gain[away.all(axis=1)], 1)
        touched.append(np.mean([abs(gain[round(100 * (one + 0.07))] - 1) > 1e-3 for one in beats]))
    assert np.mean(touched) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("beats", [np.array([-0.09, 0.0, 20.4, 20.57]), np.zeros(0)])
def test_beats_at_and_beyond_the_ends_are_no_trouble(beats: np.ndarray) -> None:
    for seed in range(20):
        signal, _ = RPeakAugment(single=1, pause=1, empty=0)(SIGNAL, beats, np.random.default_rng(seed))
        assert np.isfinite(signal).all()
        assert len(signal) == N


def test_white_noise_motion_and_narrowing() -> None:
    noises = [np.std(changed(only(white=1), seed)[0] - SIGNAL) for seed in range(60)]
    assert 0.009 < min(noises) < 0.03
    assert 0.13 < max(noises) < 0.16
    assert np.std(changed(only(motion=1))[0] - SIGNAL) > 0.05
    narrow, _ = changed(only(narrow=1))
    both = [np.convolve(SIGNAL, np.full(n, 1 / n), mode="same") for n in (2, 3)]
    assert any(np.allclose(narrow, one) for one in both)


def test_motion_has_no_drift_and_no_end() -> None:
    made = np.stack([motion(N, np.random.default_rng(seed)) for seed in range(40)])
    assert np.isfinite(made).all()
    assert np.abs(made).max() < 12
    assert len({row.tobytes() for row in made}) == 40
    assert len(motion(3, np.random.default_rng(0))) == 3


def test_a_pause_is_quiet_and_its_beats_are_gone() -> None:
    for seed in range(40):
        signal, beats = changed(only(pause=1), seed)
        place = np.flatnonzero(signal != SIGNAL)
        start, stop = place[0] / 100, (place[-1] + 1) / 100
        assert 0.98 <= stop - start <= 4.02
        assert np.abs(signal[place[0] : place[-1] + 1]).max() < 0.1
        kept = BEATS[(start - 0.06 > BEATS) | (stop + 0.06 < BEATS)]
        assert set(kept) <= set(beats.tolist()) <= set(BEATS.tolist())
        assert not ((beats > start - 0.04) & (beats < stop + 0.04)).any()


RECORDED = ((np.sign(np.sin(np.arange(9000) / 3))[None], 0.6), (np.ones((2, 5000)), 0.4))


def test_recorded_noise_has_the_ratio_of_the_recipe() -> None:
    augment = RPeakAugment(**NONE | {"noise": 1.0}, recorded=(RECORDED[0],))  # type: ignore[arg-type]
    ratios = []
    for seed in range(200):
        added = changed(augment, seed)[0] - SIGNAL
        if np.ptp(np.abs(added)) < 1e-9:  # no gain through points
            ratios.append(20 * np.log10(0.7 / np.abs(added).max()))
    assert 70 < len(ratios) < 130
    assert -2 <= min(ratios) < 1
    assert 22 < max(ratios) <= 24
    assert only(noise=1)(SIGNAL, BEATS, np.random.default_rng(0))[0] is SIGNAL or not only(noise=1).recorded


def test_noise_alone_has_no_beats_and_either_kind_of_noise() -> None:
    augment = RPeakAugment(**NONE | {"empty": 1.0}, recorded=(RECORDED[1],))  # type: ignore[arg-type]
    recorded = 0
    for seed in range(100):
        signal, beats = changed(augment, seed)
        assert len(beats) == 0
        assert len(signal) == N
        recorded += bool(np.abs(np.diff(signal, 2)).max() < 0.2 and signal.min() >= 0)
    assert 45 <= recorded <= 75
    share = np.mean([len(changed(RPeakAugment(), seed)[1]) == 0 for seed in range(1000)])
    assert share == pytest.approx(0.04, abs=0.02)


@pytest.mark.parametrize("name", [*(name for name in NONE if name != "scale")])
def test_a_share_beyond_0_to_1_is_refused(name: str) -> None:
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(BadSettingError, match=f"^{name}="):
            RPeakAugment(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(BadSettingError, match=r"^scale=-1"):
        RPeakAugment(scale=-1)
