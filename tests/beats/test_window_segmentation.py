"""The window segmentation: a window that depends on no gain, and how early and how late each beat comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log

import numpy as np
import pytest

from ecg.beats.segmentations import WindowSegmentation
from ecg.beats.segmentations.window import LIMIT, LONGEST_S, NEIGHBOURS, SHORTEST_S, rr_ratios
from ecg.beats.table import shapes_of
from ecg.checks import BadSettingError
from ecg.recordings.recording import Annotations, Recording

FS = 128.0
MakeRecording = Callable[..., Recording]


def heart(n: int, at: list[int], *, height: float = 300.0) -> np.ndarray:
    """A QRS complex of a tenth of a second at each R peak, on a line with a little noise."""
    signal = np.random.default_rng(0).normal(0, 2, n)
    for peak in at:
        around = np.arange(max(peak - 20, 0), min(peak + 21, n))
        signal[around] += height * np.exp(-0.5 * ((around - peak) / 2) ** 2)
    return np.rint(signal)


AT = [100 + 100 * k for k in range(20)]


@pytest.fixture(scope="module")
def recording(make_recording: MakeRecording) -> Recording:
    """Twenty beats 0.78 s apart in two leads at 128 Hz, the second of half the height and upside down."""
    one = make_recording(heart(2200, AT), AT, ["N"] * 20, fs=FS, leads=("MLII", "V5"))
    other = np.rint(-0.5 * heart(2200, AT) + 40).astype(np.int32)
    return replace(one, digital=np.stack([one.digital[0], other]))


def test_the_r_peak_lies_where_it_is_said_to(recording: Recording) -> None:
    for segmentation in (WindowSegmentation(), WindowSegmentation(before_s=0.1), WindowSegmentation(before_s=0)):
        beats = segmentation(recording)
        assert shapes_of(beats.inputs) == segmentation.shapes(2)
        assert beats.sample.tolist() == AT
        place = round(segmentation.r_peak_s * segmentation.fs)
        assert (beats.signal[:, 0].argmax(axis=1) == place).all()
        assert (beats.signal[:, 1].argmin(axis=1) == place).all()


@pytest.mark.parametrize(("before", "after", "samples"), [(0.3, 0.5, 38 + 64), (0.0, 0.1, 13), (1.0, 2.0, 384)])
def test_settings_say_how_long_a_window_is(before: float, after: float, samples: int) -> None:
    shapes = WindowSegmentation(before_s=before, after_s=after).shapes(1)
    assert shapes == {"signal": (1, samples), "rhythm": (4,)}


def test_another_rate_gives_a_window_of_as_many_seconds() -> None:
    segmentation = WindowSegmentation(rate=256)
    assert segmentation.shapes(1)["signal"] == (1, 77 + 128)
    assert (segmentation.fs, segmentation.recording_fs, segmentation.r_peak_s) == (256, 256, 77 / 256)


def test_a_usual_beat_is_as_high_as_one(recording: Recording) -> None:
    """The scale is the recording's median QRS height, lead by lead."""
    heights = np.ptp(WindowSegmentation()(recording).signal, axis=2)
    np.testing.assert_allclose(np.median(heights, axis=0), 1, atol=0.05)


@pytest.mark.parametrize("away", [-15, 15])
def test_the_scale_is_taken_from_120_ms_to_each_side(make_recording: MakeRecording, away: int) -> None:
    signal = heart(2200, AT) - heart(2200, [at + away for at in AT])  # at 117 ms a trough as deep as the peak is high
    beats = WindowSegmentation()(make_recording(signal, AT, ["N"] * 20, fs=FS))
    heights = np.ptp(beats.signal[:, 0, 38 - 15 : 38 + 15 + 1], axis=1)
    assert np.median(heights) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("field", "taken", "refused"),
    [
        ("rate", [80.1, 1000], [80, 1000.1]),
        ("before_s", [0, 2], [-0.1, 2.1]),
        ("after_s", [0.1, 2], [0.09, 2.1]),
    ],
)
def test_a_setting_out_of_range_is_refused(field: str, taken: list[float], refused: list[float]) -> None:
    for value in taken:
        assert getattr(WindowSegmentation(**{field: value}), field) == value
    for value in refused:
        with pytest.raises(BadSettingError, match=f"^{field}={value:g}"):
            WindowSegmentation(**{field: value})


