"""What is said of every metric holds, and one's own stand beside them for a while."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.metrics.registry import Metric, Scored, also, metric, metrics

TARGET = np.arange(50) % 5
OWN = Metric(name="own", title="own", of=lambda scored: 0.0)


def sure_of(predicted: np.ndarray) -> Scored:
    return Scored(TARGET, 0.001 * np.ones((50, 5)) + 0.995 * np.eye(5)[predicted], tuple("NSVFQ"))


@pytest.mark.parametrize("one", metrics(), ids=lambda one: one.name)
def test_better_is_in_the_direction_that_is_said_and_shares_are_at_most_one(one: Metric) -> None:
    right, half, wrong = (
        one.value(sure_of(predicted))
        for predicted in (TARGET, np.where(np.arange(50) < 25, TARGET, (TARGET + 1) % 5), (TARGET + 1) % 5)
    )
    assert right > half > wrong if one.higher_is_better else right < half < wrong
    assert (max(right, wrong) > 1) == (not one.percent)


def test_a_metric_is_computed_in_one_way() -> None:
    for ways in ({}, {"of": lambda scored: 0.0, "counts": lambda matrices, classes: np.zeros(1)}):
        with pytest.raises(EcgError, match="one of the two"):
            Metric(name="own", title="own", **ways)


def test_ones_own_metrics_are_there_for_as_long_as_they_are_wanted() -> None:
    with also([OWN]), also([OWN]):
        assert metric("own") is OWN
        with pytest.raises(EcgError, match="called own already"), also([Metric(name="own", title="x", of=OWN.of)]):
            pass
    assert metric("own") is None
    assert metric("accuracy") is not None
