"""Synthetic copies: the patient's own beats in another rhythm, with labels that fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ecg.beats.labels import AAMI_CLASSES, aami_labels
from ecg.errors import EcgError
from ecg.recordings.copies import FEWEST, synthetic_copy
from ecg.recordings.databases.sample import FOLDER, SAMPLE
from ecg.recordings.planned_rhythm import NORMAL, SHORTEST_S
from ecg.recordings.recording import Annotations, Recording
from ecg.recordings.rhythms import FIBRILLATION, rhythms_at

BEATS = "NLRejAaJSVEF/fQ"
MakeHeart = Callable[..., Recording]


def part(record: str, minutes: float) -> Recording:
    """The first minutes of a recording that ships with ecg; marks that are no beats stay."""
    whole = SAMPLE.read(FOLDER, record)
    assert whole.annotations is not None
    marks, end = whole.annotations, round(60 * minutes * whole.fs)
    kept = marks.sample < end - 100
    assert marks.note is not None
    some = Annotations(marks.sample[kept], marks.symbol[kept], marks.note[kept])
    return replace(whole, digital=whole.digital[:, :end], annotations=some)


def beats_of(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Positions and symbols of its beats."""
    marks = recording.annotations
    assert marks is not None
    beat = np.isin(marks.symbol, list(BEATS))
    return marks.sample[beat], marks.symbol[beat]


def whole_beats(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Those that a copy takes: the first and the last one are not whole."""
    sample, symbol = beats_of(recording)
    return sample[1:-1], symbol[1:-1]


def around(recording: Recording, sample: np.ndarray, reach: int) -> np.ndarray:
    """The first lead around positions, each without its own median, shape [beat, sample]."""
    windows = recording.millivolts(0)[sample[:, None] + np.arange(-reach, reach + 1)]
    return np.asarray(windows - np.median(windows, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def ectopic() -> Recording:
    """Ten minutes with normal, atrial, ventricular and fusion beats."""
    return part("200", 10)


@pytest.fixture(scope="module")
def copies(ectopic: Recording) -> list[Recording]:
    return [synthetic_copy(ectopic, number) for number in range(1, 9)]


def test_a_copy_is_of_the_same_patient_by_another_name(ectopic: Recording, copies: list[Recording]) -> None:
    for number, copy in enumerate(copies, start=1):
        assert copy.record == f"200 copy {number}"
        for name in ("patient", "database", "leads", "fs", "comments", "simulated"):
            assert getattr(copy, name) == getattr(ectopic, name)


def test_the_same_number_is_the_same_copy_and_another_number_or_seed_another_one(
    ectopic: Recording, copies: list[Recording]
) -> None:
    np.random.seed(3)  # noqa: NPY002
    again = synthetic_copy(ectopic, 1)
    np.testing.assert_array_equal(again.digital, copies[0].digital)
    for one, other in zip(beats_of(again), beats_of(copies[0]), strict=True):
        np.testing.assert_array_equal(one, other)
    different = [*copies[1:], synthetic_copy(ectopic, 1, seed=1), synthetic_copy(replace(ectopic, record="x"), 1)]
    for copy in different:
        assert beats_of(copy)[0].tolist() != beats_of(copies[0])[0].tolist()


def test_a_copy_has_as_many_beats_in_order_and_none_too_near(ectopic: Recording, copies: list[Recording]) -> None:
    n = len(whole_beats(ectopic)[0])
    for copy in copies:
        assert copy.annotations is not None
        sample = copy.annotations.sample
        assert len(sample) == n
        assert np.diff(sample).min() >= round(SHORTEST_S * copy.fs)
        assert 0 <= sample[0] < sample[-1] < copy.n_samples


def test_only_normal_beats_become_others_and_only_premature_or_fusion_beats(
    ectopic: Recording, copies: list[Recording]
) -> None:
    _, before = whole_beats(ectopic)
    became: set[str] = set()
    for copy in copies:
        _, after = beats_of(copy)
        changed = before != after
        assert set(before[changed].tolist()) <= set(NORMAL)
        became |= set(after[changed].tolist())
        np.testing.assert_array_equal(after[~np.isin(before, list(NORMAL))], before[~np.isin(before, list(NORMAL))])
        assert {AAMI_CLASSES[label] for label in aami_labels(after)} <= {"N", "S", "V", "F"}
    assert became == {"A", "F"}


def test_premature_beats_come_early(ectopic: Recording, copies: list[Recording]) -> None:
    """Against the median interval that the recording has there."""
    sample, before = whole_beats(ectopic)
    rr, early = np.diff(sample, prepend=0), []
    for copy in copies:
        moved, after = beats_of(copy)
        for k in np.flatnonzero((after == "A") & (before != "A")):
            early.append((moved[k] - moved[k - 1]) / np.median(rr[max(k - 8, 0) : k + 9]))
    assert len(early) > 50
    assert np.quantile(early, 0.9) < 0.92
    assert np.median(early) > 0.4


def test_r_peaks_lie_where_the_marks_say(ectopic: Recording, copies: list[Recording]) -> None:
    near = round(0.05 * ectopic.fs)
    for recording in (ectopic, *copies):
        sample, _ = beats_of(recording)
        place = np.abs(around(recording, sample[2:-2], 54)).argmax(axis=1) - 54
        assert (np.abs(place) <= near).mean() > 0.97


def test_every_mark_of_a_copy_has_a_beat(ectopic: Recording, copies: list[Recording]) -> None:
    usual = np.median(np.ptp(around(ectopic, whole_beats(ectopic)[0], 30), axis=1))
    for copy in copies:
        sample, _ = beats_of(copy)
        assert np.ptp(around(copy, sample, 30), axis=1).min() > 0.2 * usual


def test_a_fusion_without_a_whole_ventricular_beat_stays_what_it_was() -> None:
    """All ventricular beats lie at the recording's end, so none of their units is whole."""
    whole = part("220", 3)
    assert whole.annotations is not None
    sample, symbol = whole.annotations.sample.copy(), whole.annotations.symbol.copy()
    last = sample[-1] + 10 + 10 * np.arange(6)
    marks = Annotations(np.append(sample, last), np.append(symbol, np.full(6, "V")))
    made = [beats_of(synthetic_copy(replace(whole, annotations=marks), number))[1] for number in range(1, 30)]
    assert not any("F" in one for one in made)


def test_a_beat_keeps_its_qrs_complex(ectopic: Recording, copies: list[Recording]) -> None:
    sample, symbol = whole_beats(ectopic)
    own = around(ectopic, sample[2:-2], 14)
    for copy in copies:
        moved, label = beats_of(copy)
        other = around(copy, moved[2:-2], 14)
        alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(own, other, strict=True)]
        kept = np.isin(label, ["F"], invert=True)[2:-2]
        assert np.quantile(np.array(alike)[kept], 0.05) > 0.95
        assert np.median(np.array(alike)[(symbol == "V")[2:-2]]) > 0.99
        assert np.median(np.ptp(other, axis=1) / np.ptp(own, axis=1)) == pytest.approx(1, abs=0.03)


