"""Rhythm features of RR intervals that are known."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from ecg.beats.features.rhythm import (
    ABSOLUTE,
    LONGEST_S,
    RHYTHM_FEATURES,
    SHORTEST_S,
    known_rr,
    rhythm_features,
)

NAMES = [one.name for one in RHYTHM_FEATURES]
EARLY = 60


def features(rr: np.ndarray) -> dict[str, np.ndarray]:
    """By name, of beats with these intervals before them; the first is unknown."""
    before, after = np.append(np.nan, rr[1:]), np.append(rr[1:], np.nan)
    table = rhythm_features(before.astype(np.float32), after.astype(np.float32))
    assert table.shape == (len(rr), len(NAMES))
    assert table.dtype == np.float32
    return dict(zip(NAMES, table.T, strict=True))


def irregular(n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(0.6, 1.4, n)


@pytest.fixture(scope="module")
def premature() -> dict[str, np.ndarray]:
    """A beat comes after 0.6 s, the next one after 1.4 s; all others after 1 s."""
    rr = np.ones(120)
    rr[EARLY : EARLY + 2] = 0.6, 1.4
    return features(rr)


TYPICAL = ["median9", "median17", "median41", "median301", "record", "slow31", "previous10", "slow"]


@pytest.mark.parametrize("typical", TYPICAL)
def test_a_premature_beat_is_early_and_late_by_the_logs_of_its_intervals(
    premature: dict[str, np.ndarray], typical: str
) -> None:
    before, after = premature[f"before/{typical}"], premature[f"after/{typical}"]
    assert before[EARLY] == pytest.approx(log(0.6), abs=1e-6)
    assert after[EARLY] == pytest.approx(log(1.4), abs=1e-6)
    assert after[EARLY - 1] == pytest.approx(log(0.6), abs=1e-6)
    np.testing.assert_allclose([*before[: EARLY - 1], *after[: EARLY - 1]], 0, atol=1e-6)


def test_a_premature_beat_in_all_other_ratios(premature: dict[str, np.ndarray]) -> None:
    at = {name: values[EARLY] for name, values in premature.items()}
    assert at["before"] == pytest.approx(log(0.6))
    assert at["after"] == pytest.approx(log(1.4))
    assert at["before/after"] == pytest.approx(log(0.6 / 1.4))
    assert at["compensation"] == pytest.approx(0, abs=1e-6)
    assert at["rank"] == 0
    assert at["rank-after"] == pytest.approx(50 / 51)
    assert at["local"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("name", "away"), [("before-2", 2), ("before-1", 1), ("after+1", -2), ("after+2", -3)])
def test_neighbours_see_the_premature_interval(premature: dict[str, np.ndarray], name: str, away: int) -> None:
    assert premature[name].argmin() == EARLY + away
    assert premature[name][EARLY + away] == pytest.approx(log(0.6))
    assert (np.abs(premature[name]) > 1e-6).sum() == 2  # that one, and the pause


@pytest.mark.parametrize("over", [9, 17, 41, 301])
def test_a_typical_interval_is_the_median_of_so_many(over: int) -> None:
    for short, changed in ((over // 2, False), (over // 2 + 1, True)):
        rr = np.ones(700)
        rr[300 : 300 + short] = 0.5
        middle = 300 + short // 2
        found = features(rr)
        assert found[f"before/median{over}"][middle] == pytest.approx(0 if changed else log(0.5), abs=1e-6)
        if over == 17:
            assert found["local"][middle] == pytest.approx(log(0.5) if changed else 0, abs=1e-6)


def test_what_was_before_is_the_mean_of_ten() -> None:
    rr = irregular(50)
    found = features(rr)
    assert found["before/previous10"][30] == pytest.approx(log(rr[30] / rr[20:30].mean()), abs=1e-5)
    assert found["after/previous10"][30] == pytest.approx(log(rr[31] / rr[20:30].mean()), abs=1e-5)


def test_alternating_intervals_have_their_spread_and_change() -> None:
    found = features(np.tile([0.8, 1.2], 60))
    for name in ("spread61", "spread-record"):
        np.testing.assert_allclose(found[name][40:80], log(1.5), atol=1e-5)
    for name in ("irregular-median11", "irregular-median31", "irregular-record", "irregular-low31"):
        assert 0.4 / 1.2 - 1e-5 <= found[name][60] <= 0.4 / 0.8 + 1e-5


def test_a_regular_rhythm_changes_nothing_and_atrial_fibrillation_much() -> None:
    regular, chaos = features(np.full(200, 0.8)), features(irregular(200))
    for name in (name for name in NAMES if name.startswith("irregular")):
        assert not regular[name].any()
        assert chaos[name][100] > 0.1
    np.testing.assert_allclose(regular["before"], log(0.8), atol=1e-6)
    np.testing.assert_allclose(regular["rank"], 0)


def test_a_record_that_grows_quicker_tells_its_slow_part() -> None:
    rr = np.concatenate([np.full(100, 1.0), np.full(100, 0.5)])
    found = features(rr)
    assert found["local/slow"][[50, 150]] == pytest.approx([0, log(0.5)], abs=1e-6)
    assert found["before/slow"][[50, 150]] == pytest.approx([0, log(0.5)], abs=1e-6)
    assert found["before/median17"][[50, 150]] == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 10, 26, 27])
def test_few_beats_have_features_too(n: int) -> None:
    for rr in (irregular(n), np.full(n, 0.01), np.full(n, 99.0)):
        assert all(np.isfinite(values).all() for values in features(rr).values())


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_heart_rate_itself_is_in_the_absolute_features_alone(factor: float) -> None:
    rr = irregular(150)
    one, other = features(rr), features(rr * factor)
    absolute = [NAMES[i] for i in ABSOLUTE]
    assert absolute == ["before", "after", "local"]
    for name in NAMES:
        expected = one[name] + (log(factor) if name in absolute else 0)
        np.testing.assert_allclose(other[name], expected, atol=2e-5, err_msg=name)


def test_what_is_unknown_at_an_end_is_the_other_interval() -> None:
    before, after = known_rr(np.array([np.nan, 0.7, 0.9]), np.array([0.7, 0.9, np.nan]))
    assert before.tolist() == [0.7, 0.7, 0.9]
    assert after.tolist() == [0.7, 0.9, 0.9]
    assert [x.tolist() for x in known_rr(np.array([np.nan]), np.array([np.nan]))] == [[0.8], [0.8]]


def test_impossible_intervals_are_kept_within_bounds() -> None:
    before, after = known_rr(np.array([0.001, 1.0, 60.0]), np.array([60.0, 0.001, 1.0]))
    assert before.tolist() == [SHORTEST_S, 1, LONGEST_S]
    assert after.tolist() == [LONGEST_S, SHORTEST_S, 1]