@pytest.mark.parametrize("gain", [20.0, 200.0, 33_333.0])
@pytest.mark.parametrize("offset", [-1000, 0, 512])
def test_gain_and_offset_change_nothing(recording: Recording, gain: float, offset: int) -> None:
    other = replace(recording, gain=np.array([gain, 7.0]), baseline=np.array([offset, -offset], dtype=np.int32))
    expected, beats = WindowSegmentation()(recording), WindowSegmentation()(other)
    np.testing.assert_allclose(beats.signal, expected.signal, atol=1e-4)
    np.testing.assert_array_equal(beats.inputs["rhythm"], expected.inputs["rhythm"])


def test_a_beat_twice_as_high_as_the_others_is_twice_as_high(make_recording: MakeRecording) -> None:
    signal = heart(2200, AT) + heart(2200, [AT[7]])
    beats = WindowSegmentation()(make_recording(signal, AT, ["N"] * 20, fs=FS))
    heights = np.ptp(beats.signal[:, 0], axis=1)
    assert heights[7] == pytest.approx(2, abs=0.1)
    assert heights[8] == pytest.approx(1, abs=0.1)


def test_baseline_wander_and_mains_are_filtered_out(recording: Recording) -> None:
    t = np.arange(2200) / FS
    noise = np.rint(200 * np.sin(2 * np.pi * 0.1 * t) + 100 * np.sin(2 * np.pi * 60 * t)).astype(np.int32)
    noisy = replace(recording, digital=recording.digital + noise)
    expected, beats = WindowSegmentation()(recording).signal[:, 0], WindowSegmentation()(noisy).signal[:, 0]
    assert np.abs(beats[2:-2] - expected[2:-2]).max() < 0.05


def test_nothing_is_beyond_the_limit(make_recording: MakeRecording) -> None:
    signal = heart(2200, AT) + heart(2200, [AT[7]], height=30_000)
    beats = WindowSegmentation()(make_recording(signal, AT, ["N"] * 20, fs=FS))
    assert np.abs(beats.signal).max() == LIMIT


def test_beyond_the_recordings_ends_the_signal_is_0(make_recording: MakeRecording) -> None:
    at = [10, 110, 210, 310, 390]
    beats = WindowSegmentation()(make_recording(heart(400, at), at, ["N"] * 5, fs=FS))
    assert not beats.signal[0, 0, : 38 - 10].any()
    assert beats.signal[0, 0, 38 - 10 :].all()
    assert not beats.signal[-1, 0, 38 + 10 :].any()
    assert beats.signal[-1, 0, : 38 + 10].all()
    assert beats.signal[1, 0].all()


def test_a_flat_lead_is_a_window_of_zeros(recording: Recording) -> None:
    flat = replace(recording, digital=np.stack([recording.digital[0], np.full(2200, 7, dtype=np.int32)]))
    beats = WindowSegmentation()(flat)
    np.testing.assert_allclose(beats.signal[:, 1], 0, atol=1e-6)
    assert np.isfinite(beats.signal).all()
    np.testing.assert_array_equal(beats.signal[:, 0], WindowSegmentation()(recording).signal[:, 0])


@pytest.mark.parametrize("n", [2, 30, 130])
def test_a_recording_shorter_than_a_window_still_gives_its_beats(make_recording: MakeRecording, n: int) -> None:
    beats = WindowSegmentation()(make_recording(heart(n, [1]), [1], ["V"], fs=FS))
    assert shapes_of(beats.inputs) == WindowSegmentation().shapes(1)
    assert np.isfinite(beats.signal).all()
    assert not beats.inputs["rhythm"].any()


