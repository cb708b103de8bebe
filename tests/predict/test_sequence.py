"""A model of consecutive beats labels a recording of any length."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ecg.beats.rpeaks import detector
from ecg.predict.examine import examine
from ecg.predict.labelled import label_beats, segmented_beats
from ecg.predict.model import load_model
from ecg.recordings.formats import OwnRecording
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights, load_weights
from ecg.training import inference

K = 16


@pytest.fixture
def sharp(sequence_run: Path, own: OwnRecording) -> Weights:
    """The trained weights with a head whose logits differ: after one epoch all beats look much the same to it."""
    weights = load_weights(sequence_run)
    logits = in_one_window(own, weights)
    head, spread = weights.model.head, 3 / logits.std(dim=0)
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.weight.mul_(spread[:, None])
        head.bias.sub_(logits.mean(dim=0)).mul_(spread)
    return weights


@pytest.fixture
def long(own: OwnRecording) -> OwnRecording:
    """Six minutes: more beats, and more windows, than are labelled at once."""
    return replace(own, recording=replace(own.recording, digital=np.tile(own.recording.digital, 6)))


def seconds_of(own: OwnRecording, seconds: float) -> OwnRecording:
    stop = round(seconds * own.recording.fs)
    return replace(own, recording=replace(own.recording, digital=own.recording.digital[:, :stop]))


def in_one_window(own: OwnRecording, weights: Weights) -> torch.Tensor:
    """Logits of all beats of a recording, shown to the model side by side."""
    beats, _ = segmented_beats(own.recording, examine(own, detector()), weights.segmentation)
    given = {name: torch.from_numpy(beats.inputs[name])[None] for name in weights.model.inputs}
    with torch.inference_mode():
        return weights.model(given)[0]


def test_every_r_peak_has_a_row_and_a_label(sequence_run: Path, recording: Recording) -> None:
    """The last one too: the segmentation looks at no R peak behind it."""
    table = load_model(sequence_run).predict(recording)
    assert table["sample"].tolist() == detector()(recording.millivolts(0), 360).sample.tolist()
    assert set(table["label"]) <= set("NSVFQ")
    assert not table["reason"].any()
    p = table.filter(like="p_").to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert table["label"].tolist() == [list("NSVFQ")[c] for c in p.argmax(axis=1)]


def test_the_command_writes_the_same(
    sequence_run: Path, recording: Recording, folder: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    command("predict", folder / "sim001", "--weights", sequence_run, "--out", tmp_path)
    table = load_model(sequence_run).predict(recording)
    written = pd.read_csv(tmp_path / "sim001.csv")
    assert written["sample"].tolist() == table["sample"].tolist()
    assert written["label"].tolist() == table["label"].tolist()
    np.testing.assert_allclose(written.filter(like="p_"), table.filter(like="p_"), atol=1e-4)
    assert json.loads((tmp_path / "sim001.json").read_text())["weights"]["segmentation"] == "window"


@pytest.mark.parametrize("at_once", [1, 5, K, 100, 100_000])
def test_labels_do_not_depend_on_how_many_beats_are_labelled_at_once(
    at_once: int, long: OwnRecording, sharp: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = label_beats(long, sharp)
    assert len(usual) > inference.AT_ONCE
    assert len(set(usual.names)) > 2  # else equal labels would say nothing
    monkeypatch.setattr(inference, "AT_ONCE", at_once)
    found = label_beats(long, sharp)
    np.testing.assert_array_equal(found.names, usual.names)
    np.testing.assert_allclose(found.probability, usual.probability, atol=1e-4)


def test_windows_give_what_one_window_over_the_whole_recording_gives(long: OwnRecording, sharp: Weights) -> None:
    """Beats near the ends of a window are seen with their neighbours in another one."""
    np.testing.assert_allclose(label_beats(long, sharp).probability, in_one_window(long, sharp).softmax(1), atol=1e-4)


@pytest.mark.parametrize("seconds", [2.5, 6, 10])
def test_a_recording_of_fewer_beats_than_a_window_is_labelled(
    seconds: float, own: OwnRecording, sharp: Weights
) -> None:
    short = seconds_of(own, seconds)
    labelled = label_beats(short, sharp)
    assert 2 <= len(labelled) < K
    assert (labelled.label >= 0).all()
    np.testing.assert_allclose(labelled.probability, in_one_window(short, sharp).softmax(1), atol=1e-4)
    assert labelled.probability.std(axis=0).max() > 0.01


def test_a_beat_is_labelled_by_its_neighbours_too(own: OwnRecording, sharp: Weights) -> None:
    """Without the rest of the recording the first beats are as they were, and those where it stops are not."""
    whole, part = label_beats(own, sharp), label_beats(seconds_of(own, 30), sharp)
    n = len(part)
    moved = np.abs(whole.probability[:n] - part.probability).max(axis=1)
    assert moved[-1] > 10 * np.median(moved[:-4])


def test_beats_that_cannot_be_used_have_no_label_and_are_no_neighbours(own: OwnRecording, sharp: Weights) -> None:
    digital = own.recording.digital.copy()
    digital[0, 7200:9000] = 1024
    broken = replace(own, recording=replace(own.recording, digital=digital))
    labelled = label_beats(broken, sharp)
    without = labelled.label < 0
    assert 1 <= without.sum() < 12
    assert (np.abs(labelled.sample[without] - 8100) < 900 + 2 * 360).all()
    assert set(labelled.reason[without]) == {"flat"}
    assert np.isnan(labelled.probability[without]).all()
    assert np.isfinite(labelled.probability[~without]).all()
