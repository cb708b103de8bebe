"""What a model is compared with: patients count once, thresholds come from inner folds, and the same seed repeats."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ecg.metrics.diagnosis import scorers
from ecg.metrics.diagnosis.scorers import (
    AGE,
    AGE_SEX,
    INNER_FOLDS,
    MODEL,
    RAREST,
    SCORERS,
    TREES,
    Fit,
    best_threshold,
    fit_logistic,
    fit_nothing,
    fit_trees,
    fitted_scores,
    log_odds,
    patient_weights,
)

TREES_HERE = 50
EVERY_FIT = pytest.mark.parametrize("fit", [fit_trees, fit_logistic, fit_nothing])


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing them takes most of the time; nothing is remembered from test to test."""
    monkeypatch.setattr(scorers, "N_TREES", TREES_HERE)
    monkeypatch.setattr(scorers, "_known", {})


def cohort(n: int, *, rows: int = 1, gap: float = 2.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features [row, 3], classes and patients; only the first feature tells the classes apart."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n) % 2, rows)
    x = rng.normal(size=(n * rows, 3))
    x[:, 0] += gap * y
    return x, y, np.repeat([f"p{i:03d}" for i in range(n)], rows)


def spied(seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Fit:
    """Fits nothing, and keeps what it was given."""

    def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        seen.append((x, y, weight))
        return lambda rows: rows[:, 0]

    return fit


def test_scorers_have_a_name_to_read_each_and_the_model_is_the_first() -> None:
    assert list(SCORERS) == [MODEL, TREES, AGE_SEX, AGE]
    assert len(set(SCORERS.values())) == 4


# log odds


def test_log_odds_are_finite_and_in_the_order_of_the_probabilities() -> None:
    found = log_odds([0.0, 1e-9, 0.25, 0.5, 0.75, 1.0])
    assert np.isfinite(found).all()
    assert found[2:5] == pytest.approx([-np.log(3), 0, np.log(3)])
    assert (np.diff(found) >= 0).all()
    assert [found[0], -found[-1]] == pytest.approx([np.log(RAREST)] * 2, rel=1e-6)


def test_probabilities_of_float32_keep_their_order_near_one() -> None:
    p = np.array([1 - 2e-6, 1 - 1e-6], dtype=np.float32)
    assert np.diff(log_odds(p)) > 0.5


# weights of patients


def test_every_patient_counts_once_and_both_classes_half() -> None:
    patient = np.array(["a", "a", "a", "b", "c", "c"])
    y = np.array([1, 1, 1, 1, 0, 0])
    weight = patient_weights(patient, y)
    assert weight.mean() == pytest.approx(1)
    assert weight[y == 1].sum() == pytest.approx(weight[y == 0].sum())
    assert weight[patient == "a"].sum() == pytest.approx(weight[patient == "b"].sum())
    assert np.ptp(weight[patient == "a"]) == 0


def test_a_patient_may_come_in_any_order_of_rows() -> None:
    patient, y = np.array(["a", "b", "a", "c", "b"]), np.array([0, 1, 0, 1, 1])
    order = np.array([4, 2, 0, 3, 1])
    np.testing.assert_allclose(patient_weights(patient, y)[order], patient_weights(patient[order], y[order]))


def test_a_patient_of_a_thousand_rows_moves_the_logistic_regression_no_more_than_one_of_one_row() -> None:
    x, y, patient = cohort(40, gap=1.0)
    many = np.concatenate([np.zeros(1000, dtype=int), np.arange(1, 40)])
    wanted = np.random.default_rng(1).normal(size=(20, 3))
    once, _ = fitted_scores(fit_logistic, x, y, patient, wanted, seed=0)
    often = fit_logistic(x[many], y[many], np.ones(len(many)), 0)(wanted)
    fair, _ = fitted_scores(fit_logistic, x[many], y[many], patient[many], wanted, seed=0)
    assert np.corrcoef(once, fair)[0, 1] > 0.97
    assert np.corrcoef(once, fair)[0, 1] > np.corrcoef(once, often)[0, 1]


# the models


@pytest.mark.parametrize("fit", [fit_trees, fit_logistic])
def test_a_fitted_model_tells_new_patients_of_the_two_classes_apart(fit: Fit) -> None:
    x, y, patient = cohort(80)
    new, true, _ = cohort(80, seed=1)
    score, threshold = fitted_scores(fit, x, y, patient, new, seed=0)
    assert roc_auc_score(true, score) > 0.85
    above = score > threshold
    assert (above[true == 1].mean() + (~above[true == 0]).mean()) / 2 > 0.75


def test_trees_give_log_odds_of_their_votes() -> None:
    x, y, _ = cohort(60, gap=20)
    score = fit_trees(x, y, np.ones(len(y)), 0)(np.array([[30.0, 0, 0], [-10.0, 0, 0]]))
    limit = np.log((1 - 0.5 / TREES_HERE) / (0.5 / TREES_HERE))
    assert (np.abs(score) <= limit + 1e-9).all()
    assert score[0] > 0.5 > -0.5 > score[1]


def test_a_feature_that_never_changes_does_no_harm_to_the_logistic_regression() -> None:
    x, y, patient = cohort(40, gap=4.0)
    x[:, 1] = 7
    score, threshold = fitted_scores(fit_logistic, x, y, patient, x, seed=0)
    assert np.isfinite([*score, threshold]).all()
    assert roc_auc_score(y, score) > 0.85


def test_the_first_feature_is_the_score_of_age_alone() -> None:
    x, y, patient = cohort(20)
    wanted = np.array([[3.0, 9, 9], [1.0, -9, 0]])
    score, threshold = fitted_scores(fit_nothing, x, y, patient, wanted, seed=0)
    assert score.tolist() == [3.0, 1.0]
    assert threshold == best_threshold(x[:, 0], y, seed=0)


@EVERY_FIT
def test_the_same_seed_gives_the_same_scores_and_threshold(fit: Fit) -> None:
    x, y, patient = cohort(30, gap=1.0)
    found = []
    for seed in (3, 3, 4):
        scorers._known.clear()
        found.append(fitted_scores(fit, x, y, patient, x[:5] + 0.1, seed=seed))
    first, again, other = found
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1] != other[1]
    assert (first[0] != other[0]).any() == (fit is fit_trees)  # the others draw nothing


def test_what_was_fitted_to_the_same_rows_is_not_fitted_again() -> None:
    x, y, patient = cohort(30, gap=1.0)
    fits: list[int] = []

    def counted(*given: object) -> Callable[[np.ndarray], np.ndarray]:
        fits.append(1)
        return fit_nothing(*given)  # type: ignore[arg-type]

    once = fitted_scores(counted, x, y, patient, x[:5], seed=0)
    n = len(fits)
    assert fitted_scores(counted, x.copy(), y, patient, x[:5], seed=0) is once
    assert len(fits) == n
    for change in ({"seed": 1}, {"wanted": x[1:6]}, {"y": 1 - y}, {"x": x + 1}, {"patient": patient[::-1].copy()}):
        given = {"x": x, "y": y, "patient": patient, "wanted": x[:5], "seed": 0} | change
        before = len(fits)
        fitted_scores(counted, **given)  # type: ignore[arg-type]
        assert len(fits) > before
    for seed in range(20):
        fitted_scores(counted, x, y, patient, x[:5], seed=seed)
    assert len(scorers._known) == scorers._MOST_KNOWN


# inner folds


def test_inner_folds_leave_every_patient_out_once_with_all_rows() -> None:
    x, y, patient = cohort(20, rows=3)
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    fitted_scores(spied(seen), x, y, patient, x, seed=0)
    whole, *inner = seen
    assert len(inner) == INNER_FOLDS
    assert len(whole[0]) == len(x)
    lacking = []
    for kept, classes, weight in inner:
        out = ~np.isin(x[:, 0], kept[:, 0])
        lacking += np.unique(patient[out]).tolist()
        assert not np.isin(patient[out], patient[~out]).any()
        assert set(classes.tolist()) == {0, 1}
        np.testing.assert_allclose(weight, patient_weights(patient[~out], classes))
    assert sorted(lacking) == np.unique(patient).tolist()


def test_inner_folds_hold_both_classes_alike() -> None:
    x, y, patient = cohort(30)
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    fitted_scores(spied(seen), x, y, patient, x, seed=0)
    assert [np.bincount(classes).tolist() for _, classes, _ in seen[1:]] == [[10, 10]] * INNER_FOLDS


def test_the_threshold_is_of_patients_whom_the_inner_model_has_not_seen() -> None:
    def memory(x: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        known = {float(row[0]): int(c) for row, c in zip(x, y, strict=True)}
        return lambda rows: np.array([10.0 * known[v] if v in known else 0.25 for v in rows[:, 0].tolist()])

    x, y, patient = cohort(30)
    score, threshold = fitted_scores(memory, x, y, patient, x, seed=0)
    assert set(score.tolist()) == {0.0, 10.0}
    assert threshold == pytest.approx(0.25, abs=1.01)  # an edge one below or above the only score, and not near 5


def test_the_mean_of_a_patients_rows_is_compared_with_the_threshold() -> None:
    x, y, patient = cohort(20, rows=4, gap=4.0)
    _, threshold = fitted_scores(fit_nothing, x, y, patient, x, seed=0)
    mean = x[:, 0].reshape(20, 4).mean(axis=1)
    assert threshold == pytest.approx(best_threshold(mean, y[::4], seed=0))


def test_so_few_patients_that_inner_folds_lack_a_class_still_give_scores() -> None:
    x, y = np.array([[0.0], [1.0]]), np.array([0, 1])
    score, threshold = fitted_scores(fit_logistic, x, y, np.array(["a", "b"]), x, seed=0)
    assert score[1] > score[0]
    assert np.isnan(threshold)


# thresholds


def test_a_gap_between_the_classes_has_the_threshold_inside() -> None:
    score = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2])
    assert 0.2 < best_threshold(score, np.array([0, 0, 0, 1, 1, 1])) < 5.0