def test_a_fusion_beat_is_between_its_own_shape_and_a_ventricular_one(
    ectopic: Recording, copies: list[Recording]
) -> None:
    sample, symbol = whole_beats(ectopic)
    own, alike = around(ectopic, sample[2:-2], 30), []
    for copy in copies:
        moved, label = beats_of(copy)
        other = around(copy, moved[2:-2], 30)
        made = ((label == "F") & np.isin(symbol, list(NORMAL)))[2:-2]
        alike += [np.corrcoef(a, b)[0, 1] for a, b in zip(own[made], other[made], strict=True)]
    assert len(alike) > 5
    assert np.median(alike) < 0.97


def test_what_is_marked_as_fibrillation_gets_no_premature_beats() -> None:
    """Its beats look free: without the note they would be N like any other."""
    recording = part("222", 30)
    marks = recording.annotations
    assert marks is not None
    sample, symbol = whole_beats(recording)
    inside = np.isin(rhythms_at(marks, sample), FIBRILLATION)
    assert inside.sum() > 500
    unmarked = replace(recording, annotations=Annotations(marks.sample, marks.symbol))
    would = 0
    for number in range(1, 7):
        _, label = beats_of(synthetic_copy(recording, number))
        np.testing.assert_array_equal(label[inside], symbol[inside])
        would += int((beats_of(synthetic_copy(unmarked, number))[1][inside] != symbol[inside]).sum())
    assert would > 10


def test_all_leads_are_moved_together(ectopic: Recording) -> None:
    two = replace(
        ectopic,
        digital=np.concatenate([ectopic.digital, -2 * ectopic.digital]),
        gain=np.repeat(ectopic.gain, 2),
        baseline=np.concatenate([ectopic.baseline, -2 * ectopic.baseline]),
        leads=("MLII", "V5"),
    )
    agree = []
    for number in range(1, 9):
        copy = synthetic_copy(two, number)
        assert copy.digital.shape[0] == 2
        difference = np.abs(copy.millivolts(1) + 2 * copy.millivolts(0))
        agree.append(difference.max() < 1e-4)
        assert np.median(difference) < 0.15  # atrial waves have another size in each lead
    assert sum(agree) >= 2


@pytest.mark.parametrize("n", [FEWEST - 1, FEWEST])
def test_too_few_beats_are_refused(n: int) -> None:
    recording = part("119", 2)
    marks = recording.annotations
    assert marks is not None
    sample, symbol = beats_of(recording)
    few = replace(recording, annotations=Annotations(sample[:n], symbol[:n]))
    if n < FEWEST:
        with pytest.raises(EcgError, match=f"record 119: {n} beats are too few"):
            synthetic_copy(few, 1)
    else:
        assert len(beats_of(synthetic_copy(few, 1))[0]) == n - 2


def test_a_recording_without_annotations_is_refused() -> None:
    with pytest.raises(EcgError, match="119"):
        synthetic_copy(replace(part("119", 1), annotations=None), 1)


def test_pauses_are_filled_with_the_beats_own_signal(ectopic: Recording, copies: list[Recording]) -> None:
    for copy in copies:
        sample, _ = beats_of(copy)
        signal = copy.millivolts(0)[sample[1] : sample[-2]]
        places = np.flatnonzero(np.append(True, signal != 0) | np.append(signal != 0, True))
        assert np.diff(places).max() < 0.1 * ectopic.fs


def test_a_copy_can_be_read_as_any_recording(copies: list[Recording]) -> None:
    for copy in copies:
        signal = copy.millivolts(0)
        assert np.isfinite(signal).all()
        assert 0.5 < np.abs(signal).max() < 20
        assert copy.digital.dtype == np.int32
