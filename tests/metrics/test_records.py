"""Scores record by record."""

import numpy as np
import pytest

from ecg.metrics.confusion import confusion_matrix
from ecg.metrics.records import over_records, per_record, without_record
from ecg.metrics.registry import counted

CLASSES = ("N", "S", "V")
RECORD = np.array(["100"] * 4 + ["232"] * 4 + ["233"] * 2)
TARGET = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 0])
PREDICTED = np.array([0, 0, 1, 1, 1, 1, 1, 0, 0, 2])


def test_rows_by_hand():
    table = per_record(RECORD, TARGET, PREDICTED, CLASSES)
    assert list(table.index) == ["100", "232", "233"]
    assert table["beats"].tolist() == [4, 4, 2]
    assert table["accuracy"].tolist() == [0.75, 1, 0.5]
    np.testing.assert_array_equal(table["S/se"], [1, 1, np.nan])
    np.testing.assert_array_equal(table["S/ppv"], [0.5, 1, np.nan])
    np.testing.assert_allclose(table["S/f1"], [2 / 3, 1, np.nan])
    np.testing.assert_array_equal(table["V/ppv"], [np.nan, np.nan, 0])
    assert table["V/se"].isna().all()
    assert table["S/support"].tolist() == [1, 3, 0]


def test_rows_equal_the_scores_of_each_record():
    rng = np.random.default_rng(0)
    record, target, predicted = rng.integers(100, 110, 500), rng.integers(0, 3, 500), rng.integers(0, 3, 500)
    table = per_record(record, target, predicted, CLASSES)
    assert table["beats"].sum() == 500
    for name in table.index:
        rows = record == int(name)
        named = counted(confusion_matrix(target[rows], predicted[rows], 3), CLASSES)
        for column in ("accuracy", "N/se", "S/ppv", "V/f1"):
            assert table.loc[name, column] == pytest.approx(float(named[column]))


def test_mean_and_median_give_each_record_the_same_weight():
    table = per_record(RECORD, TARGET, PREDICTED, CLASSES)
    means, medians = over_records(table), over_records(table, "median")
    assert means["accuracy"] == pytest.approx((0.75 + 1 + 0.5) / 3)
    assert means["S/f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert means["N/se"] == pytest.approx((2 / 3 + 1 + 0.5) / 3)
    assert medians["N/se"] == pytest.approx(2 / 3)
    assert set(means) == set(medians)
    assert "V/se" not in means
    assert not any(name == "beats" or name.endswith("support") for name in means)


def test_without_record():
    kappa = (4 / 6 - 17 / 36) / (1 - 17 / 36)
    of_s = {"S/se": 1, "S/ppv": 0.5, "S/f1": 2 / 3, "S/support": 1}
    of_v = dict.fromkeys(("V/se", "V/ppv", "V/f1", "V/support"), 0)
    wanted = {"jk": kappa / 2 + (1 + 0.5) / 8, **of_s, **of_v}
    assert without_record(RECORD, TARGET, PREDICTED, CLASSES, leave="232") == pytest.approx(wanted)
    assert without_record(RECORD.astype(int), TARGET, PREDICTED, CLASSES, leave="232")["S/support"] == 1
    others = RECORD != "232"
    assert without_record(RECORD[others], TARGET[others], PREDICTED[others], CLASSES, leave="232") == {}
    assert without_record(RECORD, TARGET, PREDICTED, ("N", "F", "V"), leave="232") == {}