def test_the_threshold_is_the_mean_over_resampled_patients_by_hand() -> None:
    rng = np.random.default_rng(5)
    score, target = rng.normal(size=25), np.arange(25) % 2
    found, draws = [], np.random.default_rng([7, 40])
    for _ in range(40):
        drawn = draws.integers(0, 25, 25)
        s, y = score[drawn], target[drawn]
        edges = sorted(set(s.tolist()))
        cuts = [edges[0] - 1, *((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1]
        worth = [round(float((s[y == 1] > cut).mean() + (s[y == 0] <= cut).mean()), 12) for cut in cuts]
        found.append(np.mean([cut for cut, one in zip(cuts, worth, strict=True) if one == max(worth)]))
    assert best_threshold(score, target, seed=7) == pytest.approx(np.mean(found), abs=0.05)


@pytest.mark.parametrize("target", [[], [0, 0, 0], [1, 1]])
def test_without_both_classes_there_is_no_threshold(target: list[int]) -> None:
    assert np.isnan(best_threshold(np.arange(len(target), dtype=float), np.array(target, dtype=np.int64)))


def test_one_patient_far_away_hardly_moves_the_threshold() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(60) % 2
    score = rng.normal(size=60) + 2 * target
    moved = score.copy()
    moved[target.argmax()] = 1000
    assert best_threshold(moved, target) == pytest.approx(best_threshold(score, target), abs=0.3)


def test_a_shift_of_all_scores_shifts_the_threshold() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(40) % 2
    score = rng.integers(0, 8, 40) + 2.0 * target
    assert best_threshold(score + 16, target) == pytest.approx(best_threshold(score, target) + 16)
