"""Scores by patient: as scikit-learn counts them, and intervals that only patients can widen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from ecg.metrics.resampling import auroc_interval
from ecg.metrics.subjects import subject_intervals, subject_metrics, subject_table

CLASSES = ["normal", "MI"]


def cohort(n: int, seed: int = 0, separation: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patient, target and probabilities of `n` patients with one to nine beats each."""
    rng = np.random.default_rng(seed)
    beats = rng.integers(1, 10, n)
    patient = np.repeat([f"p{i:03d}" for i in range(n)], beats)
    own = np.repeat(np.arange(n) % 2, beats)
    p = np.clip(0.5 + separation * (own - 0.5) + rng.normal(0, 0.2, len(own)), 0, 1)
    return patient, own, np.stack([1 - p, p], axis=1)


def test_a_patient_gets_the_mean_probability_and_its_most_likely_class() -> None:
    table = subject_table(
        ["b", "a", "b", "a", "b"], [1, 0, 1, 0, 1], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2], [0, 1]], CLASSES
    )
    assert table.index.tolist() == ["a", "b"]
    assert table["beats"].tolist() == [2, 3]
    assert table["label"].tolist() == ["normal", "MI"]
    assert table["predicted"].tolist() == ["normal", "MI"]
    assert table["p_MI"].tolist() == pytest.approx([0.4, 0.6])


@settings(deadline=None, max_examples=30)
@given(n=st.integers(4, 60), seed=st.integers(0, 10_000))
def test_scores_are_those_of_scikit_learn_on_one_row_a_patient(n: int, seed: int) -> None:
    patient, target, probability = cohort(n, seed)
    found = subject_metrics(subject_table(patient, target, probability, CLASSES), CLASSES)
    frame = pd.DataFrame({"patient": patient, "y": target, "p": probability[:, 1]}).groupby("patient").mean()
    true, p = frame["y"].astype(int), frame["p"].round(9)
    predicted = (p > 0.5).astype(int)
    assert found["subject/count"] == n
    assert found["subject/accuracy"] == pytest.approx(reference.accuracy_score(true, predicted))
    assert found["subject/balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(true, predicted))
    assert found["subject/macro_f1"] == pytest.approx(reference.f1_score(true, predicted, average="macro"))
    assert found["subject/auroc"] == pytest.approx(reference.roc_auc_score(true, p), abs=1e-6)
    for c, name in enumerate(CLASSES):
        assert found[f"subject/{name}/se"] == pytest.approx(reference.recall_score(true, predicted, pos_label=c))
        expected = reference.precision_score(true, predicted, pos_label=c, zero_division=0)
        assert found[f"subject/{name}/ppv"] == pytest.approx(expected)
        assert found[f"subject/{name}/support"] == (true == c).sum()


def test_equal_probabilities_are_ties_however_many_beats_a_patient_has() -> None:
    patient = np.repeat(["a", "b", "c", "d"], [3, 7, 11, 6])
    target = np.repeat([0, 1, 0, 1], [3, 7, 11, 6])
    table = subject_table(patient, target, np.tile([0.53036, 0.46964], (27, 1)), CLASSES)
    assert subject_metrics(table, CLASSES)["subject/auroc"] == 0.5


def test_a_patient_of_two_classes_and_ragged_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="two classes"):
        subject_table(["a", "a"], [0, 1], [[1, 0], [1, 0]], CLASSES)
    for patient, target, rows in (("ab", [0], 2), ("a", [0, 0], 2), ("ab", [0, 0], 1), ("ab", [0, 0], 3)):
        with pytest.raises(ValueError, match=f"{len(patient)} patients, {len(target)} targets"):
            subject_table(list(patient), target, [[1, 0]] * rows, CLASSES)
    with pytest.raises(ValueError, match="probabilities of shape"):
        subject_table(["a"], [0], [1], CLASSES)


def area(target: np.ndarray, score: np.ndarray) -> float:
    higher = score[target == 1][:, None] - score[target == 0]
    return float(((higher > 0) + 0.5 * (higher == 0)).mean())


def test_the_interval_of_the_area_agrees_with_resampling_one_by_one() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(60) % 2
    score = np.round(target * 0.3 + rng.random(60), 1)  # with ties
    assert area(target, score) == pytest.approx(reference.roc_auc_score(target, score))
    low, high = auroc_interval(target, score, replicates=4000) or (0, 0)
    areas = []
    for _ in range(4000):
        drawn = rng.integers(0, 60, 60)
        if 0 < target[drawn].sum() < 60:
            areas.append(area(target[drawn], score[drawn]))
    assert (low, high) == pytest.approx(np.quantile(areas, [0.025, 0.975]), abs=0.01)


def test_beats_of_few_patients_give_a_wider_interval_than_as_many_single_beats() -> None:
    patient, target, probability = cohort(30, separation=0.1)
    shift = np.random.default_rng(5).normal(0, 0.3, 30)[np.unique(patient, return_inverse=True)[1]]
    score = probability[:, 1] + shift  # beats of one patient agree
    single = auroc_interval(target, score)
    grouped = auroc_interval(target, score, groups=patient)
    assert single is not None
    assert grouped is not None
    assert grouped[1] - grouped[0] > 1.3 * (single[1] - single[0])


def test_one_beat_a_patient_is_the_same_with_and_without_groups() -> None:
    target, score = np.arange(40) % 2, np.random.default_rng(1).random(40)
    groups = np.array([f"p{i:02d}" for i in range(40)])
    assert auroc_interval(target, score) == auroc_interval(target, score, groups=groups)


@pytest.mark.parametrize(
    ("target", "score"),
    [([0, 0, 0], [0.1, 0.2, 0.3]), ([0, 0, 1], [0.1, 0.2, 0.3]), ([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9])],
)
def test_no_interval_where_nothing_can_be_said(target: list[int], score: list[float]) -> None:
    assert auroc_interval(target, score) is None


@pytest.mark.parametrize(
    ("target", "score"),
    [([0, 1, 1], [0.1, 0.2]), ([[0], [1], [0], [1]], [[0.1], [0.2], [0.3], [0.4]]), (1, 0.5)],
    ids=["ragged", "column", "number"],
)
def test_the_area_takes_one_score_an_item(target: Any, score: Any) -> None:
    with pytest.raises(ValueError, match="not one per item"):
        auroc_interval(target, score)


def test_intervals_hold_their_scores_and_leave_out_what_does_not_vary() -> None:
    table = subject_table(*cohort(40), CLASSES)
    found, intervals = subject_metrics(table, CLASSES), subject_intervals(table, CLASSES)
    assert {"subject/accuracy", "subject/auroc", "subject/macro_f1", "subject/MI/se"} <= set(intervals)
    for key, (low, high) in intervals.items():
        assert low <= found[key] <= high
        assert low < high
    perfect = subject_table(list("abcdef"), [0, 0, 0, 1, 1, 1], np.eye(2)[[0, 0, 0, 1, 1, 1]], CLASSES)
    assert subject_intervals(perfect, CLASSES) == {}


def test_the_same_seed_gives_the_same_intervals() -> None:
    table = subject_table(*cohort(20), CLASSES)
    assert subject_intervals(table, CLASSES, seed=3) == subject_intervals(table, CLASSES, seed=3)
    assert subject_intervals(table, CLASSES, seed=3) != subject_intervals(table, CLASSES, seed=4)
