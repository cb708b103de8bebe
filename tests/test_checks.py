"""Range checks name the setting, the value as typed, and what is valid."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.checks import BadSettingError, in_range, one_of
from ecg.errors import EcgError

INFINITE = float("inf")


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_value_in_range_is_taken(value: float) -> None:
    in_range("x", value, 0, 1)
    in_range("x", value, 0)


@pytest.mark.parametrize(
    ("value", "low", "high", "includes", "said"),
    [
        (-1, 0, INFINITE, {}, "dropout=-1: must be at least 0"),
        (0, 0, INFINITE, {"include_low": False}, "dropout=0: must be more than 0"),
        (2, 0, 1, {}, "dropout=2: must be from 0 to 1"),
        (1, 0, 1, {"include_high": False}, "dropout=1: must be from 0 to 1 (not included)"),
        (0, 0, 1, {"include_low": False}, "dropout=0: must be from 0 (not included) to 1"),
        (
            -1,
            0,
            1,
            {"include_low": False, "include_high": False},
            "dropout=-1: must be from 0 (not included) to 1 (not included)",
        ),
        (2**31, 0, 2**31 - 1, {}, "dropout=2147483648: must be from 0 to 2147483647"),
        (1e-7, 0.5, 1, {}, "dropout=1e-07: must be from 0.5 to 1"),
        (float("nan"), 0, 1, {}, "dropout=nan: must be from 0 to 1"),
        (float("nan"), 0, INFINITE, {}, "dropout=nan: must be at least 0"),
        (INFINITE, 0, 1, {}, "dropout=inf: must be from 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_refused(
    value: float, low: float, high: float, includes: dict[str, bool], said: str
) -> None:
    with pytest.raises(BadSettingError) as told:
        in_range("dropout", value, low, high, **includes)
    assert str(told.value) == said
    assert isinstance(told.value, EcgError)


@pytest.mark.parametrize("value", ["high", "0.5", None, True, False, [0.5], {"low": 0.5}, 1j])
def test_what_is_no_number_is_refused_as_out_of_range(value: object) -> None:
    with pytest.raises(BadSettingError) as told:
        in_range("dropout", value, 0, 1)  # type: ignore[arg-type]
    assert str(told.value) == f"dropout={value}: must be from 0 to 1"


def test_numbers_of_numpy_are_numbers() -> None:
    in_range("x", np.float32(0.5), 0, 1)
    in_range("x", np.int64(1), 0, 1)
    with pytest.raises(BadSettingError, match=r"^x=2: must be from 0 to 1$"):
        in_range("x", np.int64(2), 0, 1)


def test_a_choice_that_does_not_exist_is_refused_with_those_that_do() -> None:
    one_of("segmentation", "kaggle", ("kaggle", "paper"))
    with pytest.raises(BadSettingError, match=r"^segmentation=x: choose one of kaggle, paper$"):
        one_of("segmentation", "x", (name for name in ("kaggle", "paper")))


@pytest.mark.parametrize(("typed", "meant"), [("papr", "paper"), ("kagle", "kaggle"), ("Paper", "paper")])
def test_the_nearest_choice_is_offered(typed: str, meant: str) -> None:
    with pytest.raises(BadSettingError, match=rf"^x={typed}: choose one of kaggle, paper; did you mean {meant}\?$"):
        one_of("x", typed, ("kaggle", "paper"))


@pytest.mark.parametrize("value", [3, None, ["paper"], {"paper": 1}, float("nan")])
def test_a_choice_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(BadSettingError, match=r"^x=.*: choose one of kaggle, paper"):
        one_of("x", value, ("kaggle", "paper"))  # type: ignore[arg-type]
