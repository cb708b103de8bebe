"""Beats of recordings that nobody annotated, for every registered segmentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.detected import beats_at, expecting, find_beats, segmented
from ecg.beats.resampling import filled, lead_millivolts
from ecg.beats.rpeaks import detector
from ecg.beats.segmentations import (
    SEGMENTATIONS,
    KaggleSegmentation,
    PaperSegmentation,
    RecordSegmentation,
    WholeRecordings,
)
from ecg.beats.table import shapes_of
from ecg.errors import EcgError
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.ptbdb import select_ptbdb
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import INVALID_ADU, Annotations, Recording
from ecg.recordings.synthetic import write_mi

every_segmentation = pytest.mark.parametrize("name", SEGMENTATIONS)
OF_BEATS = [name for name, made in SEGMENTATIONS.items() if not isinstance(made(), WholeRecordings)]
"""Those that are given R peaks and make a row of each beat."""
every_segmentation_of_beats = pytest.mark.parametrize("name", OF_BEATS)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Two simulated patients at 1000 Hz with leads i, ii and v5, 12 s, without annotations."""
    folder = tmp_path_factory.mktemp("mi")
    write_mi(folder, patients=2, seconds=12, seed=3)
    return [record.read() for record in select_ptbdb(folder, whole=None).records]


@every_segmentation
def test_every_segmentation_makes_beats_of_a_recording_without_annotations(
    name: str, recordings: list[Recording]
) -> None:
    segmentation = SEGMENTATIONS[name]()
    for recording in recordings:
        found = find_beats(recording, segmentation, ["II"])
        assert found.problem == ""
        assert found.beats is not None
        beats = found.beats
        assert shapes_of(beats.inputs) == segmentation.shapes(1)
        assert np.isfinite(beats.signal).all()
        if name in ("kaggle", "paper"):
            assert (beats.signal.min(), beats.signal.max()) == (0, 1)
        assert set(beats.record) == {recording.record}
        assert set(beats.patient) == {recording.patient}
        assert set(beats.lead) == {"II"}
        assert set(beats.symbol) == {""}
        assert set(beats.y) == {0}


@every_segmentation_of_beats
def test_beats_lie_at_the_recordings_own_rate_near_the_detected_peaks(name: str, recordings: list[Recording]) -> None:
    recording = recordings[0]
    found = find_beats(recording, SEGMENTATIONS[name](), ["ii"])
    assert found.beats is not None
    peaks = detector()(recording.millivolts(1), recording.fs).sample
    away = np.abs(found.beats.sample[:, None] - peaks).min(axis=1)
    assert away.max() <= (150 if name == "paper" else 0)  # the paper's rule takes the top that it finds itself
    np.testing.assert_allclose(found.beats.seconds, found.beats.sample / 1000)
    rr = np.diff(peaks) / 1000
    known = found.beats.rr_after[np.isfinite(found.beats.rr_after)]
    assert np.abs(known[:, None] - rr).min(axis=1).max() < 0.009  # one sample at 128 Hz


def test_the_kaggle_segmentation_gets_every_beat_but_the_last_at_360_hz(recordings: list[Recording]) -> None:
    found = find_beats(recordings[0], KaggleSegmentation(), ["II"])
    assert found.beats is not None
    peaks = detector()(recordings[0].millivolts(1), 1000.0).sample
    np.testing.assert_array_equal(found.beats.sample, peaks[:-1])


def test_a_recording_at_the_segmentation_own_rate_is_not_touched(simulated: list[Recording]) -> None:
    """So that beats of MIT-BIH with its own annotations as peaks are those of the reference."""
    recording = simulated[0]
    marks = recording.annotations
    assert marks is not None
    peaks = marks.sample[marks.symbol != "+"]
    one = with_leads(recording, ["mlii"])
    found, place = beats_at(one, peaks, KaggleSegmentation())
    annotated, _ = segmented(one, KaggleSegmentation())
    assert set(found.lead) == {"mlii"}
    np.testing.assert_array_equal(found.sample, peaks[place])
    assert found.signal[3:-1].tobytes() == annotated.signal[3:-1].tobytes()  # the last knows what is expected


@every_segmentation_of_beats
def test_a_beat_does_not_depend_on_its_gain_or_offset(name: str, recordings: list[Recording]) -> None:
    recording = recordings[0]
    other = replace(recording, gain=recording.gain / 3, baseline=recording.baseline + 500)
    a, b = (find_beats(r, SEGMENTATIONS[name](), ["II"]).beats for r in (recording, other))
    assert a is not None
    assert b is not None
    for input_name, values in a.inputs.items():
        np.testing.assert_allclose(values, b.inputs[input_name], atol=1e-4)


