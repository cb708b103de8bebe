"""The paper segmentation does what the paper describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ecg.beats.segmentations import PaperSegmentation
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording

MakeRecording = Callable[..., Recording]


def spikes(n: int, at: list[int], height: int = 1000) -> np.ndarray:
    """Triangles of 9 samples on a flat line."""
    signal = np.zeros(n, dtype=np.int64)
    for peak in at:
        signal[peak - 4 : peak + 5] = np.maximum(signal[peak - 4 : peak + 5], height * np.bartlett(11)[1:-1])
    return signal


def test_paper_segmentation_starts_each_beat_at_its_peak_and_ends_it_after_1_2_median_rr(
    make_recording: MakeRecording,
) -> None:
    at = [60 + 100 * k for k in range(12)]  # 0.8 s apart at 125 Hz
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125)
    beats = PaperSegmentation()(recording)
    assert beats.sample.tolist() == at
    np.testing.assert_array_equal(beats.signal[:, 0, 0], 1)
    for beat in beats.signal[:-1, 0]:
        assert beat[100] == pytest.approx(1)  # the next R peak is inside 1.2 RR
        assert not beat[120:].any()  # and nothing after it


def test_paper_segmentation_ends_the_last_beat_with_its_window(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    signal = spikes(2500, at) + 50
    beats = PaperSegmentation()(make_recording(signal, at, ["N"] * 12, fs=125))
    assert beats.sample[-1] == 1160
    assert not beats.signal[-1, 0, 1250 - 1160 :].any()


def test_paper_segmentation_finds_the_peaks_of_another_sampling_rate(make_recording: MakeRecording) -> None:
    at = [300 + 280 * k for k in range(12)]
    beats = PaperSegmentation()(make_recording(spikes(3600, at), at, ["N"] * 12, fs=360))
    assert len(beats) > 6  # the filter makes some peaks lower than 0.9
    assert all(min(abs(s - a) for a in at) <= 3 for s in beats.sample)


def test_paper_segmentation_misses_beats_far_below_the_tallest(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    signal = spikes(1250, at[::2]) + spikes(1250, at[1::2], height=800)
    beats = PaperSegmentation()(make_recording(signal, at, ["N"] * 12, fs=125))
    assert beats.sample.tolist() == at[::2]


def test_paper_segmentation_drops_a_candidate_more_than_150_ms_from_every_annotation(
    make_recording: MakeRecording,
) -> None:
    at = [60 + 100 * k for k in range(12)]
    marked = [a + 18 if k != 3 else a + 20 for k, a in enumerate(at)]  # 18 samples are 144 ms, 20 are 160 ms
    beats = PaperSegmentation()(make_recording(spikes(1250, at), marked, ["N"] * 12, fs=125))
    assert beats.sample.tolist() == at[:3] + at[4:]


def test_paper_segmentation_takes_its_lead_by_name(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125, leads=("mlii", "V5"))
    turned = replace(recording, digital=recording.digital[::-1], leads=("V5", "MLII"))
    for each in (recording, turned):
        beats = PaperSegmentation()(with_leads(each, PaperSegmentation.leads))
        assert set(beats.lead) == {"MLII"}
        assert len(beats) == 12


def test_paper_segmentation_takes_v5_where_there_is_no_mlii(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125, leads=("V5", "V2"))
    beats = PaperSegmentation()(with_leads(recording, PaperSegmentation.leads))
    assert set(beats.lead) == {"V5"}
    assert len(beats) == 12


def test_paper_segmentation_finds_its_peaks_in_the_first_lead_and_scales_every_lead_by_its_own_window(
    make_recording: MakeRecording,
) -> None:
    at = [60 + 100 * k for k in range(12)]
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125, leads=("MLII", "V5"))
    late = spikes(1250, [peak + 20 for peak in at], height=300)
    recording = replace(recording, digital=np.stack([recording.digital[0], late.astype(np.int32)]))
    beats = PaperSegmentation()(recording)
    assert beats.sample.tolist() == at
    assert beats.signal.shape == (12, 2, 187)
    np.testing.assert_array_equal(beats.signal[:, 0].argmax(axis=1), 0)
    np.testing.assert_array_equal(beats.signal[:, 1, 20], 1)  # 0.16 s after the R peak, as high as the other


def test_settings_of_the_paper_segmentation_change_what_it_does(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    signal = spikes(1250, at[::2]) + spikes(1250, at[1::2], height=800)
    recording = make_recording(signal, at, ["N"] * 12, fs=125)
    assert PaperSegmentation(threshold=0.7)(recording).sample.tolist() == at
    short = PaperSegmentation(beat_rr=0.3)(recording).signal[:, 0]
    assert not short[:, 60:].any()  # 0.3 of 200 samples


@pytest.mark.parametrize("signal", [np.zeros(1250), np.arange(1250), spikes(1250, [600]), spikes(500, [100, 200])])
def test_paper_segmentation_gives_no_beats_where_its_detector_finds_no_two(
    make_recording: MakeRecording, signal: np.ndarray
) -> None:
    beats = PaperSegmentation()(make_recording(signal, [100], ["N"], fs=125))
    assert beats.signal.shape == (0, 1, 187)
