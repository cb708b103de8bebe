"""The Beats table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from ecg.beats.table import Beats, shapes_of


def two_inputs(beats: Beats) -> Beats:
    """With an input beside the signal."""
    rhythm = np.arange(4 * len(beats), dtype=np.float32).reshape(-1, 4)
    return replace(beats, inputs={**beats.inputs, "rhythm": rhythm})


def test_columns_of_unequal_length_are_refused(make_beats: Callable[..., Beats]) -> None:
    beats = make_beats(["a", "b"], [0, 1])
    with pytest.raises(ValueError, match="one length"):
        replace(beats, lead=np.array(["MLII"]))


def test_an_input_of_another_number_of_beats_is_refused(make_beats: Callable[..., Beats]) -> None:
    beats = two_inputs(make_beats(["a", "b"], [0, 1]))
    with pytest.raises(ValueError, match=r"one length.*'rhythm': 1"):
        replace(beats, inputs={**beats.inputs, "rhythm": np.zeros((1, 4), dtype=np.float32)})


def test_take_keeps_every_column_together(make_beats: Callable[..., Beats]) -> None:
    beats = two_inputs(make_beats(["a", "b", "c"], [0, 1, 2]))
    taken = beats.take(np.array([2, 0]))
    for have, whole in ((taken.columns, beats.columns), (taken.inputs, beats.inputs)):
        assert have.keys() == whole.keys()
        for name, column in whole.items():
            np.testing.assert_array_equal(have[name], column[[2, 0]])


def test_take_accepts_a_mask(make_beats: Callable[..., Beats]) -> None:
    beats = make_beats(["a", "b", "c"], [0, 1, 2])
    assert beats.take(beats.y > 0).patient.tolist() == ["b", "c"]


def test_concatenate_keeps_the_order_and_long_names(make_beats: Callable[..., Beats]) -> None:
    joined = Beats.concatenate([make_beats(["a"], [0]), make_beats(["a longer name"], [3])])
    assert joined.patient.tolist() == ["a", "a longer name"]
    assert joined.y.tolist() == [0, 3]


def test_concatenate_joins_each_input_by_its_name(make_beats: Callable[..., Beats]) -> None:
    beats = two_inputs(make_beats(["a", "b", "c"], [0, 1, 2]))
    joined = Beats.concatenate([beats.take(np.array([0])), beats.take(np.array([2, 1]))])
    assert list(joined.inputs) == ["signal", "rhythm"]
    np.testing.assert_array_equal(joined.inputs["rhythm"], beats.inputs["rhythm"][[0, 2, 1]])
    np.testing.assert_array_equal(joined.signal, beats.signal[[0, 2, 1]])
    assert shapes_of(joined.inputs) == {"signal": (1, 4), "rhythm": (4,)}


def test_the_columns_are_all_that_is_known_beside_the_inputs(make_beats: Callable[..., Beats]) -> None:
    assert list(make_beats(["a"], [0]).columns) == [
        "y", "record", "patient", "database", "lead", "sample", "seconds", "symbol", "rr_before", "rr_after",
    ]  # fmt: skip


def test_a_table_cannot_be_changed(make_beats: Callable[..., Beats]) -> None:
    with pytest.raises(FrozenInstanceError):
        make_beats(["a"], [0]).y = np.array([1])  # type: ignore[misc]
