"""What a table of ways to count shows, and averages in which each record counts alike."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.metrics.confusion import Scores, confusion_matrix
from ecg.metrics.records import ectopic_scores, over_records, per_record, without_record

CLASSES = ("N", "S", "V")
RECORD = np.repeat(["a", "b", "c", "d"], 6)
TARGET = np.array([0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 0, 1, 2, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 2, 2, 0, 0])


def test_scores_of_s_and_v_by_hand() -> None:
    found = ectopic_scores(TARGET, PREDICTED, CLASSES)
    assert set(found) == {"jk", *(f"{c}/{x}" for c in "SV" for x in ("se", "ppv", "f1", "support"))}
    by_hand = {"S/se": 3 / 4, "S/ppv": 3 / 4, "S/f1": 3 / 4, "S/support": 4}
    by_hand |= {"V/se": 3 / 5, "V/ppv": 3 / 4, "V/f1": 6 / 9, "V/support": 5}
    assert {name: found[name] for name in by_hand} == pytest.approx(by_hand)
    kappa = float(Scores.of(confusion_matrix(TARGET, PREDICTED, 3)).kappa)
    assert found["jk"] == pytest.approx(0.5 * kappa + 0.125 * (3 / 4 + 3 / 4 + 3 / 5 + 3 / 4))


def test_nothing_found_is_0_and_a_task_without_s_and_v_has_none() -> None:
    found = ectopic_scores([0, 0, 1], [0, 0, 0], CLASSES)
    assert found["S/se"] == found["S/ppv"] == found["V/se"] == found["V/support"] == 0
    assert ectopic_scores(TARGET, PREDICTED, ("healthy", "S", "other")) == {}
    assert ectopic_scores([0, 1], [0, 1], ("NORM", "MI")) == {}


def test_without_a_record_its_beats_do_not_count() -> None:
    found = without_record(RECORD, TARGET, PREDICTED, CLASSES, leave="d")
    assert found["V/support"] == 1
    assert found["V/se"] == 1
    others = RECORD != "d"
    assert found == ectopic_scores(TARGET[others], PREDICTED[others], CLASSES)
    assert without_record(RECORD, TARGET, PREDICTED, CLASSES, leave="x") == {}


def test_the_mean_and_the_median_give_each_record_the_same_weight() -> None:
    table = per_record(RECORD, TARGET, PREDICTED, CLASSES)
    accuracy = [1, 4 / 6, 5 / 6, 4 / 6]
    mean, median = over_records(table), over_records(table, "median")
    assert mean["accuracy"] == pytest.approx(np.mean(accuracy))
    assert median["accuracy"] == pytest.approx(np.median(accuracy))
    assert mean["V/se"] == pytest.approx((1 + 2 / 4) / 2)  # of the two records that have V
    assert median["V/ppv"] == pytest.approx(np.median([1, 0, 1]))
    assert mean["V/ppv"] == pytest.approx(2 / 3)  # of the three in which V was predicted


def test_one_bad_record_moves_the_mean_and_not_the_median() -> None:
    record = np.repeat([f"r{i}" for i in range(9)], 10)
    target = np.tile([0] * 8 + [2] * 2, 9)
    predicted = np.where(record == "r4", 0, target)
    table = per_record(record, target, predicted, CLASSES)
    assert over_records(table, "median")["V/se"] == 1
    assert over_records(table)["V/se"] == pytest.approx(8 / 9)


@pytest.mark.parametrize("how", ["mean", "median"])
def test_what_no_record_defines_is_left_out_and_counts_are_no_scores(how: str) -> None:
    table = per_record(["a", "a", "b"], [0, 0, 1], [0, 0, 1], CLASSES)
    found = over_records(table, how)
    assert set(found) == {"accuracy", *(f"{c}/{x}" for c in "NS" for x in ("se", "ppv", "f1"))}
    assert all(isinstance(value, float) for value in found.values())
