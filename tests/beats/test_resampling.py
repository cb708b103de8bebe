"""Signals, and recordings with their annotations, at another sampling rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.resampling import _ratio, at_rate, filled, lead_millivolts, resample
from ecg.recordings.leads import one_lead, with_leads
from ecg.recordings.recording import INVALID_ADU, Annotations, Recording


def test_a_sine_keeps_frequency_and_height_when_resampled() -> None:
    at_360 = np.sin(2 * np.pi * 5 * np.arange(3600) / 360)
    at_125 = resample(at_360, 360, 125)
    assert len(at_125) == 1250
    expected = np.sin(2 * np.pi * 5 * np.arange(1250) / 125)
    np.testing.assert_allclose(at_125[50:-50], expected[50:-50], atol=0.02)


def test_what_is_above_the_new_nyquist_frequency_is_filtered_out() -> None:
    at_1000 = np.sin(2 * np.pi * 120 * np.arange(10_000) / 1000)  # 125 Hz would show it at 5 Hz
    assert np.abs(resample(at_1000, 1000, 125)[50:-50]).max() < 0.01


def test_the_same_rate_leaves_the_signal_as_it_is() -> None:
    signal = np.random.default_rng(0).normal(size=500)
    np.testing.assert_array_equal(resample(signal, 360, 360), signal)


@pytest.mark.parametrize("level", [0.0, 3.0, -2.0])
def test_a_constant_level_has_no_edges_after_resampling(level: float) -> None:
    np.testing.assert_allclose(resample(np.full(720, level), 360, 125), level, atol=1e-3)


def recorded(
    seconds: float = 8.0, fs: float = 360.0, *, leads: tuple[str, ...] = ("II", "V5", "V1"), marks: tuple[int, ...] = ()
) -> Recording:
    """A sine of another frequency, gain and offset in each lead."""
    n = len(leads)
    t = np.arange(round(seconds * fs)) / fs
    return Recording(
        record="x",
        patient="p",
        digital=np.stack([50 * i + np.rint(400 * np.sin(2 * np.pi * (3 + i) * t)) for i in range(n)]).astype(np.int32),
        gain=200.0 + 100 * np.arange(n),
        baseline=50 * np.arange(n, dtype=np.int32),
        fs=fs,
        leads=leads,
        annotations=Annotations(np.array(marks, dtype=np.int64), np.array(list("NV+N/AF"))[: len(marks)]),
        database="mitdb",
    )


@pytest.mark.parametrize("fs", [128.0, 125.0, 500.0])
def test_every_lead_of_a_recording_is_resampled_as_it_is_alone(fs: float) -> None:
    recording = recorded()
    moved = at_rate(recording, fs)
    assert (moved.fs, moved.leads, moved.database) == (fs, recording.leads, "mitdb")
    assert moved.digital.dtype == np.int32
    assert moved.seconds == pytest.approx(recording.seconds, abs=1 / fs)
    for row, lead in enumerate(recording.leads):
        expected = resample(recording.millivolts(row), 360, fs)
        np.testing.assert_allclose(moved.millivolts(row), expected, atol=1e-6)  # a nanovolt
        alone = at_rate(with_leads(recording, [lead]), fs)
        np.testing.assert_array_equal(alone.digital[0], moved.digital[row])
        assert alone.gain[0] == moved.gain[row]


@settings(deadline=None, max_examples=40)
@given(
    marks=st.lists(st.integers(0, 2879), min_size=1, max_size=7, unique=True).map(sorted),
    fs=st.sampled_from([100.0, 128.0, 125.0, 250.0, 500.0, 1000.0]),
)
def test_annotations_move_along_and_stay_within_the_recording(marks: list[int], fs: float) -> None:
    recording = recorded(marks=tuple(marks))
    moved = at_rate(recording, fs)
    before, after = recording.annotations, moved.annotations
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(after.symbol, before.symbol)
    away = np.abs(after.sample - before.sample * fs / 360)
    assert ((away <= 0.5 + 1e-9) | (after.sample == moved.n_samples - 1)).all()
    assert away.max() <= 1
    assert after.sample.dtype == np.int64
    assert after.sample.max() < moved.n_samples


def test_a_peak_stays_under_its_annotation() -> None:
    signal = np.zeros(3600)
    marks = np.arange(300, 3600, 300)
    for at in marks:
        signal[at - 10 : at + 11] = 1000 * np.hanning(21)
    one = replace(
        recorded(10, leads=("II",)),
        digital=np.rint(signal).astype(np.int32)[None],
        annotations=Annotations(marks, np.full(len(marks), "N")),
    )
    for fs in (128.0, 250.0, 1000.0):
        moved = at_rate(one, fs)
        assert moved.annotations is not None
        for at in moved.annotations.sample:
            around = moved.digital[0, at - 5 : at + 6]
            assert abs(int(around.argmax()) - 5) <= 1


def test_a_recording_without_annotations_has_none_at_another_rate() -> None:
    assert at_rate(replace(recorded(), annotations=None), 125.0).annotations is None


@pytest.mark.parametrize("fs", [None, 360.0])
def test_a_recording_at_the_wanted_rate_is_the_same_one(fs: float | None) -> None:
    recording = recorded(marks=(100, 500))
    assert at_rate(recording, fs) is recording


@pytest.mark.parametrize("fs", [None, 360.0, 125.0])
def test_lines_bridge_invalid_samples_at_any_rate(fs: float | None) -> None:
    recording = recorded()
    recording.digital[1, 1000:1010] = INVALID_ADU
    there = at_rate(recording, fs)
    assert there.fs == fs or (there.fs == 360 and fs is None)
    assert there.millivolts(1).min() > -2.5  # -32768 would be -109 mV
    whole = recorded().millivolts(1).astype(np.float64)
    whole[999:1011] = np.linspace(whole[999], whole[1010], 12)
    np.testing.assert_allclose(there.millivolts(1), resample(whole, 360, there.fs), atol=1e-3)


def test_a_lead_without_a_valid_sample_is_a_flat_line_at_another_rate() -> None:
    recording = recorded()
    recording.digital[1] = INVALID_ADU
    for fs in (None, 125.0):
        there = at_rate(recording, fs)
        assert not there.millivolts(1).any()
        assert there.millivolts(0).any()


def test_a_huge_signal_does_not_overflow() -> None:
    loud = replace(recorded(), gain=np.array([1e-3, 200.0, 1e-9]))
    moved = at_rate(loud, 250.0)
    for row in range(3):
        expected = resample(loud.millivolts(row), 360.0, 250.0)
        np.testing.assert_allclose(moved.millivolts(row), expected, rtol=1e-5, atol=np.abs(expected).max() * 1e-6)


def test_invalid_samples_are_no_millivolts_and_are_bridged_by_lines() -> None:
    recording = recorded()
    recording.digital[0, 5:8] = INVALID_ADU
    signal = lead_millivolts(recording, 0)
    assert np.flatnonzero(np.isnan(signal)).tolist() == [5, 6, 7]
    np.testing.assert_allclose(filled(signal)[4:9], np.linspace(signal[4], signal[8], 5))
    np.testing.assert_array_equal(filled(signal)[8:], signal[8:])
    np.testing.assert_array_equal(filled(np.array([np.nan, 2.0, np.nan])), [2, 2, 2])


def test_a_long_lead_is_resampled_by_the_hour_as_in_one_go() -> None:
    rng = np.random.default_rng(0)
    digital = np.cumsum(rng.integers(-5, 6, (1, round(2.3 * 3600 * 100) + 17)), axis=1).astype(np.int32)
    digital[0, 5000:5050] = INVALID_ADU
    long = replace(one_lead(recorded(), 0, "II"), digital=digital, fs=100.0, annotations=None)
    whole = resample(filled(lead_millivolts(long, 0)), 100.0, 128.0)
    there = at_rate(long, 128.0)
    assert there.n_samples == len(whole)
    np.testing.assert_allclose(there.millivolts(0), whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("fs", [257.5, 333.333, 499.907, 99.9, 360.0])
def test_an_odd_rate_has_a_short_filter_and_stays_in_time(fs: float) -> None:
    seconds = 3600
    ratio = _ratio(fs, 100.0, seconds)
    assert max(ratio.numerator, ratio.denominator) < 10_000
    beats = np.arange(0.5, seconds, 1.0)
    signal = np.zeros(round(seconds * fs))
    signal[np.rint(beats * fs).astype(np.int64)] = 1.0
    there = resample(signal, fs, 100.0)
    last = np.argmax(there[-100:]) + len(there) - 100
    assert last / 100 == pytest.approx(beats[-1], abs=0.02)
