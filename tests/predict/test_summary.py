"""What a recording's summary counts, right by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.summary import heart_rate, runs, summary
from ecg.predict.trust import trust
from ecg.recordings.formats import OwnRecording
from ecg.runs.weights import Weights


@pytest.fixture
def labelled(own: OwnRecording, weights: Weights) -> Labelled:
    return label_beats(own, weights)


def with_intervals(labelled: Labelled, *rr: float) -> Labelled:
    """The first beats, so far apart."""
    n = len(rr) + 1
    kept = {name: getattr(labelled, name)[:n] for name in ("label", "probability", "reason")}
    after = np.concatenate([[0], np.cumsum(np.nan_to_num(rr, nan=5.0))])
    return replace(labelled, rr_s=np.array([np.nan, *rr]), sample=np.rint(360 * after).astype(np.int64), **kept)


def named(labelled: Labelled, names: str) -> Labelled:
    """The first beats, with these labels."""
    label = np.array(["NSVFQ".find(name) for name in names])
    kept = {name: getattr(labelled, name)[: len(names)] for name in ("sample", "rr_s", "probability", "reason")}
    return replace(labelled, label=label, **kept)


def test_a_pause_is_an_interval_of_more_than_two_seconds(labelled: Labelled) -> None:
    found = heart_rate(with_intervals(labelled, 0.8, 1.99, 2.0, 2.01, 0.9, 2.4, 3.1, np.nan))
    assert found["pauses"] == {"above_s": 2.0, "count": 3, "longest_s": 3.1, "longest_at_s": 11.65}


def test_a_recording_without_a_known_interval_has_no_rate_and_no_pause(labelled: Labelled) -> None:
    found = heart_rate(with_intervals(labelled, np.nan, np.nan))
    assert (found["mean"], found["per_minute"]) == (None, [])
    assert found["pauses"] == {"above_s": 2.0, "count": 0}


def test_the_pauses_stand_in_the_summary(labelled: Labelled, weights: Weights) -> None:
    content = summary(with_intervals(labelled, 0.8, 2.1, 0.8), trust(weights), None, ())
    rate = content["heart_rate"]
    assert isinstance(rate, dict)
    assert rate["pauses"]["count"] == 1


def test_the_mean_rate_is_over_all_intervals_and_the_extremes_over_ten_in_a_row(labelled: Labelled) -> None:
    """One long interval alone is no low rate."""
    fast, slow = [0.5] * 12, [1.2] * 12
    found = heart_rate(with_intervals(labelled, *fast, 3.0, *slow))
    assert found["over_intervals"] == 10
    assert found["mean"] == pytest.approx(60 * 25 / (6 + 3 + 14.4))
    assert found["highest"] == pytest.approx(120)
    assert found["lowest"] == pytest.approx(60 / ((9 * 1.2 + 3.0) / 10))


def test_each_minute_has_the_rate_of_the_intervals_that_end_in_it(labelled: Labelled) -> None:
    """R peaks at 1, 2, 59.5, 60, 60.5, 190.5 and 191.25 s: the third minute has none."""
    found = heart_rate(with_intervals(labelled, 1.0, 1.0, 57.5, 0.5, 0.5, 130.0, 0.75))
    assert found["per_minute"] == [round(60 * 3 / 59.5, 1), 120.0, None, round(60 * 2 / 130.75, 1)]


def test_runs_are_of_beats_in_a_row_with_nothing_between(labelled: Labelled) -> None:
    beats = named(labelled, "NVNVVNVVVSV-VVVVN")
    at = [round(float(second), 2) for second in beats.seconds]
    assert runs(beats, "V") == {"single": 2, "pairs": 1, "runs": 2, "longest": 4, "longest_at_s": at[12]}
    assert runs(beats, "S") == {"single": 1, "pairs": 0, "runs": 0, "longest": 1, "longest_at_s": at[9]}
    assert runs(beats, "F") == {"single": 0, "pairs": 0, "runs": 0, "longest": 0, "longest_at_s": None}


def test_labels_below_sixty_percent_are_counted_as_of_low_confidence(labelled: Labelled, weights: Weights) -> None:
    p = np.full((5, 5), np.nan, dtype=np.float32)
    for row, high in zip(p[:4], (0.59, 0.61, 0.95, 0.3), strict=True):
        row[:] = [high, *[(1 - high) / 4] * 4]
    beats = replace(named(labelled, "NNNN-"), probability=p, reason=np.array(["", "", "", "", "flat"]))
    content = summary(beats, trust(weights), None, ())["beats"]
    assert isinstance(content, dict)
    assert content["low_confidence"] == {"below": 0.6, "share": 0.5, "count": 2}
    assert (content["labelled"], content["not_labelled"]) == (4, {"flat": 1})
    assert content["mean_confidence"] == pytest.approx((0.59 + 0.61 + 0.95 + 0.3) / 4, abs=1e-6)
