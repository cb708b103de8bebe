"""Scores of a diagnosis as plain loops and scikit-learn count them, and what resampling patients does to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from ecg.metrics.diagnosis import AGE, MODEL, TREES, Evaluation, evaluate
from ecg.metrics.diagnosis.evaluation import AGES, FEWEST, FEWEST_AT_SPECIFICITY, NEAR_YEARS, _scores
from ecg.metrics.diagnosis.table import Columns
from ecg.metrics.resampling import weighted_auroc

NOTHING: Mapping[str, np.ndarray] = {}
DIAGNOSES = {0: "normal", 1: "MI"}
SEEDS = pytest.mark.parametrize("seed", range(4))


def cohort(n: int, seed: int = 0, others: int = 0, grid: float = 0.5) -> pd.DataFrame:
    """People of both classes and others beside them, with scores on a grid, so that there are ties."""
    rng = np.random.default_rng(seed)
    label = np.concatenate([np.arange(n) % 2, np.full(others, nan)])
    age = np.where(rng.random(n + others) < 0.1, nan, np.round(rng.uniform(35, 85, n + others)))
    score = np.round((rng.normal(size=n + others) + np.nan_to_num(label, nan=0.5)) / grid) * grid
    return pd.DataFrame(
        {
            "label": label,
            "diagnosis": [DIAGNOSES.get(one, "other") for one in label],
            "age": age,
            "sex": rng.choice(["male", "female", ""], n + others, p=[0.5, 0.4, 0.1]),
            "score": score,
            "above": (score > 0.25).astype(float),
        }
    )


def columns(people: pd.DataFrame, more: Mapping[str, np.ndarray]) -> Columns:
    """One column of the model's scores, and of others by name."""
    own = {MODEL: people["score"].to_numpy(), **more}
    above = people["above"].to_numpy()[:, None]
    return Columns(people, {name: value[:, None] for name, value in own.items()}, dict.fromkeys(own, above))


def found(
    people: pd.DataFrame, more: Mapping[str, np.ndarray] = NOTHING, *, replicates: int = 0, seed: int = 0
) -> Evaluation:
    return evaluate(columns(people, more), model=MODEL, replicates=replicates, seed=seed)


def values(people: pd.DataFrame) -> dict[str, float]:
    return {name: one.value for name, one in found(people).estimates[MODEL].items()}


