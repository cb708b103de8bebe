"""Every feature says what it is, and a table of features has its columns in order."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.features import FEATURES, Feature
from ecg.beats.features.feature import columns
from ecg.beats.features.fibrillation import FIBRILLATION_FEATURES

ALL = {**FEATURES, "fibrillation": FIBRILLATION_FEATURES}


@pytest.mark.parametrize("kind", ALL)
def test_each_feature_has_a_name_of_its_own_a_unit_and_one_line_of_meaning(kind: str) -> None:
    names = [one.name for one in ALL[kind]]
    assert len(set(names)) == len(names)
    for one in ALL[kind]:
        for text in one:
            assert text.strip() == text != ""
            assert "\n" not in text
        assert one.unit in ("1", "s", "log", "log s", "samples", "QRS heights", "nat"), one.name


def test_no_name_is_in_two_inputs() -> None:
    names = [one.name for features in FEATURES.values() for one in features]
    assert len(set(names)) == len(names)


def test_columns_come_in_the_order_of_the_features_and_are_finite() -> None:
    features = (Feature("b", "1", "first"), Feature("a", "1", "second"))
    values = {"a": np.array([1.0, np.nan, -np.inf]), "b": np.array([2.0, 3.0, np.inf]), "other": np.zeros(3)}
    table = columns(features, values)
    assert table.dtype == np.float32
    assert table.tolist() == [[2, 1], [3, 0], [0, 0]]


def test_a_feature_without_values_is_an_error() -> None:
    with pytest.raises(KeyError, match="a"):
        columns((Feature("a", "1", "nothing"),), {"b": np.zeros(3)})