def test_rr_ratios_by_hand() -> None:
    """Beats at 0, 1, 2, 2.5, 4, 5 s; the interval before the first is taken as the usual one."""
    nan = np.nan
    before, after = np.array([nan, 1, 1, 0.5, 1.5, 1]), np.array([1, 1, 0.5, 1.5, 1, nan])
    early, late = log(0.5), log(1.5)
    expected = [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, early, 0, early],
        [early, late, early, late],
        [late, 0, late, 0],
        [0, 0, 0, 0],
    ]
    np.testing.assert_allclose(rr_ratios(before, after), expected, atol=1e-6)


def test_the_local_interval_follows_the_heart_and_the_recordings_does_not() -> None:
    """60 intervals of 1 s, then 40 of 0.5 s with one of 0.25 s among them."""
    rr = np.concatenate([np.full(60, 1.0), np.full(40, 0.5)])
    rr[80] = 0.25
    before, after = np.append(np.nan, rr), np.append(rr, np.nan)
    ratios = rr_ratios(before, after)
    assert ratios.shape == (101, 4)
    assert ratios.dtype == np.float32
    half, quarter = log(0.5), log(0.25)
    np.testing.assert_allclose(ratios[30], 0, atol=1e-6)
    np.testing.assert_allclose(ratios[70], [0, 0, half, half], atol=1e-6)
    np.testing.assert_allclose(ratios[80], [0, half, half, quarter], atol=1e-6)
    np.testing.assert_allclose(ratios[81], [half, 0, quarter, half], atol=1e-6)
    np.testing.assert_allclose(ratios[60:62], [[0, half, 0, half], [0, 0, half, half]], atol=1e-6)


@pytest.mark.parametrize(("short", "usual_there"), [(8, False), (9, True)])
def test_local_is_the_median_of_seventeen_intervals(short: int, usual_there: bool) -> None:
    rr = np.full(60, 1.0)
    rr[30 : 30 + short] = 0.5
    ratios = rr_ratios(np.append(np.nan, rr), np.append(rr, np.nan))
    assert ratios[31 + 4, 0] == pytest.approx(0 if usual_there else log(0.5))
    assert ratios[31 + 4, 2] == pytest.approx(log(0.5))
    assert NEIGHBOURS == 17


def test_both_ends_are_0_where_an_interval_is_unknown() -> None:
    before, after = np.array([np.nan, 0.7, 0.9]), np.array([0.7, 0.9, np.nan])
    ratios = rr_ratios(before, after)
    assert ratios[0, [0, 2]].tolist() == ratios[-1, [1, 3]].tolist() == [0, 0]
    assert ratios[0, 3] == pytest.approx(log(0.7 / 0.8))
    assert ratios[-1, 2] == pytest.approx(log(0.9 / 0.8))


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_beats_have_ratios_of_0(n: int) -> None:
    none = np.full(n, np.nan)
    np.testing.assert_array_equal(rr_ratios(none, none), np.zeros((n, 4)))


def test_impossible_intervals_are_kept_within_bounds() -> None:
    rr = np.array([1.0, 1.0, 1.0, 60.0, 0.001, 1.0, 1.0, 1.0])
    ratios = rr_ratios(np.append(np.nan, rr), np.append(rr, np.nan))
    assert ratios.max() == pytest.approx(log(LONGEST_S))
    assert ratios.min() == pytest.approx(log(SHORTEST_S))


def test_rhythm_is_that_of_the_beats_and_other_marks_do_not_count(make_recording: MakeRecording) -> None:
    at = [100, 200, 300, 350, 500, 600]  # ratios as by hand, at 100 samples for a second
    plain = make_recording(heart(800, at), at, list("NNNANN"), fs=FS)
    marks = Annotations(np.array([100, 150, 200, 300, 350, 360, 500, 600]), np.array(list("N+NNA~NN")))
    beats, marked = WindowSegmentation()(plain), WindowSegmentation()(replace(plain, annotations=marks))
    rhythm = beats.inputs["rhythm"]
    np.testing.assert_allclose(rhythm[3], [log(0.5), log(1.5), log(0.5), log(1.5)], atol=1e-6)
    np.testing.assert_array_equal(rhythm, marked.inputs["rhythm"])
    np.testing.assert_array_equal(rhythm, rr_ratios(beats.rr_before, beats.rr_after))
    assert marked.symbol.tolist() == list("NNNANN")
