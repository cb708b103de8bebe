"""The network that comes with ecg, on the recordings that come with it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ecg.beats.resampling import filled, lead_millivolts, resample
from ecg.beats.rpeaks import detector
from ecg.beats.rpeaks.weights import load_rpeak_net
from ecg.metrics.matching import detection_scores
from ecg.metrics.rpeaks import detect_all, peak_scores
from ecg.recordings.databases.sample import FOLDER, SAMPLE
from ecg.recordings.recording import Recording


@cache
def recording(name: str) -> Recording:
    return SAMPLE.read(FOLDER, name)


def first(name: str, seconds: float) -> np.ndarray:
    return filled(lead_millivolts(recording(name), 0))[: round(seconds * 360)]


def marks(name: str, seconds: float) -> np.ndarray:
    found = recording(name).annotations
    assert found is not None
    sample = found.sample[found.beats]
    return sample[sample < seconds * 360]


def test_it_is_the_network_of_the_recipe() -> None:
    net = load_rpeak_net(detector().path)  # type: ignore[attr-defined]
    assert net.settings == {"channels": [16, 24], "dilations": [1, 2, 4, 8, 16]}
    assert sum(p.numel() for p in net.parameters()) == 20_993


def test_it_finds_nearly_every_beat_of_records_that_it_never_saw() -> None:
    """200, 222 and 233 test in the standard split; tens of thousands of beats of such records: 99.9 % both."""
    tested = [name for name in SAMPLE.records if name in SAMPLE.test]
    assert tested
    scores = peak_scores(detect_all(detector(), SAMPLE, FOLDER, tested))
    assert scores["se"] > 0.997
    assert scores["ppv"] > 0.997
    assert abs(scores["offset_ms/median"]) < 3


def test_the_first_minute_of_record_200_has_87_r_peaks() -> None:
    found = detector()(first("200", 60), 360)
    assert len(found) == 87
    assert len(marks("200", 60)) == 87


@pytest.mark.parametrize("fs", [80, 125, 128, 257.5, 499.9, 500, 1000])
def test_rate_unit_polarity_and_offset_do_not_matter(fs: float) -> None:
    signal, expected = first("233", 120), marks("233", 120)
    found = detector()(-1000 * resample(signal, 360, fs) + 70_000, fs)
    scores = detection_scores(expected, np.rint(found.sample * (360 / fs)), 360)
    assert (scores["missed"], scores["extra"]) <= (1, 1)


@pytest.mark.parametrize("seconds", [1, 2, 3, 5, 10])
def test_short_strips_give_their_beats_too(seconds: float) -> None:
    start, expected = 3600, marks("119", 60)
    piece = first("119", 60)[start : start + round(seconds * 360)]
    inside = expected[(expected >= start + 54) & (expected < start + len(piece) - 54)] - start
    found = detector()(piece, 360).sample
    assert all(np.abs(found - beat).min() < 54 for beat in inside)
    assert len(found) <= len(inside) + 2
