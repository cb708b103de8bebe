"""The state of the rhythm: atrial fibrillation and flutter against rhythms that only look like them."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ecg.beats.features.fibrillation import (
    FIBRILLATION_FEATURES,
    REACHES,
    STATE_FEATURES,
    STEP,
    log_odds,
    regressions,
    state_features,
    stretches,
)

Beat = Callable[..., np.ndarray]
Noisy = Callable[..., np.ndarray]
NAMES, STATES = [one.name for one in FIBRILLATION_FEATURES], [one.name for one in STATE_FEATURES]
N = 200
RR = {
    "regular": np.full(N, 0.8) + np.random.default_rng(1).normal(0, 0.01, N),
    "irregular": np.clip(0.65 * np.exp(np.random.default_rng(2).normal(0, 0.22, N)), 0.35, 1.5),
    "bigeminy": np.tile([0.55, 1.05], N // 2) + np.random.default_rng(3).normal(0, 0.01, N),
}


def following(rr: np.ndarray) -> np.ndarray:
    return np.append(rr[1:], rr[-1])


def states(beats: np.ndarray, rr: np.ndarray, typical: np.ndarray) -> dict[str, np.ndarray]:
    table = state_features(beats, rr, following(rr), typical, typical)
    assert table.shape == (len(rr), len(STATES))
    return dict(zip(STATES, table.T, strict=True))


def measured(beats: np.ndarray, rr: np.ndarray, typical: np.ndarray, reach: int = 10) -> dict[str, np.ndarray]:
    middle, table = stretches(beats, rr, following(rr), typical, typical, reach)
    assert middle.tolist() == list(range(0, len(rr), STEP))
    assert table.shape == (len(middle), len(NAMES))
    return dict(zip(NAMES, table.T, strict=True))


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("p", [0.0, 0.12])
def test_irregular_intervals_are_more_like_fibrillation_than_regular_ones_and_bigeminy(
    beat: Beat, noisy: Noisy, name: str, p: float
) -> None:
    middle = {kind: states(noisy([beat(p=p)] * N), rr, beat(p=p))[name][50:150].mean() for kind, rr in RR.items()}
    assert middle["irregular"] > max(middle["regular"], middle["bigeminy"]) + (0 if name.endswith("record") else 1)


def test_p_waves_speak_against_it(beat: Beat, noisy: Noisy) -> None:
    without, with_p = (
        states(noisy([beat(p=p)] * N, noise=0.03), RR["irregular"], beat(p=p))["fibrillation20"][50:150].mean()
        for p in (0.0, 0.15)
    )
    assert without > with_p + 1


def test_log_odds_rise_where_it_is(beat: Beat, noisy: Noisy) -> None:
    rr = np.concatenate([RR["regular"], RR["irregular"], RR["regular"]])
    waves = noisy([beat()] * N + [beat(p=0)] * N + [beat()] * N)
    found = states(waves, rr, beat())
    for name in ("fibrillation10", "fibrillation20"):
        assert found[name][N + 30 : 2 * N - 30].mean() > found[name][: N - 30].mean() + 3
        assert found[name][N + 30 : 2 * N - 30].mean() > found[name][2 * N + 30 :].mean() + 3
    assert len(set(found["fibrillation-record"].tolist())) == 1
    steepest = {name: np.abs(np.diff(found[name])).max() for name in ("fibrillation20", "fibrillation-wide")}
    assert steepest["fibrillation-wide"] < 0.5 * steepest["fibrillation20"]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10])
def test_few_beats_have_finite_states(beat: Beat, noisy: Noisy, n: int) -> None:
    for typical in (beat(), np.zeros_like(beat())):
        found = states(noisy([beat()] * n), RR["irregular"][:n], typical)
        for name in STATES:
            assert np.isfinite(found[name]).all()
            assert np.abs(found[name]).max() <= 6


def test_a_constant_interval_by_hand(beat: Beat, noisy: Noisy) -> None:
    found = measured(noisy([beat()] * 60), np.full(60, 0.8), beat())
    at = {name: float(values[7]) for name, values in found.items()}
    assert at["median"] == pytest.approx(log(0.8))
    for name in ("counted", "steady4", "steady10", "clean", "mode1", "modes2", "modes3", "alike"):
        assert at[name] == 1, name
    for name in ("change", "change-median", "entropy", "turning", "short", "long", "premature", "spread", "mode2"):
        assert at[name] == pytest.approx(0, abs=1e-9), name
    assert at["skew"] == pytest.approx(0, abs=1e-6)
    assert at["p-used"] == 1


def test_bigeminy_by_hand(beat: Beat, noisy: Noisy) -> None:
    found = measured(noisy([beat()] * 80), np.tile([0.6, 1.2], 40), beat())
    at = {name: float(values[10]) for name, values in found.items()}
    assert at["mode1"] == at["mode2"] == 0.5
    assert at["mode3"] == 0
    assert at["modes2"] == at["modes3"] == 1
    assert at["change"] == 0.5
    assert at["entropy"] == pytest.approx(log(2))
    assert at["turning"] > 0.9
    assert at["median"] == pytest.approx(log(0.6))
    assert at["long"] == 0.5


def test_a_premature_beat_is_short_then_back_and_left_out_of_what_is_clean(beat: Beat, noisy: Noisy) -> None:
    rr = np.ones(80)
    rr[40:42] = 0.6, 1.4
    found = {name: values[10] for name, values in measured(noisy([beat()] * 80), rr, beat()).items()}
    assert found["short"] == found["long"] == pytest.approx(1 / 20)
    assert found["short-then-back"] == 1
    assert found["premature"] == pytest.approx(1 / 19)
    assert found["clean"] < 1
    assert found["change"] > 0.05
    assert found["change-clean"] == pytest.approx(0, abs=1e-6)


def test_intervals_beside_a_ventricular_beat_do_not_count(beat: Beat, noisy: Noisy) -> None:
    wide = beat(width=0.06, height=-1)
    waves = [wide if i % 5 == 0 else beat() for i in range(100)]
    rr = np.array([0.5 if i % 5 == 0 else 1.5 if i % 5 == 1 else 1.0 for i in range(100)])
    found = measured(noisy(waves), rr, beat())
    assert found["counted"][12] == pytest.approx(3 / 5)
    assert found["median"][12] == pytest.approx(0, abs=1e-6)
    assert found["change"][12] == pytest.approx(0, abs=1e-6)
    assert found["p-used"][12] == pytest.approx(17 / 21, abs=0.06)


def test_slow_changes_of_the_rate_are_told_from_irregular_intervals(beat: Beat, noisy: Noisy) -> None:
    waves, slow = noisy([beat()] * N), 0.8 + 0.1 * np.sin(np.arange(N) / 3)
    found = {kind: measured(waves, rr, beat()) for kind, rr in (("slow", slow), ("irregular", RR["irregular"]))}
    assert found["slow"]["autocorrelation"][10:40].min() > found["irregular"]["autocorrelation"][10:40].max()
    assert found["slow"]["turning"][10:40].max() < found["irregular"]["turning"][10:40].min()


def test_flutter_is_a_multiple_of_one_period(beat: Beat, noisy: Noisy) -> None:
    each = np.random.default_rng(0).integers(2, 6, N)
    waves = noisy([beat(p=0)] * N)
    flutter = measured(waves, each * 0.21, beat(p=0), 20)["multiples"]
    other = measured(waves, RR["irregular"], beat(p=0), 20)["multiples"]
    assert flutter[10:40].min() > 0.95
    assert other[10:40].max() < 0.9


def test_p_waves_that_are_alike_are_told_from_noise(beat: Beat, noisy: Noisy) -> None:
    rr = RR["regular"]
    alike, noise = (measured(noisy([beat(p=p)] * N, noise=0.03), rr, beat()) for p in (0.15, 0.0))
    for name in ("p-alike", "p-alike-weighted", "p-alike-late", "p-slow", "p-slow-correlation", "p-mean"):
        assert alike[name][10:40].min() > noise[name][10:40].max(), name


def test_many_stretches_are_measured_as_few_are(beat: Beat, noisy: Noisy) -> None:
    """More than are looked at together."""
    rr = np.random.default_rng(4).uniform(0.5, 1.2, 1200)
    waves = noisy([beat()] * 1200)
    whole, part = measured(waves, rr, beat()), measured(waves[1000:], rr[1000:], beat())
    for name in set(NAMES) - {"p-alike-late"}:
        np.testing.assert_allclose(whole[name][255:290], part[name][5:40], atol=1e-4, err_msg=name)


def test_log_odds_lie_on_lines_between_the_middles() -> None:
    by = regressions()[10]
    table = np.stack([by.mean, by.mean + by.scale]).astype(np.float32)
    found = log_odds(6, np.array([0, 4]), table, by)
    assert found[0] == pytest.approx(by.bias, abs=1e-4)
    assert found[4] == pytest.approx(by.bias + by.weight.sum(), abs=1e-4)
    assert found[1] == pytest.approx(0.75 * found[0] + 0.25 * found[4])
    assert found[5] == found[4]


def test_the_regressions_that_come_along_fit_the_features() -> None:
    assert set(regressions()) == set(REACHES)
    for one in regressions().values():
        assert one.mean.shape == one.scale.shape == one.weight.shape == (len(NAMES),)
        assert (one.scale > 0).all()
        assert np.isfinite(one.bias)
        far = one.mean + 1e6 * one.scale * np.sign(one.weight)
        assert one(far[None])[0] == pytest.approx(one.bias + 4 * np.abs(one.weight).sum())
