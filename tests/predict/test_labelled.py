"""The same heart gives the same labels: from any file, at any rate, in batches or one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg.beats.resampling import resample
from ecg.beats.rpeaks import detector
from ecg.beats.segmentations import SEGMENTATIONS, WholeRecordings, make_segmentation
from ecg.errors import EcgError
from ecg.predict import examine as examining
from ecg.predict.examine import examine
from ecg.predict.labelled import LAST_BEAT, label_beats, segmented_beats
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights

from .conftest import LEADS, write_csv, write_edf


def read(path: Path, **asked: object) -> OwnRecording:
    return read_own(find_inputs([path])[0], Asked(preferred=LEADS, **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["edf", "csv", "npy", "npz"])
def test_labels_do_not_depend_on_the_file(
    form: str, own: OwnRecording, recording: Recording, weights: Weights, tmp_path: Path
) -> None:
    lead, other = recording.millivolts(0), recording.millivolts(1)
    if form == "edf":
        copy = read(write_edf(tmp_path / "x.edf", recording))
    elif form == "csv":
        copy = read(write_csv(tmp_path / "x.csv", recording))
    elif form == "npy":
        np.save(tmp_path / "x.npy", lead)
        copy = read(tmp_path / "x.npy", fs=360)
    else:
        np.savez(tmp_path / "x.npz", signal=np.stack([other, lead]), fs=360, leads=["V5", "MLII"])
        copy = read(tmp_path / "x.npz")
    expected, found = label_beats(own, weights), label_beats(copy, weights)
    assert len(expected) > 40
    assert len(set(expected.names)) > 2  # else equal labels would say nothing
    np.testing.assert_array_equal(found.sample, expected.sample)
    np.testing.assert_array_equal(found.names, expected.names)
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-4)


def test_another_sampling_rate_gives_the_same_beats(own: OwnRecording, weights: Weights) -> None:
    fs = 500.0
    signal = resample(own.recording.millivolts(0), 360, fs)
    digital = np.rint(signal * 1e4).astype(np.int32)[None]
    faster = replace(own.recording, digital=digital, gain=np.array([1e4]), baseline=np.zeros(1, np.int32), fs=fs)
    expected, found = label_beats(own, weights), label_beats(replace(own, recording=faster), weights)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.seconds, expected.seconds, atol=0.02)
    assert (found.names == expected.names).mean() > 0.8


def test_batches_equal_one_beat_at_a_time_by_the_rule_written_out(own: OwnRecording, weights: Weights) -> None:
    labelled = label_beats(own, weights)
    signal, peaks = own.recording.digital[0].astype(float), labelled.sample.tolist()
    expected = min(int(peaks[-1] + np.median(np.diff(peaks))), len(signal) - 1)  # the R peak after the last one
    for k in range(len(peaks) - 1):
        here, following, after = (*peaks, expected)[k : k + 3]
        piece = signal[here : following + int(0.2 * (after - following)) : 3]
        row = np.zeros((1, 1, 187), dtype=np.float32)
        scaled = (piece - piece.min()) / (piece.max() - piece.min())
        row[0, 0, : min(len(piece), 187)] = scaled[:187]
        with torch.no_grad():
            p = weights.model(torch.from_numpy(row)).softmax(1).numpy()[0]
        np.testing.assert_allclose(labelled.probability[k], p, atol=1e-5)
        assert labelled.label[k] == p.argmax()


def test_every_r_peak_is_listed_and_the_last_one_has_no_label(own: OwnRecording, weights: Weights) -> None:
    labelled = label_beats(own, weights)
    np.testing.assert_array_equal(labelled.sample, detector()(own.recording.millivolts(0), 360).sample)
    assert labelled.names[-1] == "-"
    assert labelled.reason[-1] == LAST_BEAT
    assert (labelled.label[:-1] >= 0).all()
    np.testing.assert_allclose(labelled.rr_s[1:], np.diff(labelled.sample) / 360)


def test_beats_beside_a_gap_have_no_label_and_rr_does_not_cross_it(
    recording: Recording, weights: Weights, tmp_path: Path
) -> None:
    lead = recording.millivolts(0).copy()
    lead[360 * 20 : 360 * 25] = np.nan
    own = read(write_csv(tmp_path / "x.csv", recording, lead))
    assert own.gaps.tolist() == [[7200, 9000]]
    labelled = label_beats(own, weights)
    inside = (labelled.sample >= 7200) & (labelled.sample < 9000)
    assert not inside.any()
    before, after = np.flatnonzero(labelled.sample < 7200)[-1], np.flatnonzero(labelled.sample >= 9000)[0]
    assert labelled.names[[before, after]].tolist() == ["-", "-"]
    assert set(labelled.reason[[before, after]]) == {"invalid samples"}
    assert np.isnan(labelled.rr_s[after])
    assert (labelled.label[: before - 1] >= 0).all()
    assert (labelled.label[after + 2 : -1] >= 0).all()


def test_a_disconnected_stretch_is_no_signal_either(own: OwnRecording, weights: Weights) -> None:
    digital = own.recording.digital.copy()
    digital[0, 5000:8000] = 1024
    labelled = label_beats(replace(own, recording=replace(own.recording, digital=digital)), weights)
    touching = (labelled.sample > 5000) & (labelled.sample < 8000)
    assert (labelled.label[touching] == -1).all()
    assert "flat" in labelled.reason


def test_pieces_find_the_same_r_peaks(own: OwnRecording, monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(own.recording, digital=np.tile(own.recording.digital, 6))
    whole = examine(replace(own, recording=long), detector())
    monkeypatch.setattr(examining, "PIECE_S", 60.0)
    pieces = examine(replace(own, recording=long), detector())
    assert abs(len(pieces.peaks) - len(whole.peaks)) <= 2
    near = np.abs(pieces.peaks[:, None] - whole.peaks[None]).min(axis=1)
    assert (near <= 2).mean() > 0.99
    assert (np.diff(pieces.peaks) > 0.1 * 360).all()


def test_any_segmentation_of_beats_gives_each_beat_its_own_r_peak(own: OwnRecording) -> None:
    examined = examine(own, detector())
    for segmentation in (one for one in map(make_segmentation, SEGMENTATIONS) if not isinstance(one, WholeRecordings)):
        beats, place = segmented_beats(own.recording, examined, segmentation)
        assert len(beats) == len(place) > 10
        assert len(set(place.tolist())) == len(place)
        assert np.abs(beats.sample - examined.peaks[place]).max() <= 0.15 * 360


def constant(own: OwnRecording, value: float) -> OwnRecording:
    return replace(own, recording=replace(own.recording, digital=np.full_like(own.recording.digital, value)))


def test_signals_without_beats_are_named(own: OwnRecording, weights: Weights) -> None:
    with pytest.raises(EcgError, match=r"sim001: lead MLII is constant over its 60\.0 s"):
        label_beats(constant(own, 3), weights)
    noise = np.random.default_rng(0).integers(-2, 3, own.recording.digital.shape).astype(np.int32)
    with pytest.raises(EcgError, match=r"keeps within 0\.05 mV.*: flat"):
        label_beats(replace(own, recording=replace(own.recording, digital=noise)), weights)
    slow = replace(own.recording, fs=50.0)
    with pytest.raises(EcgError, match="50 samples a second"):
        label_beats(replace(own, recording=slow), weights)


def test_a_second_and_one_beat_are_too_short(own: OwnRecording, weights: Weights) -> None:
    one = replace(own.recording, digital=own.recording.digital[:, :300])
    with pytest.raises(EcgError, match=r"shows (no R peak|one R peak only) in 0\.8 s"):
        label_beats(replace(own, recording=one), weights)
    beat = np.random.default_rng(0).normal(1024, 1, (1, 720))
    beat[0, 340:381] += 200 * np.bartlett(41)
    beat = np.rint(beat).astype(np.int32)
    with pytest.raises(EcgError, match=r"shows one R peak only in 2\.0 s"):
        label_beats(replace(own, recording=replace(own.recording, digital=beat)), weights)
