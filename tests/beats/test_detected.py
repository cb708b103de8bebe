"""Beats of recordings that nobody annotated, for every registered cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.cuts import CUTS, KaggleCut
from ecg.beats.detected import INVALID_ADU, annotated, expecting, filled, find_beats, lead_millivolts
from ecg.beats.detector import detect_r_peaks
from ecg.beats.rpeaks import resample
from ecg.errors import EcgError
from ecg.recordings.physionet import read_mitdb
from ecg.recordings.ptbdb import select_ptbdb
from ecg.recordings.recording import Recording
from ecg.recordings.synthetic import write_mi

every_cut = pytest.mark.parametrize("name", CUTS)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Two simulated patients at 1000 Hz with leads i, ii and v5, 12 s, without annotations."""
    folder = tmp_path_factory.mktemp("mi")
    write_mi(folder, patients=2, seconds=12, seed=3)
    return [record.read() for record in select_ptbdb(folder, whole=None).records]


@every_cut
def test_every_cut_makes_beats_of_a_recording_without_annotations(name: str, recordings: list[Recording]) -> None:
    cut = CUTS[name]()
    for recording in recordings:
        found = find_beats(recording, cut, "II")
        assert found.problem == ""
        assert found.beats is not None
        beats = found.beats
        assert beats.x.shape == (len(beats), 1, cut.length)
        assert (beats.x.min(), beats.x.max()) == (0, 1)
        assert set(beats.record) == {recording.record}
        assert set(beats.patient) == {recording.patient}
        assert set(beats.lead) == {"II"}
        assert set(beats.symbol) == {""}
        assert set(beats.y) == {0}


@every_cut
def test_beats_lie_at_the_recordings_own_rate_near_the_detected_peaks(name: str, recordings: list[Recording]) -> None:
    recording = recordings[0]
    found = find_beats(recording, CUTS[name](), "ii")
    assert found.beats is not None
    peaks = detect_r_peaks(recording.millivolts(1), recording.fs)
    away = np.abs(found.beats.sample[:, None] - peaks).min(axis=1)
    assert away.max() <= (0 if name == "kaggle" else 150)  # the paper's rule takes the top that it finds itself
    np.testing.assert_allclose(found.beats.seconds, found.beats.sample / 1000)
    rr = np.diff(peaks) / 1000
    known = found.beats.rr_after[np.isfinite(found.beats.rr_after)]
    assert np.abs(known[:, None] - rr).min(axis=1).max() < 0.004  # one sample at 360 Hz


def test_the_kaggle_cut_gets_every_beat_but_the_last_at_360_hz(recordings: list[Recording]) -> None:
    found = find_beats(recordings[0], KaggleCut(), "II")
    assert found.beats is not None
    peaks = detect_r_peaks(recordings[0].millivolts(1), 1000.0)
    np.testing.assert_array_equal(found.beats.sample, peaks[:-1])


def test_a_recording_at_the_cuts_own_rate_is_not_touched(simulated: list[Recording]) -> None:
    """So that beats of MIT-BIH with its own annotations as peaks are those of the reference."""
    recording = simulated[0]
    marks = recording.annotations
    assert marks is not None
    peaks = marks.sample[marks.symbol != "+"]
    one = annotated(recording, "mlii", peaks, 360.0)
    np.testing.assert_array_equal(one.digital[0], recording.digital[0])
    assert one.leads == ("mlii",)
    assert KaggleCut()(one).x[3:].tobytes() == KaggleCut()(recording).x[3:].tobytes()


def test_resampling_keeps_the_amplitude_to_a_microvolt(recordings: list[Recording]) -> None:
    recording = recordings[0]
    one = annotated(recording, "II", np.array([1000, 2000]), 360.0)
    expected = resample(recording.millivolts(1), 1000.0, 360.0)
    np.testing.assert_allclose(one.millivolts(0), expected, atol=1e-3 * 1e-3)
    assert one.annotations is not None
    assert one.annotations.sample.tolist() == [360, 720]
    assert one.fs == 360


def test_a_huge_signal_does_not_overflow(recordings: list[Recording]) -> None:
    loud = replace(recordings[0], gain=np.full(3, 1e-3))
    one = annotated(loud, "II", np.array([1000, 2000]), 360.0)
    expected = resample(loud.millivolts(1), 1000.0, 360.0)
    np.testing.assert_allclose(one.millivolts(0), expected, rtol=1e-5, atol=np.abs(expected).max() * 1e-6)


