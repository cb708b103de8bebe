"""Scores of a confusion matrix against scikit-learn's independent count."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ecg.metrics.confusion import Scores, confusion_by_group, confusion_matrix
from ecg.metrics.registry import counted

AAMI = ("N", "S", "V", "F", "Q")


def random_beats(seed, n=400, present=(0, 1, 2, 3, 4), possible=(0, 1, 2, 3, 4)):
    rng = np.random.default_rng(seed)
    target, predicted = rng.choice(present, n), rng.choice(possible, n)
    return target, np.where(np.isin(target, possible) & (rng.random(n) < 0.6), target, predicted)


@pytest.mark.parametrize(
    ("present", "possible"),
    [((0, 1, 2, 3, 4), (0, 1, 2, 3, 4)), ((0, 1, 2), (0, 1, 2, 3)), ((0, 3), (0, 1, 2)), ((0,), (0, 1))],
    ids=["all", "absent from target", "never predicted", "one class"],
)
def test_scores_equal_scikit_learn(present, possible):
    target, predicted = random_beats(1, present=present, possible=possible)
    labels = range(5)
    matrix = confusion_matrix(target, predicted, 5)
    scores = Scores.of(matrix)
    np.testing.assert_array_equal(matrix, sk.confusion_matrix(target, predicted, labels=labels))
    ppv, se, f1, support = sk.precision_recall_fscore_support(target, predicted, labels=labels, zero_division=0)
    for own, other in [(scores.se, se), (scores.ppv, ppv), (scores.f1, f1), (scores.support, support)]:
        np.testing.assert_allclose(own, other)
    assert scores.accuracy == pytest.approx(sk.accuracy_score(target, predicted))
    assert scores.balanced_accuracy == pytest.approx(se.mean())
    assert scores.macro_f1 == pytest.approx(
        sk.f1_score(target, predicted, labels=labels, average="macro", zero_division=0)
    )
    assert scores.kappa == pytest.approx(sk.cohen_kappa_score(target, predicted))
    by_class = sk.multilabel_confusion_matrix(target, predicted, labels=labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fpr = np.nan_to_num(by_class[:, 0, 1] / by_class[:, 0].sum(axis=1))
    np.testing.assert_allclose(scores.fpr, fpr)


def test_undefined_scores_are_zero():
    scores = Scores.of(np.zeros((3, 3), dtype=int))
    assert all(np.all(value == 0) for value in vars(scores).values())
    assert Scores.of([[7, 0], [0, 0]]).kappa == 0


def test_leading_dimensions_equal_one_by_one():
    rng = np.random.default_rng(0)
    many = rng.integers(0, 30, (2, 7, 5, 5))
    many[0, 0, 3] = 0
    together = counted(many, AAMI)
    for place in np.ndindex(2, 7):
        alone = counted(many[place], AAMI)
        assert {name: float(value[place]) for name, value in together.items()} == pytest.approx(
            {name: float(value) for name, value in alone.items()}
        )


def test_jk_by_hand():
    # N: 80 right, 10 predicted S, 10 predicted V; S: 10 of 20 right, rest N; V: 30 of 40 right, rest N
    matrix = np.array([[80, 10, 10], [10, 10, 0], [10, 0, 30]])
    agreement, chance = 120 / 160, (100 * 100 + 20 * 20 + 40 * 40) / 160**2
    kappa = (agreement - chance) / (1 - chance)
    expected = 0.5 * kappa + 0.125 * (10 / 20 + 30 / 40 + 10 / 20 + 30 / 40)
    assert Scores.of(matrix).jk(("N", "S", "V")) == pytest.approx(expected)
    assert Scores.of(np.diag([9, 9, 9])).jk(("N", "S", "V")) == pytest.approx(1)
    assert Scores.of(matrix).jk(("a", "b", "c")) is None
    assert "jk" not in counted(matrix, ("a", "b", "c"))


beats = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(3)])
)


@settings(deadline=None, max_examples=60)
@given(beats, st.randoms())
def test_counts_add_up_and_order_does_not_matter(columns, random):
    group, target, predicted = map(np.array, columns)
    matrix = confusion_matrix(target, predicted, 5)
    np.testing.assert_array_equal(matrix.sum(axis=1), np.bincount(target, minlength=5))
    np.testing.assert_array_equal(matrix.sum(axis=0), np.bincount(predicted, minlength=5))
    names, parts = confusion_by_group(group, target, predicted, 5)
    assert names == sorted({str(g) for g in group})
    np.testing.assert_array_equal(parts.sum(axis=0), matrix)
    order = random.sample(range(len(target)), len(target))
    np.testing.assert_array_equal(confusion_matrix(target[order], predicted[order], 5), matrix)
    relabelled = np.random.default_rng(len(target)).permutation(5)
    one, other = Scores.of(matrix), Scores.of(confusion_matrix(relabelled[target], relabelled[predicted], 5))
    np.testing.assert_allclose(other.f1[relabelled], one.f1)
    assert other.kappa == pytest.approx(float(one.kappa))
    for value in (one.se, one.ppv, one.f1, one.fpr, one.accuracy, one.macro_f1):
        assert np.all((value >= 0) & (value <= 1))


@pytest.mark.parametrize(
    ("target", "predicted"),
    [([0, 5], [0, 0]), ([0, 1], [0, -1]), ([0, 1], [0]), ([0.0, 1.0], [0, 1]), ([[0], [1]], [0, 1])],
)
def test_wrong_input_is_refused(target, predicted):
    with pytest.raises(ValueError, match=r"expected|not one per beat"):
        confusion_matrix(target, predicted, 5)


def test_each_class_needs_a_name():
    with pytest.raises(ValueError, match="2 class names for 3 classes"):
        Scores.of(np.ones((7, 3, 3))).by_class(("a", "b"))


def test_no_beats_is_an_empty_matrix():
    np.testing.assert_array_equal(confusion_matrix([], [], 3), np.zeros((3, 3)))