def weighted(people: pd.DataFrame, weights: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    score, above = people["score"].to_numpy(), people["above"].to_numpy()
    return _scores(people, score, above, np.array(weights, dtype=np.float64))


# against scikit-learn


@SEEDS
def test_areas_are_those_of_scikit_learn(seed: int) -> None:
    people = cohort(60, seed, others=20)
    got = values(people)
    own = people[people["label"].notna()]
    assert got["auroc"] == pytest.approx(roc_auc_score(own["label"], own["score"]))
    against = people[people["diagnosis"].isin(["MI", "other"])]
    assert got["auroc_other"] == pytest.approx(roc_auc_score(against["diagnosis"] == "MI", against["score"]))
    for group, (low, high) in AGES.items():
        those = own[(own["age"] >= low) & (own["age"] < high)]
        assert got[f"auroc_{group}"] == pytest.approx(roc_auc_score(those["label"], those["score"]))


@SEEDS
def test_balanced_accuracy_is_that_of_scikit_learn_at_the_chosen_threshold(seed: int) -> None:
    people = cohort(60, seed, others=20)
    own = people[people["label"].notna()]
    assert values(people)["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(own["label"], own["above"]))


@SEEDS
def test_the_sensitivity_is_the_best_that_leaves_ten_percent_false_alarms_or_fewer(seed: int) -> None:
    people = cohort(80, seed)
    false, true, _ = roc_curve(people["label"], people["score"], drop_intermediate=False)
    assert values(people)["se_at_sp90"] == pytest.approx(true[false <= 0.1 + 1e-9].max())


def test_one_in_ten_false_alarms_is_a_specificity_of_ninety_percent() -> None:
    people = cohort(20, grid=0.01).assign(age=60.0)
    people["score"] = np.where(people["label"] == 0, np.arange(20) / 2, 8.5)
    got = values(people)
    assert got["se_at_sp90"] == 1.0  # one of ten healthy people, that of 9.0, is higher
    assert got["false_alarms_50_to_64"] == pytest.approx(0.1)


@settings(deadline=None, max_examples=15)
@given(n=st.integers(4, 40), seed=st.integers(0, 10_000))
def test_weights_are_repetitions_of_patients(n: int, seed: int) -> None:
    people = cohort(n, seed, others=n // 3)
    drawn = np.random.default_rng(seed).integers(0, 4, len(people))
    drawn[:2] = 1  # one patient of each class at least
    got = weighted(people, [np.ones(len(people)), drawn])
    repeated = people.loc[np.repeat(people.index, drawn)]
    expected = weighted(repeated, [np.ones(len(repeated))])
    for name, one in got.items():
        if name in expected:
            np.testing.assert_allclose(one[1], expected[name][0], err_msg=name)
        elif name != "auroc_matched":  # of which there may be too few
            assert isnan(one[1]), name
    own = repeated[repeated["label"].notna()]
    assert got["auroc"][1] == pytest.approx(roc_auc_score(own["label"], own["score"]))


def test_weighted_areas_are_those_of_repeated_items() -> None:
    rng = np.random.default_rng(0)
    target, score = np.arange(30) % 2, np.round(rng.normal(size=30), 1)
    weight = rng.integers(0, 5, (20, 30))
    areas = weighted_auroc(target, score, weight)
    for one, area in zip(weight, areas, strict=True):
        assert area == pytest.approx(roc_auc_score(np.repeat(target, one), np.repeat(score, one)))


# matched by age and sex


def matched_by_hand(people: pd.DataFrame) -> float:
    """A plain double loop over MI patients and others of the same sex within five years."""
    means = []
    for _, mine in people[people["label"] == 1].iterrows():
        won = []
        for _, theirs in people[people["label"] == 0].iterrows():
            if mine["sex"] == theirs["sex"] and abs(mine["age"] - theirs["age"]) <= 5:
                won.append(1.0 if mine["score"] > theirs["score"] else 0.5 if mine["score"] == theirs["score"] else 0.0)
        if won:
            means.append(np.mean(won))
    return float(np.mean(means))


@SEEDS
def test_the_matched_area_is_that_of_a_plain_double_loop(seed: int) -> None:
    people = cohort(70, seed, others=10)
    assert NEAR_YEARS == 5
    assert values(people)["auroc_matched"] == pytest.approx(matched_by_hand(people))


@SEEDS
def test_the_matched_area_of_resampled_patients_is_that_of_a_plain_double_loop(seed: int) -> None:
    people = cohort(40, seed)
    drawn = np.random.default_rng(seed).integers(0, 3, 40)
    got = weighted(people, [np.ones(40), drawn])["auroc_matched"][1]
    assert got == pytest.approx(matched_by_hand(people.loc[np.repeat(people.index, drawn)]))


def test_a_score_that_is_the_age_is_worth_little_among_people_of_one_age() -> None:
    rng = np.random.default_rng(0)
    label = np.arange(400) % 2
    age = rng.normal(50 + 15 * label, 8)
    people = cohort(400).assign(label=label, age=age, score=age, sex="male")
    got = values(people)
    assert got["auroc"] > 0.85
    assert 0.5 < got["auroc_matched"] < 0.72  # five years still tell something


@pytest.mark.parametrize("change", [{"age": nan}, {"age": [30.0, 60.0] * 10}, {"sex": ["male", "female"] * 10}])
def test_without_anybody_to_match_there_is_no_matched_area(change: dict[str, Any]) -> None:
    got = values(cohort(20).assign(**change))
    assert "auroc_matched" not in got
    assert "auroc" in got


@pytest.mark.parametrize("n", [FEWEST - 1, FEWEST])
def test_of_few_patients_with_a_match_nothing_is_said(n: int) -> None:
    people = cohort(30).assign(age=60.0, sex="male")
    sick = np.flatnonzero(people["label"] == 1)
    people.loc[sick[n:], "sex"] = "female"
    assert ("auroc_matched" in values(people)) == (n == FEWEST)


# other diagnoses, and ages


def test_the_share_of_others_that_is_flagged_is_at_the_threshold_of_ninety_percent_specificity() -> None:
    people = cohort(40, others=8).assign(score=0.0)
    people.loc[people["label"] == 0, "score"] = np.arange(20)  # 17 is exceeded by two of twenty
    people.loc[people["diagnosis"] == "other", "score"] = [17, 17, 17, 17.5, 18, 30, -1, 0]
    assert values(people)["flagged_other"] == pytest.approx(3 / 8)


def test_others_who_are_the_class_that_is_compared_with_are_no_group_of_their_own() -> None:
    people = cohort(40).assign(age=60.0)
    people["diagnosis"] = people["diagnosis"].replace("normal", "other")
    assert set(values(people)) == {
        *("auroc", "se_at_sp90", "balanced_accuracy", "auroc_matched"),
        *("auroc_50_to_64", "false_alarms_50_to_64"),
    }


def test_a_class_of_two_diagnoses_is_told_apart_by_each() -> None:
    people = cohort(60, others=30)
    people["label"] = people["label"].fillna(0)
    got = values(people)
    assert {"auroc_normal", "auroc_other", "flagged_other"} <= set(got)
    for name in ("normal", "other"):
        those = people[people["diagnosis"].isin(["MI", name])]
        assert got[f"auroc_{name}"] == pytest.approx(roc_auc_score(those["label"], those["score"]))
    assert got["auroc"] == pytest.approx(roc_auc_score(people["label"], people["score"]))


def test_a_birthday_decides_on_the_group_of_ages() -> None:
    people = cohort(10, others=1).assign(age=[49.9, 49.9, 50, 50, 64.9, 64.9, 65, 65, 90, nan, 40])
    counts = found(people).counts
    groups = {name: (counts[f"{name}/0"], counts[f"{name}/1"]) for name in AGES}
    assert groups == {"under_50": (1, 1), "50_to_64": (2, 2), "from_65": (2, 1)}
    assert {name: counts[name] for name in ("MI", "normal", "other", "0", "1")} == {
        **{"MI": 5, "normal": 5, "other": 1, "0": 5, "1": 5}
    }


def test_false_alarms_of_an_age_are_counted_at_the_threshold_of_all_ages() -> None:
    people = cohort(40).assign(age=[30.0] * 20 + [70.0] * 20)
    healthy = people["label"] == 0
    people.loc[healthy, "score"] = np.arange(20)  # young people score lower; 17 is exceeded by two old ones
    got = values(people)
    assert [got["false_alarms_under_50"], got["false_alarms_from_65"]] == pytest.approx([0.0, 0.2])
    assert "false_alarms_50_to_64" not in got


def test_patients_without_a_score_count_nowhere() -> None:
    people = cohort(40, others=6)
    lacking = people.assign(score=people["score"].where(np.arange(46) % 5 > 0))
    lacking["above"] = lacking["above"].where(lacking["score"].notna())
    kept = lacking[lacking["score"].notna()]
    assert values(lacking) == pytest.approx(values(kept))


def test_one_class_alone_gives_no_score() -> None:
    people = cohort(20).assign(label=1.0)
    assert found(people).estimates == {MODEL: {}}
    assert found(people).better == {}


def test_without_a_threshold_there_is_no_balanced_accuracy() -> None:
    got = values(cohort(20).assign(above=nan))
    assert "balanced_accuracy" not in got
    assert "se_at_sp90" in got


# intervals and comparisons


def test_the_value_is_that_of_all_patients_and_lies_in_the_interval() -> None:
    people = cohort(200, others=40, grid=0.1)
    with_intervals, without = found(people, replicates=300), found(people)
    for name, one in with_intervals.estimates[MODEL].items():
        assert one.value == without.estimates[MODEL][name].value
        assert one.low < one.high
        assert one.low <= one.value <= one.high
    assert all(isnan(one.low) and isnan(one.high) for one in without.estimates[MODEL].values())


def test_the_interval_is_that_of_resampling_patients_one_by_one() -> None:
    people = cohort(60)
    one = found(people, replicates=2000).estimates[MODEL]["auroc"]
    score, label = people["score"].to_numpy(), people["label"].to_numpy()
    rng, areas = np.random.default_rng(1), []
    for _ in range(2000):
        drawn = rng.integers(0, 60, 60)
        mine, theirs = score[drawn][label[drawn] == 1][:, None], score[drawn][label[drawn] == 0]
        areas.append(((mine > theirs) + 0.5 * (mine == theirs)).mean())
    assert (one.low, one.high) == pytest.approx(np.quantile(areas, [0.025, 0.975]), abs=0.012)


def test_more_patients_narrow_the_interval() -> None:
    few, many = (found(cohort(n), replicates=300).estimates[MODEL]["auroc"] for n in (40, 360))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_the_same_seed_draws_the_same_patients() -> None:
    people = cohort(40)
    first, again, other = (found(people, replicates=100, seed=seed).estimates[MODEL]["auroc"] for seed in (2, 2, 3))
    assert first == again
    assert first.low != other.low


def test_classes_that_never_overlap_have_no_interval() -> None:
    people = cohort(20)
    one = found(people.assign(score=people["label"]), replicates=100).estimates[MODEL]["auroc"]
    assert one.value == 1
    assert isnan(one.low)


def test_better_is_the_difference_on_the_same_resampled_patients() -> None:
    people = cohort(60)
    rng = np.random.default_rng(0)
    almost = people["score"].to_numpy() + rng.normal(0, 0.05, 60)
    age = np.where(people["age"].isna(), 60, people["age"])
    made = found(people, {TREES: almost, AGE: age}, replicates=500)
    assert set(made.better) == {TREES, AGE}
    for name, one in made.better.items():
        mine, theirs = made.estimates[MODEL]["auroc"], made.estimates[name]["auroc"]
        assert one.value == pytest.approx(mine.value - theirs.value)
        assert one.low <= one.value <= one.high
    alike = made.better[TREES]
    own = made.estimates[MODEL]["auroc"]
    assert alike.high - alike.low < 0.4 * (own.high - own.low)  # unpaired it would be wider than each one's own


def test_a_model_that_equals_a_scorer_is_better_by_nothing_in_every_replicate() -> None:
    people = cohort(40)
    one = found(people, {TREES: people["score"].to_numpy() * 3 - 1}, replicates=100).better[TREES]
    assert one.value == 0
    assert isnan(one.low)


def test_over_several_columns_a_score_is_the_mean_of_the_columns_own() -> None:
    people = cohort(50, others=10)
    rng = np.random.default_rng(3)
    scores = np.stack([people["score"], people["score"] + rng.normal(size=60), rng.normal(size=60)], axis=1)
    above = (scores > 0.25).astype(float)
    made = evaluate(Columns(people, {MODEL: scores}, {MODEL: above}), model=MODEL, replicates=0, seed=0)
    each = [values(people.assign(score=scores[:, i], above=above[:, i])) for i in range(3)]
    assert {name: one.value for name, one in made.estimates[MODEL].items()} == pytest.approx(
        {name: np.mean([one[name] for one in each]) for name in each[0]}
    )


def test_a_score_that_one_column_in_the_middle_lacks_is_left_out() -> None:
    people = cohort(50)
    scores, above = (np.tile(people[name].to_numpy()[:, None], 3) for name in ("score", "above"))
    above[:, 1] = nan
    made = evaluate(Columns(people, {MODEL: scores}, {MODEL: above}), model=MODEL, replicates=0, seed=0)
    assert "balanced_accuracy" not in made.estimates[MODEL]


def test_columns_of_the_same_patients_do_not_count_as_more_patients() -> None:
    people = cohort(60)
    once = found(people, replicates=300).estimates[MODEL]["auroc"]
    own, above = people["score"].to_numpy(), people["above"].to_numpy()
    five = Columns(people, {MODEL: np.tile(own[:, None], 5)}, {MODEL: np.tile(above[:, None], 5)})
    again = evaluate(five, model=MODEL, replicates=300, seed=0).estimates[MODEL]["auroc"]
    assert again == pytest.approx(once)


@pytest.mark.parametrize("n", [FEWEST - 1, FEWEST])
def test_of_very_few_patients_there_is_a_number_without_an_interval(n: int) -> None:
    people = cohort(60)
    few = people[(people["label"] == 0) | (people["label"].eq(1) & people["label"].eq(1).cumsum().le(n))]
    one = found(few, {AGE: -few["score"].to_numpy()}, replicates=200)
    assert one.estimates[MODEL]["auroc"].value == pytest.approx(roc_auc_score(few["label"], few["score"]))
    assert isnan(one.estimates[MODEL]["auroc"].low) == (n < FEWEST)
    assert isnan(one.better[AGE].low) == (n < FEWEST)


@pytest.mark.parametrize("n", [FEWEST_AT_SPECIFICITY - 1, FEWEST_AT_SPECIFICITY])
def test_of_fewer_than_ten_none_can_be_at_a_specificity_of_ninety_percent(n: int) -> None:
    people = cohort(40, others=5)
    own = people["label"].eq(0)
    got = values(people[~own | own.cumsum().le(n)])
    at = {"se_at_sp90", "flagged_other", *(f"false_alarms_{group}" for group in AGES)}
    assert bool(at & set(got)) == (n == FEWEST_AT_SPECIFICITY)
    assert "auroc" in got
