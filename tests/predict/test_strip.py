"""A page's strip is the signal."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.predict.labelled import label_beats
from ecg.predict.strip import MOST_SAMPLES, RATES, STEP_MV, encode, in_steps, make_strip
from ecg.recordings.formats import OwnRecording
from ecg.runs.weights import Weights


def decode(code: bytes, stretches: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int16]]:
    """The stretches again, as the page's script does it."""
    out, at = [], 0
    for _, count in stretches.tolist():
        values, last = np.zeros(count, dtype=np.int16), 0
        for i in range(count):
            step = int.from_bytes(code[at : at + 1], "little", signed=True)
            if step == -128:
                last, at = int.from_bytes(code[at + 1 : at + 3], "little", signed=True), at + 3
            else:
                last, at = last + step, at + 1
            values[i] = last
        out.append(values)
    return out


@settings(deadline=None, max_examples=60)
@given(
    parts=st.lists(st.lists(st.integers(-32768, 32767), min_size=1, max_size=30), min_size=1, max_size=4),
)
def test_coded_stretches_come_back(parts: list[list[int]]) -> None:
    values = np.array([v for part in parts for v in part], dtype=np.int16)
    lengths = [len(part) for part in parts]
    stretches = np.stack([np.cumsum([0, *lengths[:-1]]), lengths], axis=1)
    found = decode(encode(values, stretches), stretches)
    assert [part.tolist() for part in found] == parts


def test_the_strip_decodes_to_the_signal(own: OwnRecording, weights: Weights) -> None:
    strip = make_strip(label_beats(own, weights))
    assert strip.whole
    assert strip.fs == 125
    (values,) = decode(base64.b64decode(strip.code), strip.stretches)
    signal = own.recording.millivolts(0)
    place = np.arange(len(values)) / strip.fs * own.recording.fs
    at = np.interp(place, np.arange(len(signal)), signal)
    assert len(values) == pytest.approx(60 * 125, abs=1)
    assert np.corrcoef(values * STEP_MV, at)[0, 1] > 0.97  # the strip is filtered to half its rate
    assert np.median(np.abs(values * STEP_MV - at)) < 0.02


def test_a_slow_recording_is_not_made_faster(own: OwnRecording, weights: Weights) -> None:
    slow = replace(own, recording=replace(own.recording, fs=100.0))
    strip = make_strip(label_beats(slow, weights))
    assert strip.fs == 100
    (values,) = decode(base64.b64decode(strip.code), strip.stretches)
    np.testing.assert_allclose(values * STEP_MV, own.recording.millivolts(0), atol=STEP_MV / 2 + 1e-6)


def test_hours_are_resampled_piece_by_piece_without_a_seam(own: OwnRecording) -> None:
    t = np.arange(2 * 3600 * 100 + 500) / 100.0
    wave = np.rint(1000 * np.sin(2 * np.pi * 0.7 * t)).astype(np.int32)
    recording = replace(own.recording, digital=wave[None], gain=np.array([1000.0]), baseline=np.zeros(1, np.int32))
    steps = in_steps(replace(own, recording=replace(recording, fs=100.0)), 50.0)
    expected = np.sin(2 * np.pi * 0.7 * np.arange(len(steps)) / 50.0)
    assert len(steps) == len(t) / 2
    np.testing.assert_allclose(steps[50:-50] * STEP_MV, expected[50:-50], atol=0.01)


def test_gaps_are_left_out(own: OwnRecording, weights: Weights) -> None:
    holed = replace(own, gaps=np.array([[3600, 7200]]))
    strip = make_strip(label_beats(holed, weights))
    (first, count), (second, _) = strip.stretches.tolist()
    assert (first, count, second) == (0, 1250, 2500)


def test_a_long_recording_gets_an_excerpt_with_the_rare_beats(own: OwnRecording, weights: Weights) -> None:
    labelled = label_beats(own, weights)
    most = 3000
    strip = make_strip(labelled, most=most)
    assert not strip.whole
    assert strip.fs == RATES[-1]
    assert strip.stretches[:, 1].sum() <= most
    counts = {name: labelled.count(name) for name in labelled.classes if labelled.count(name)}
    rarest = min(counts, key=lambda name: counts[name])
    beat = labelled.seconds[labelled.names == rarest][:, None] * strip.fs  # the least sure of them comes first
    assert ((strip.stretches[:, 0] <= beat) & (beat < strip.stretches.sum(axis=1))).any()


def test_a_day_fits_a_page_of_some_megabytes() -> None:
    assert 24 * 3600 * RATES[-1] <= MOST_SAMPLES
    assert MOST_SAMPLES * 4 / 3 < 13e6