def test_a_whole_recording_does_not_depend_on_its_offset_and_keeps_its_millivolts(recordings: list[Recording]) -> None:
    recording = recordings[0]
    other = replace(recording, baseline=recording.baseline + 500)
    larger = replace(other, gain=recording.gain / 3)
    a, b, c = (find_beats(r, RecordSegmentation(), ["II"]).beats for r in (recording, other, larger))
    assert a is not None
    assert b is not None
    assert c is not None
    for input_name, values in a.inputs.items():
        np.testing.assert_allclose(values, b.inputs[input_name], atol=1e-4)
    np.testing.assert_allclose(3 * a.signal, c.signal, atol=1e-4)
    np.testing.assert_array_equal(a.sample, c.sample)


def marked(recording: Recording, samples: list[int]) -> Recording:
    """With beats marked there."""
    return replace(recording, annotations=Annotations(np.array(samples), np.full(len(samples), "N")))


def test_one_mark_more_stands_where_the_next_beat_is_expected(recordings: list[Recording]) -> None:
    marks = expecting(marked(recordings[0], [1000, 2000, 3000, 11_500])).annotations
    assert marks is not None
    assert marks.symbol.tolist() == ["N", "N", "N", "N", "+"]
    assert marks.sample[-1] == 11_999  # 11,500 + 1,000 is behind the end
    for samples, expected in (([1000, 2000, 3000], 4000), ([1000, 1500, 2000, 4500], 5000)):  # after a long pause too
        marks = expecting(marked(recordings[0], samples)).annotations
        assert marks is not None
        assert marks.sample.tolist() == [*samples, expected]


def test_nothing_is_expected_after_one_mark_or_at_the_end(recordings: list[Recording]) -> None:
    for samples in ([1000], [1000, 11_999]):
        recording = marked(recordings[0], samples)
        assert expecting(recording) is recording


def test_the_last_beats_are_as_long_as_in_a_longer_recording(recordings: list[Recording]) -> None:
    """Cut after its last R peak but some, a recording still gives the beats before as the whole one does."""
    whole = recordings[0]
    peaks = detector()(whole.millivolts(1), 1000.0).sample
    cut_off = replace(whole, digital=whole.digital[:, : peaks[-3] + 700])
    long, short = (find_beats(r, KaggleSegmentation(), ["II"]).beats for r in (whole, cut_off))
    assert long is not None
    assert short is not None
    assert len(short) < len(long)
    lengths = [np.flatnonzero(b.signal[len(short) - 1, 0])[-1] for b in (long, short)]
    assert abs(lengths[0] - lengths[1]) <= 4  # of some 120 samples; 20 were missing without the mark


def test_invalid_samples_are_bridged_and_their_beats_left_out(recordings: list[Recording]) -> None:
    recording = recordings[0]
    digital = recording.digital.copy()
    digital[1, 5000:5010] = INVALID_ADU
    broken = replace(recording, digital=digital)
    signal = lead_millivolts(broken, 1)
    assert np.isnan(signal).sum() == 10
    assert np.isfinite(filled(signal)).all()
    whole, found = find_beats(recording, KaggleSegmentation(), ["II"]), find_beats(broken, KaggleSegmentation(), ["II"])
    assert whole.beats is not None
    assert found.beats is not None
    assert found.left_out == {"invalid samples": len(whole.beats) - len(found.beats)}
    assert 1 <= found.left_out["invalid samples"] <= 3
    assert not ((found.beats.sample < 5010) & (found.beats.sample + 800 > 5000)).any()


@every_segmentation
def test_a_flat_lead_gives_no_beats_and_says_so(name: str, recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1] = 7
    found = find_beats(replace(recordings[0], digital=digital), SEGMENTATIONS[name](), ["II"])
    assert found.beats is None
    assert found.problem == "lead II is flat"


def test_a_lead_disconnected_for_most_of_its_time_is_flat(recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1, 3000:] = digital[1, 3000]
    found = find_beats(replace(recordings[0], digital=digital), KaggleSegmentation(), ["II"])
    assert found.beats is None
    assert found.problem == "lead II is flat"


def test_a_recording_of_two_beats_is_too_short(recordings: list[Recording]) -> None:
    peaks = detector()(recordings[0].millivolts(1), 1000.0).sample
    short = replace(recordings[0], digital=recordings[0].digital[:, : peaks[1] + 300])
    assert find_beats(short, KaggleSegmentation(), ["II"]).problem == "lead II has too few R peaks"


