"""One-to-one matching of detected beats, by the rules of bxb."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.metrics.matching import detection_scores, match_beats


def lists(match):
    return match.pairs.tolist(), match.missed.tolist(), match.extra.tolist()


@pytest.mark.parametrize(("shift", "matched"), [(54, True), (-54, True), (55, False), (-55, False), (0, True)])
def test_150_ms_itself_is_a_match(shift, matched):
    match = match_beats([1000], [1000 + shift], fs=360)
    assert lists(match) == (([[0, 0]], [], []) if matched else ([], [0], [0]))


@pytest.mark.parametrize("fs", [100, 120, 180, 360, 500, 1000])
def test_edge_does_not_depend_on_rounding(fs):
    edge = round(0.15 * fs)
    assert len(match_beats([1000], [1000 + edge], fs).pairs) == 1
    assert len(match_beats([1000], [1001 + edge], fs).pairs) == 0


@pytest.mark.parametrize(
    ("reference", "test", "pairs", "missed", "extra"),
    [
        ([100, 400, 700], [95, 405, 700], [[0, 0], [1, 1], [2, 2]], [], []),
        ([100, 400, 700], [100, 700], [[0, 0], [2, 1]], [1], []),
        ([100, 700], [100, 400, 700], [[0, 0], [1, 2]], [], [1]),
        ([100, 400], [90, 101, 400], [[0, 1], [1, 2]], [], [0]),  # double detection: the closer one
        ([100, 400], [100, 130, 400], [[0, 0], [1, 2]], [], [1]),
        ([], [5, 9], [], [], [0, 1]),
        ([5, 9], [], [], [0, 1], []),
        ([], [], [], [], []),
        ([96, 160], [128, 185], [[0, 0], [1, 1]], [], []),  # the case that bxb.c was changed for in 2002 (250 Hz)
    ],
)
def test_examples_by_hand(reference, test, pairs, missed, extra):
    assert lists(match_beats(reference, test, fs=250)) == (pairs, missed, extra)


times = st.lists(st.integers(0, 4000), max_size=40, unique=True).map(sorted)


@settings(deadline=None, max_examples=150)
@given(times, times)
def test_matching_is_one_to_one_and_symmetric(reference, test):
    match = match_beats(reference, test, fs=360)
    assert sorted([*match.pairs[:, 0], *match.missed]) == list(range(len(reference)))
    assert sorted([*match.pairs[:, 1], *match.extra]) == list(range(len(test)))
    assert all(abs(reference[i] - test[j]) <= 54 for i, j in match.pairs)
    assert (np.diff(match.pairs, axis=0) > 0).all()
    swapped = match_beats(test, reference, fs=360)
    np.testing.assert_array_equal(swapped.pairs[:, ::-1], match.pairs)
    np.testing.assert_array_equal(swapped.missed, match.extra)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9999))
def test_jitter_within_the_window_matches_every_beat(seed):
    rng = np.random.default_rng(seed)
    reference = np.cumsum(rng.integers(120, 500, 200))
    assert len(match_beats(reference, reference + rng.integers(-54, 55, 200), fs=360).pairs) == 200


def test_detection_scores_and_learning_period():
    reference, test = np.arange(0, 3600, 360), np.array([3, 360, 725, 900, 1440, 1800, 2160, 2520, 2880, 3300])
    assert detection_scores(reference, test, fs=360) == pytest.approx(
        {"se": 0.8, "ppv": 0.8, "matched": 8, "missed": 2, "extra": 2}
    )
    late = detection_scores(reference, test, fs=360, skip_s=4)
    assert (late["matched"], late["missed"], late["extra"]) == (5, 1, 1)
    assert detection_scores([], [], fs=360)["se"] == 0
    # a detection just before the period ends belongs to the beat just after it
    assert detection_scores([1000], [999], fs=10, skip_s=100)["matched"] == 1


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="time order"):
        match_beats([5, 3], [1], fs=360)
    for wrong in ({"fs": 0}, {"fs": 360, "window_s": 0}):
        with pytest.raises(ValueError, match="positive"):
            match_beats([5], [1], **wrong)


def test_fast():
    reference = np.arange(100_000) * 300
    start = time.perf_counter()
    match = match_beats(reference, reference + 7, fs=360)
    assert len(match.pairs) == 100_000
    assert time.perf_counter() - start < 2  # 0.1 s on an idle machine


@pytest.mark.parametrize("seed", range(5))
def test_counts_equal_those_of_wfdb(seed):
    from wfdb.processing import compare_annotations

    rng = np.random.default_rng(seed)
    reference = np.cumsum(rng.integers(150, 450, 500))
    found = reference[rng.random(500) < 0.95]
    test = np.unique([*(found + rng.integers(-60, 61, len(found))), *rng.integers(0, reference[-1], 20)])
    theirs = compare_annotations(reference, test, 55)  # its window is open: less than 55 samples
    own = detection_scores(reference, test, fs=360)
    assert (own["matched"], own["missed"], own["extra"]) == (theirs.tp, theirs.fn, theirs.fp)
