"""Numbers are written the same everywhere, and what is none is a dash."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.page.numbers import count, interval, percent, plain


@pytest.mark.parametrize("value", [0.71234, np.float32(0.71234), np.float64(0.71234)])
def test_a_score_of_any_precision_is_percent_with_two_decimals(value: object) -> None:
    assert percent(value) == "71.23"


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("inf"), True, np.bool_(True), "0.5", 10**400])
def test_what_is_no_number_is_a_dash(value: object) -> None:
    assert percent(value) == count(value) == "-"


def test_an_interval_needs_both_ends() -> None:
    assert interval((0.681, np.float32(0.7402))) == "68.10-74.02"
    assert interval((float("nan"), 1.0)) == interval((None, None)) == interval(None) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5_125_125, "5,125,125"), (0.002, "0.002"), (np.int64(3), "3"), (None, "-"), (True, "True"), ("a", "a")],
)
def test_facts_are_as_short_as_they_can_be(value: object, shown: str) -> None:
    assert plain(value) == shown
