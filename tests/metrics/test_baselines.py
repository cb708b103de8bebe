"""Baselines: the majority class and the nearest neighbour, against slow and obvious counts."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from ecg.metrics.baselines import MAJORITY, NAMES, NEAREST, baseline_probabilities, nearest


def beats(n: int, seed: int, length: int = 187) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 1, length), dtype=np.float32)


@pytest.mark.parametrize(("n_train", "n_test"), [(1, 1), (300, 5), (50, 1300)])
def test_the_nearest_row_is_the_nearest(n_train: int, n_test: int) -> None:
    train, test = beats(n_train, 0)[:, 0], beats(n_test, 1)[:, 0]
    distance = np.square(test[:, None].astype(np.float64) - train[None]).sum(axis=2)
    np.testing.assert_array_equal(nearest(train, test), distance.argmin(axis=1))


def test_labels_are_those_of_scikit_learns_nearest_neighbour() -> None:
    train, test, y = beats(400, 0), beats(200, 1), np.arange(400) % 2
    found = baseline_probabilities(train, y, test, 2)[NEAREST]
    model = KNeighborsClassifier(n_neighbors=1).fit(train[:, 0], y)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(test[:, 0]))
    assert set(found.ravel()) == {0.0, 1.0}


def test_the_majority_class_has_the_training_shares_for_every_beat() -> None:
    y = np.array([1, 1, 1, 0])
    found = baseline_probabilities(beats(4, 0), y, beats(3, 1), 3)
    assert set(found) == {MAJORITY, NEAREST} == set(NAMES)
    assert found[MAJORITY].tolist() == [[0.25, 0.75, 0.0]] * 3


def test_ten_thousand_against_three_thousand_beats_take_no_time_to_speak_of() -> None:
    train, test = beats(3000, 0)[:, 0], beats(10_000, 1)[:, 0]
    start = time.perf_counter()
    nearest(train, test)
    assert time.perf_counter() - start < 10  # about half a second on one core
