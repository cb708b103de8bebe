"""Episodes found against episodes marked, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.metrics.episodes import episode_scores, overlap


def episodes(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


NONE = episodes()
borders = st.lists(st.integers(0, 60), max_size=10, unique=True).map(lambda x: sorted(x)[: len(x) // 2 * 2])


def test_overlap_is_summed_over_all_others() -> None:
    ones, others = episodes((0, 10), (20, 30), (40, 50)), episodes((5, 22), (28, 29), (50, 60))
    assert overlap(ones, others).tolist() == [5, 3, 0]
    assert overlap(others, ones).tolist() == [7, 1, 0]
    assert overlap(ones, NONE).tolist() == [0, 0, 0]
    assert overlap(NONE, ones).tolist() == []


@given(first=borders, second=borders)
def test_overlap_counts_common_samples(first: list[int], second: list[int]) -> None:
    ones, others = (np.array(x, dtype=np.int64).reshape(-1, 2) for x in (first, second))
    masks = [np.zeros(60, dtype=bool) for _ in range(2)]
    for mask, pairs in zip(masks, (ones, others), strict=True):
        for start, stop in pairs:
            mask[start:stop] = True
    expected = [int(masks[1][start:stop].sum()) for start, stop in ones]
    assert overlap(ones, others).tolist() == expected
    assert overlap(ones, others).sum() == (masks[0] & masks[1]).sum()


def test_scores_by_hand() -> None:
    """Two of three marked episodes are met, one of them by two found ones; a third found one is false."""
    marked, found = episodes((0, 100), (200, 300), (400, 500)), episodes((10, 30), (50, 60), (290, 310), (600, 650))
    scores = episode_scores([(marked, found, 10.0)])
    assert scores == pytest.approx(
        {
            "episodes/marked": 3,
            "episodes/found": 4,
            "duration/marked_s": 30,
            "episodes/se": 2 / 3,
            "episodes/ppv": 3 / 4,
            "duration/se": (20 + 10 + 10) / 300,
            "duration/ppv": 40 / 100,
        }
    )


def test_records_are_counted_together_each_at_its_own_rate() -> None:
    one = (episodes((0, 100)), episodes((0, 50)), 10.0)
    other = (episodes((0, 100)), NONE, 100.0)
    scores = episode_scores([one, other])
    assert scores["episodes/se"] == 1 / 2
    assert scores["duration/se"] == pytest.approx(5 / 11)
    assert scores["duration/ppv"] == scores["episodes/ppv"] == 1
    assert scores["duration/marked_s"] == pytest.approx(11)


@pytest.mark.parametrize(
    ("marked", "found", "there"),
    [(NONE, NONE, set()), (NONE, episodes((0, 9)), {"ppv"}), (episodes((0, 9)), NONE, {"se"})],
)
def test_what_has_no_denominator_is_left_out(marked: np.ndarray, found: np.ndarray, there: set[str]) -> None:
    scores = episode_scores([(marked, found, 1.0)])
    assert set(scores) == {"episodes/marked", "episodes/found", "duration/marked_s"} | {
        f"{kind}/{name}" for kind in ("episodes", "duration") for name in there
    }
    assert all(scores[name] == 0 for name in scores if name.endswith(("se", "ppv")))


def test_without_records_there_are_counts_alone() -> None:
    assert episode_scores([]) == {"episodes/marked": 0, "episodes/found": 0, "duration/marked_s": 0}


@given(first=borders, second=borders)
def test_the_other_way_round_se_and_ppv_change_places(first: list[int], second: list[int]) -> None:
    ones, others = (np.array(x, dtype=np.int64).reshape(-1, 2) for x in (first, second))
    one, other = episode_scores([(ones, others, 2.0)]), episode_scores([(others, ones, 2.0)])
    for kind in ("episodes", "duration"):
        assert one.get(f"{kind}/se") == other.get(f"{kind}/ppv")
