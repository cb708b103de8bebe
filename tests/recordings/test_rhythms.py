"""Rhythms that notes of annotations mark."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.recordings.recording import Annotations
from ecg.recordings.rhythms import fibrillation_intervals, flutter_intervals, rhythms_at


def marks(*notes: tuple[int, str]) -> Annotations:
    """A mark at each position, with this note."""
    sample = np.array([at for at, _ in notes], dtype=np.int64)
    return Annotations(sample, np.full(len(notes), "+"), np.array([note for _, note in notes], dtype=np.str_))


SEVERAL = marks((10, "(N"), (40, ""), (100, "(AFIB"), (150, "missed"), (200, "(AFL"), (300, "(N"), (400, "(AFIB"))


def test_a_rhythm_holds_from_its_mark_to_the_next_one() -> None:
    sample = np.array([0, 9, 10, 99, 100, 150, 199, 200, 300, 399, 400, 10_000])
    found = rhythms_at(SEVERAL, sample)
    expected = ["", "", "N", "N", "AFIB", "AFIB", "AFIB", "AFL", "N", "N", "AFIB", "AFIB"]
    assert found.tolist() == expected


def test_without_notes_no_rhythm_is_known() -> None:
    plain = Annotations(np.array([10, 20]), np.array(["N", "+"]))
    for one in (plain, marks((10, ""), (20, "x"))):
        assert rhythms_at(one, np.array([5, 15, 25])).tolist() == ["", "", ""]
        assert fibrillation_intervals(one, 100) is None


def test_fibrillation_and_flutter_beside_each_other_are_one_episode() -> None:
    found = fibrillation_intervals(SEVERAL, 1000)
    assert found is not None
    assert found.tolist() == [[100, 300], [400, 1000]]
    assert found.dtype == np.int64


def test_other_rhythms_alone_are_no_episode_and_not_unknown() -> None:
    found = fibrillation_intervals(marks((10, "(N"), (50, "(B")), 100)
    assert found is not None
    assert found.shape == (0, 2)


@pytest.mark.parametrize("end", [0, 400])
def test_an_episode_lasts_to_the_last_mark_at_least(end: int) -> None:
    found = fibrillation_intervals(SEVERAL, end)
    assert found is not None
    assert found[-1].tolist() == [400, 401]


def test_a_name_that_only_begins_alike_is_another_rhythm() -> None:
    found = fibrillation_intervals(marks((10, "(AFIBX"), (50, "(AB"), (60, "AFIB")), 100)
    assert found is not None
    assert len(found) == 0


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ("NN", []),
        ("N[!]N", [(20, 40)]),
        ("[]N[]", [(10, 20), (40, 50)]),
        ("N[!!", [(20, 99)]),
        ("]N[]", [(30, 40)]),
        ("[[]", [(10, 30), (20, 30)]),
        ("", []),
    ],
)
def test_flutter_lasts_from_its_bracket_to_the_next_closing_one(symbols: str, expected: list[tuple[int, int]]) -> None:
    sample = 10 * np.arange(1, len(symbols) + 1, dtype=np.int64)
    found = flutter_intervals(Annotations(sample, np.array(list(symbols), dtype=np.str_)), 99)
    assert found.shape == (len(expected), 2)
    assert [tuple(one) for one in found.tolist()] == expected


def test_beats_are_the_marks_of_qrs_complexes_alone() -> None:
    symbols = np.array([*"NLRBAaJSVrFejnE/fQ?", *'+~|[]!xpt()"su', "x"])
    found = Annotations(np.arange(len(symbols)), symbols).beats
    assert found.tolist() == [i < 19 for i in range(len(symbols))]