def test_a_missing_lead_is_an_error_that_names_those_there(recordings: list[Recording]) -> None:
    with pytest.raises(EcgError, match=r"^record sim000: no lead V9; it has i, ii, v5$"):
        find_beats(recordings[0], KaggleSegmentation(), ["V9"])


@every_segmentation_of_beats
def test_r_peaks_are_those_of_the_first_of_several_leads(name: str, recordings: list[Recording]) -> None:
    segmentation = SEGMENTATIONS[name]()
    both, alone = (find_beats(recordings[0], segmentation, leads).beats for leads in (["V5", "II"], ["V5"]))
    assert both is not None
    assert alone is not None
    assert set(both.lead) == {"V5+II"}
    assert shapes_of(both.inputs) == segmentation.shapes(2)
    np.testing.assert_array_equal(both.sample, alone.sample)
    np.testing.assert_array_equal(both.signal[:, :1], alone.signal)


@every_segmentation_of_beats
def test_a_beat_is_used_only_where_every_lead_can_be_used(name: str, recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1, 5000:5010] = INVALID_ADU
    digital[2, 9000:9010] = INVALID_ADU
    broken = replace(recordings[0], digital=digital)
    lost = {}
    for leads in (["II"], ["V5"], ["II", "V5"]):
        found = find_beats(broken, SEGMENTATIONS[name](), leads)
        assert found.beats is not None
        assert set(found.left_out) == {"invalid samples"}
        lost[tuple(leads)] = found.left_out["invalid samples"]
        for row, gap in ((1, 5005), (2, 9005)):
            if recordings[0].leads[row].upper() in leads:
                assert not ((found.beats.sample < gap) & (found.beats.sample + 800 > gap)).any()
    if name != "paper":  # which finds other candidates in another lead
        assert lost["II", "V5"] == lost["II",] + lost["V5",]


@every_segmentation
def test_one_flat_lead_of_several_is_named(name: str, recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[2] = 7
    found = find_beats(replace(recordings[0], digital=digital), SEGMENTATIONS[name](), ["II", "V5"])
    assert (found.beats, found.problem) == (None, "lead V5 is flat")


def test_a_segmentation_that_finds_nothing_is_named_with_the_lead(recordings: list[Recording]) -> None:
    segmentation = PaperSegmentation(window_s=60)  # longer than the recording
    found = find_beats(recordings[0], segmentation, ["II"])
    assert (found.beats, found.problem) == (None, "the paper segmentation finds no beat in lead II")


def test_no_beat_that_can_be_used_is_said_with_the_reasons(recordings: list[Recording]) -> None:
    digital = recordings[0].digital.copy()
    digital[1, ::500] = INVALID_ADU
    found = find_beats(replace(recordings[0], digital=digital), KaggleSegmentation(), ["II"])
    assert (found.beats, found.problem) == (None, "no beat of lead II can be used")
    assert found.left_out["invalid samples"] > 5


def test_a_segmented_recording_without_a_beat_has_no_places(recordings: list[Recording]) -> None:
    recording = with_leads(marked(recordings[0], [1000, 2000]), ["II"])
    beats, place = segmented(recording, PaperSegmentation(window_s=60))
    assert (len(beats), len(place)) == (0, 0)
    assert shapes_of(beats.inputs) == PaperSegmentation().shapes(1)


def test_a_mark_that_is_no_beat_has_a_place_too(recordings: list[Recording]) -> None:
    """Places count all annotations, so that a caller finds the mark of a beat."""
    recording = with_leads(marked(recordings[0], [1000, 1500, 2000, 3000, 4000]), ["II"])
    assert recording.annotations is not None
    symbols = np.array(["N", "+", "V", "N", "N"])
    recording = replace(recording, annotations=Annotations(recording.annotations.sample, symbols))
    beats, place = segmented(recording, KaggleSegmentation())
    assert place.tolist() == [0, 2, 3]
    assert beats.sample.tolist() == [1000, 2000, 3000]
    assert beats.symbol.tolist() == ["N", "V", "N"]


@pytest.mark.real
def test_detected_beats_of_mit_bih_look_as_the_annotated_ones(ecg_data: Path) -> None:
    """The detector's R peaks stand where the cardiologists' stand, so that a source model sees what it knows."""
    for record in ("100", "113", "122"):
        recording = MITDB.read(ecg_data / "mitdb", record)
        reference = KaggleSegmentation()(with_leads(recording, ["MLII"]))
        found = find_beats(recording, KaggleSegmentation(), ["MLII"])
        assert found.beats is not None
        away = np.abs(found.beats.sample[:, None] - reference.sample).min(axis=1)
        assert np.mean(away <= 1) > 0.97
        assert abs(len(found.beats) - len(reference)) <= 0.01 * len(reference)