def test_a_beat_does_not_depend_on_its_gain_or_offset(recordings: list[Recording]) -> None:
    recording = recordings[0]
    other = replace(recording, gain=recording.gain / 3, baseline=recording.baseline + 500)
    a, b = (find_beats(r, KaggleCut(), "II").beats for r in (recording, other))
    assert a is not None
    assert b is not None
    np.testing.assert_allclose(a.x, b.x, atol=1e-5)


def test_one_mark_more_stands_where_the_next_beat_is_expected(recordings: list[Recording]) -> None:
    one = annotated(recordings[0], "II", np.array([1000, 2000, 3000, 11_500]), None)
    marks = expecting(one).annotations
    assert marks is not None
    assert marks.symbol.tolist() == ["N", "N", "N", "N", "+"]
    assert marks.sample[-1] == 11_999  # 11,500 + 1,000 is behind the end
    short = annotated(recordings[0], "II", np.array([1000, 2000, 3000]), None)
    marks = expecting(short).annotations
    assert marks is not None
    assert marks.sample[-1] == 4000


def test_the_last_beats_are_as_long_as_in_a_longer_recording(recordings: list[Recording]) -> None:
    """Cut after its last R peak but some, a recording still gives the beats before as the whole one does."""
    whole = recordings[0]
    peaks = detect_r_peaks(whole.millivolts(1), 1000.0)
    cut_off = replace(whole, digital=whole.digital[:, : peaks[-3] + 700])
    long, short = (find_beats(r, KaggleCut(), "II").beats for r in (whole, cut_off))
    assert long is not None
    assert short is not None
    assert len(short) < len(long)
    lengths = [np.flatnonzero(b.x[len(short) - 1, 0])[-1] for b in (long, short)]
    assert abs(lengths[0] - lengths[1]) <= 4  # of some 120 samples; 20 were missing without the mark


def test_invalid_samples_are_bridged_and_their_beats_left_out(recordings: list[Recording]) -> None:
    recording = recordings[0]
    digital = recording.digital.copy()
    digital[1, 5000:5010] = INVALID_ADU
    broken = replace(recording, digital=digital)
    signal = lead_millivolts(broken, 1)
    assert np.isnan(signal).sum() == 10
    assert np.isfinite(filled(signal)).all()
    whole, found = find_beats(recording, KaggleCut(), "II"), find_beats(broken, KaggleCut(), "II")
    assert whole.beats is not None
    assert found.beats is not None
    assert found.left_out == {"invalid samples": len(whole.beats) - len(found.beats)}
    assert 1 <= found.left_out["invalid samples"] <= 3
    assert not ((found.beats.sample < 5010) & (found.beats.sample + 800 > 5000)).any()


@every_cut
def test_a_flat_lead_gives_no_beats_and_says_so(name: str, recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1] = 7
    found = find_beats(replace(recordings[0], digital=digital), CUTS[name](), "II")
    assert found.beats is None
    assert found.problem == "lead II is flat"


def test_a_lead_disconnected_for_most_of_its_time_is_flat(recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1, 3000:] = digital[1, 3000]
    found = find_beats(replace(recordings[0], digital=digital), KaggleCut(), "II")
    assert found.beats is None
    assert found.problem == "lead II is flat"


def test_a_recording_of_two_beats_is_too_short(recordings: list[Recording]) -> None:
    peaks = detect_r_peaks(recordings[0].millivolts(1), 1000.0)
    short = replace(recordings[0], digital=recordings[0].digital[:, : peaks[1] + 300])
    assert find_beats(short, KaggleCut(), "II").problem == "lead II has too few R peaks"


def test_a_missing_lead_is_an_error_that_names_those_there(recordings: list[Recording]) -> None:
    with pytest.raises(EcgError, match="no lead 'V9'; it has i, ii, v5"):
        find_beats(recordings[0], KaggleCut(), "V9")


@pytest.mark.real
def test_detected_beats_of_mit_bih_look_as_the_annotated_ones(ecg_data: Path) -> None:
    """The detector's R peaks stand where the cardiologists' stand, so that a source model sees what it knows."""
    for recording in read_mitdb(ecg_data / "mitdb", ["100", "113", "122"]):
        reference = KaggleCut()(recording)
        found = find_beats(recording, KaggleCut(), "MLII")
        assert found.beats is not None
        away = np.abs(found.beats.sample[:, None] - reference.sample).min(axis=1)
        assert np.mean(away <= 1) > 0.97
        assert abs(len(found.beats) - len(reference)) <= 0.01 * len(reference)
