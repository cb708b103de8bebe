"""The legend names the marks that a recording has, and no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecg.beats.quality import HIDDEN
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.legend import legend
from ecg.predict.scores import BeatList, Compared, compare
from ecg.predict.strip import make_strip
from ecg.predict.summary import summary
from ecg.predict.trust import trust
from ecg.recordings.formats import OwnRecording
from ecg.runs.weights import Weights


def of(labelled: Labelled, weights: Weights, compared: Compared | None = None, **said: object) -> dict[str, str]:
    """Meaning of each mark by its text and kind."""
    content = summary(labelled, trust(weights), None, ()) | said
    marks = legend(labelled, content, make_strip(labelled), compared)
    return {mark.text or mark.meaning.partition(" (")[0]: mark.meaning for mark in marks}


def two_classes(own: OwnRecording, weights: Weights) -> Labelled:
    """All N, but for one V; all sure."""
    labelled = label_beats(own, weights)
    label = np.zeros(len(labelled), dtype=np.int64)
    label[3] = 2
    probability = np.where(np.arange(5) == label[:, None], 1.0, 0.0).astype(np.float32)
    return replace(labelled, label=label, probability=probability, reason=np.full(len(label), ""))


def test_only_what_is_there_is_named(own: OwnRecording, weights: Weights) -> None:
    assert list(of(two_classes(own, weights), weights)) == ["N", "V"]


def test_missed_false_and_other_beats_of_the_reference_are_counted(own: OwnRecording, weights: Weights) -> None:
    labelled = two_classes(own, weights)
    sample, none = labelled.sample, np.zeros((0, 2), dtype=np.int64)
    wrong = np.where(np.arange(len(sample)) == 5, 1, labelled.label)
    reference = BeatList(np.append(sample[2:], sample[-1] + 360), np.append(wrong[2:], 0), none)
    compared = compare("x", reference, BeatList(sample, labelled.label, none), 360)
    found = of(labelled, weights, compared)
    assert found["\u00d7"] == "false: the reference has no beat here (2)"
    assert found["N?"] == "missed: a beat of the reference that was not found (1)"
    assert found["N"] == "the reference says something else (1)"


def test_shaded_stretches_are_named_with_their_share(own: OwnRecording, weights: Weights) -> None:
    labelled = two_classes(own, weights)
    noisy = np.arange(own.recording.n_samples) < own.recording.n_samples // 4
    seen = replace(labelled.examined, unusable={HIDDEN: noisy})
    atrial = {"stretches_s": [[0.0, 30.0]], "share_of_time": 0.5}
    found = of(replace(labelled, examined=seen), weights, atrial_fibrillation=atrial)
    assert any(text.startswith("no ECG visible") and "25.00 % of the time" in text for text in found.values())
    assert "atrial fibrillation or flutter (50.0 % of the time)" in found.values()
