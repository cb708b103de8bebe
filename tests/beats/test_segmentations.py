"""Every segmentation keeps the contract of segmentations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, is_dataclass, replace

import numpy as np
import pytest

from ecg.beats.detected import segmented
from ecg.beats.labels import AAMI_CLASSES, AAMI_SYMBOLS
from ecg.beats.peaks import nearest_index
from ecg.beats.resampling import at_rate
from ecg.beats.segmentations import SEGMENTATIONS, Segmentation, WholeRecordings
from ecg.beats.table import Beats, shapes_of
from ecg.errors import EcgError
from ecg.recordings.leads import TWELVE, with_leads
from ecg.recordings.recording import Annotations, Recording

CLASS_OF = {symbol: AAMI_CLASSES.index(name) for name, symbols in AAMI_SYMBOLS.items() for symbol in symbols}


@dataclass(frozen=True)
class Expected:
    """What a segmentation is known to give.

    Attributes:
        fs: sampling rate of its beats in Hz.
        shapes: of each input of one beat of one lead.
        share: least share of the annotated beats of a clean recording.
        whole: whether it gives one row for a recording instead, whatever its annotations and its rate.
        leads: those that it takes where nobody names any.
        lacking: whether it refuses a recording of V1 and V6.
        recording_fs: rate in Hz that a recording must have; None: any.
        r_peak_s: seconds from a window's first sample to its R peak.
        lowest, highest: of the signal.
        given: whether its R peaks are the annotations, not found by itself.
        alone: how many of two leads, from the first on, are as they are alone.
    """

    fs: float
    shapes: Mapping[str, tuple[int, ...]]
    share: float
    leads: tuple[str, ...]
    lacking: bool
    recording_fs: float | None
    r_peak_s: float = 0.0
    lowest: float = 0.0
    highest: float = 1.0
    given: bool = True
    alone: int = 2
    whole: bool = False


EXPECTED = {
    "kaggle": Expected(120, {"signal": (1, 187)}, 0.95, ("first",), False, 360.0),
    "paper": Expected(125, {"signal": (1, 187)}, 0.1, ("MLII|II|V5",), True, None, given=False, alone=1),
    "window": Expected(
        128, {"signal": (1, 102), "rhythm": (4,)}, 1.0, ("MLII|II|first",), False, 128.0, 38 / 128, -6, 6
    ),
    "context": Expected(
        128,
        {"signal": (1, 176), "template": (2, 176), "rhythm": (40,), "shape": (55,)},
        1.0,
        ("MLII|II|first",),
        False,
        128.0,
        80 / 128,
        -6,
        6,
        alone=1,
    ),
    "record": Expected(
        250,
        {"signal": (1, 190), "measures": (1, 27), "global": (2,)},
        0,
        TWELVE,
        True,
        None,
        0.2,
        -6,
        6,
        given=False,
        alone=0,
        whole=True,
    ),
}
every_segmentation = pytest.mark.parametrize("name", SEGMENTATIONS)
OF_BEATS = [name for name, made in SEGMENTATIONS.items() if not isinstance(made(), WholeRecordings)]
"""Those that take annotations and give a row for each beat."""
every_segmentation_of_beats = pytest.mark.parametrize("name", OF_BEATS)


def reference(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Samples and symbols of the annotated beats."""
    marks = recording.annotations
    assert marks is not None
    is_beat = np.isin(marks.symbol, list(CLASS_OF))
    return marks.sample[is_beat], marks.symbol[is_beat]


def usual_leads(name: str) -> tuple[str, ...]:
    """Those that a segmentation takes where nobody names any; one that takes all twelve has one here."""
    leads: tuple[str, ...] = SEGMENTATIONS[name]().leads
    return ("MLII",) if leads == TWELVE else leads


def fitting(name: str, recording: Recording, leads: tuple[str, ...] | None = None) -> Recording:
    """The recording with the leads, and at the rate, that a segmentation takes."""
    segmentation: Segmentation = SEGMENTATIONS[name]()
    return at_rate(with_leads(recording, leads or usual_leads(name)), segmentation.recording_fs)


def beats_of(name: str, recording: Recording) -> Beats:
    """Beats as a data module makes them."""
    segmentation: Segmentation = SEGMENTATIONS[name]()
    return segmented(with_leads(recording, usual_leads(name)), segmentation)[0]


def assert_same(first: Beats, second: Beats) -> None:
    for have, wanted in ((first.columns, second.columns), (first.inputs, second.inputs)):
        assert have.keys() == wanted.keys()
        for key, values in wanted.items():
            np.testing.assert_array_equal(have[key], values, err_msg=key)


def test_every_segmentation_has_a_row_of_expectations() -> None:
    assert set(EXPECTED) == set(SEGMENTATIONS), "add the new segmentation to EXPECTED"


@every_segmentation
def test_what_a_segmentation_says_of_itself(name: str) -> None:
    segmentation, expected = SEGMENTATIONS[name](), EXPECTED[name]
    assert segmentation.name == name
    assert isinstance(segmentation, Segmentation)
    assert isinstance(segmentation, WholeRecordings) == expected.whole
    assert segmentation.version >= 1
    assert (segmentation.fs, segmentation.recording_fs) == (expected.fs, expected.recording_fs)
    assert (segmentation.leads, segmentation.r_peak_s) == (expected.leads, expected.r_peak_s)
    assert segmentation.shapes(1) == expected.shapes
    of_all = ("rhythm", "global")
    of_leads = {one: (3 * first, *rest) for one, (first, *rest) in expected.shapes.items() if one not in of_all}
    assert segmentation.shapes(3) == {**expected.shapes, **of_leads}


@every_segmentation
def test_a_segmentation_refuses_a_recording_of_another_rate_unless_it_takes_any(
    name: str, simulated: list[Recording]
) -> None:
    segmentation, recording = SEGMENTATIONS[name](), replace(fitting(name, simulated[0]), fs=600.0)
    if segmentation.recording_fs is None or EXPECTED[name].whole:
        assert shapes_of(segmentation(recording).inputs) == segmentation.shapes(1)
    else:
        with pytest.raises(EcgError, match=rf"sim000.*{segmentation.recording_fs:g} Hz.*600 Hz"):
            segmentation(recording)


@every_segmentation
def test_a_segmentation_is_a_frozen_dataclass(name: str) -> None:
    segmentation = SEGMENTATIONS[name]()
    assert is_dataclass(segmentation)
    assert hash(segmentation) == hash(SEGMENTATIONS[name]())
    with pytest.raises(FrozenInstanceError):
        segmentation.rate = 1  # type: ignore[misc, union-attr]


@every_segmentation
def test_inputs_are_finite_float32_of_the_shapes_that_were_told(name: str, simulated: list[Recording]) -> None:
    segmentation, expected = SEGMENTATIONS[name](), EXPECTED[name]
    for recording in simulated:
        beats = segmentation(fitting(name, recording))
        assert shapes_of(beats.inputs) == segmentation.shapes(1)
        for values in beats.inputs.values():
            assert values.dtype == np.float32
            assert np.isfinite(values).all()
        assert beats.signal.min() >= expected.lowest
        assert beats.signal.max() <= expected.highest
        assert len(beats) == 1 if expected.whole else len(beats) >= expected.share * len(reference(recording)[0])


@every_segmentation_of_beats
def test_each_beat_is_at_an_annotation_and_has_its_class(name: str, simulated: list[Recording]) -> None:
    for recording in simulated:
        beats = beats_of(name, recording)
        sample, symbol = reference(recording)
        nearest = nearest_index(sample, beats.sample)
        away = np.abs(beats.sample - sample[nearest])
        assert away.max() <= (0 if EXPECTED[name].given else 0.15 * recording.fs)
        assert beats.symbol.tolist() == symbol[nearest].tolist()
        assert beats.y.tolist() == [CLASS_OF[s] for s in symbol[nearest]]


@every_segmentation_of_beats
def test_the_signal_is_the_recording_around_the_r_peak(name: str, simulated: list[Recording]) -> None:
    """The lead's own samples from `r_peak_s` before the R peak on look like the window, whatever its scale."""
    segmentation = SEGMENTATIONS[name]()
    recording = with_leads(simulated[0], segmentation.leads)
    beats = beats_of(name, recording)
    before, step = round(segmentation.r_peak_s * 360), 360 / segmentation.fs
    alike = []
    for beat, at in zip(beats.signal[2:-2, 0], beats.sample[2:-2], strict=True):
        there = recording.digital[0, at - before : at + 108].astype(np.float64)  # to 0.3 s after it
        expected = np.interp(np.arange(0, len(there) - 1, step), np.arange(len(there)), there)
        alike.append(np.corrcoef(expected, beat[: len(expected)])[0, 1])
    assert np.median(alike) > 0.95


@every_segmentation_of_beats
def test_rr_intervals_are_those_of_the_annotations_in_seconds(name: str, simulated: list[Recording]) -> None:
    exact = EXPECTED[name].recording_fs in (None, 360)
    for recording in simulated:
        beats = beats_of(name, recording)
        sample, _ = reference(recording)
        for i, k in enumerate(nearest_index(sample, beats.sample)):
            tolerance = 1e-5 if exact else 1 / EXPECTED[name].fs
            if k > 0:
                assert beats.rr_before[i] == pytest.approx((sample[k] - sample[k - 1]) / 360, abs=tolerance)
            else:
                assert np.isnan(beats.rr_before[i])
            if k < len(sample) - 1:
                assert beats.rr_after[i] == pytest.approx((sample[k + 1] - sample[k]) / 360, abs=tolerance)
            else:
                assert np.isnan(beats.rr_after[i])


@every_segmentation
def test_each_beat_knows_where_it_comes_from(name: str, simulated: list[Recording]) -> None:
    recording = replace(simulated[0], database="mitdb")
    beats = beats_of(name, recording)
    assert set(beats.record) == {recording.record}
    assert set(beats.patient) == {recording.patient}
    assert set(beats.database) == {"mitdb"}
    assert set(beats.lead) == {"MLII"}
    np.testing.assert_allclose(beats.seconds, beats.sample / recording.fs)
    assert np.all(np.diff(beats.sample) > 0)


@every_segmentation
def test_a_segmentation_gives_the_same_beats_each_time(name: str, simulated: list[Recording]) -> None:
    assert_same(beats_of(name, simulated[1]), beats_of(name, simulated[1]))


@every_segmentation
def test_a_segmentation_leaves_the_recording_as_it_is(name: str, simulated: list[Recording]) -> None:
    recording = fitting(name, simulated[0])
    before = recording.digital.copy()
    SEGMENTATIONS[name]()(recording)
    np.testing.assert_array_equal(recording.digital, before)


@every_segmentation
def test_several_leads_are_several_rows_each_as_it_is_alone(name: str, simulated: list[Recording]) -> None:
    """Where the first lead says where the beats are, its own are."""
    segmentation, leads = SEGMENTATIONS[name](), ("V5", "MLII")
    both = segmentation(fitting(name, simulated[0], leads))
    assert shapes_of(both.inputs) == segmentation.shapes(2)
    assert set(both.lead) == {"V5+MLII"}
    for row, lead in enumerate(leads[: EXPECTED[name].alone]):
        alone = segmentation(fitting(name, simulated[0], (lead,)))
        assert alone.signal.any()
        own = {one: values[:, row::2] for one, values in both.inputs.items() if values.ndim == 3}
        own |= {one: np.split(values, 2, axis=1)[row] for one, values in both.inputs.items() if one == "shape"}
        rows = replace(both, inputs={**both.inputs, **own}, lead=alone.lead)
        assert_same(rows, alone)
    assert not np.array_equal(both.signal[:, 0], both.signal[:, 1])


@every_segmentation_of_beats
def test_a_record_without_annotations_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    with pytest.raises(EcgError, match="sim000 has no annotations"):
        SEGMENTATIONS[name]()(replace(fitting(name, simulated[0]), annotations=None))


@every_segmentation_of_beats
def test_a_record_whose_annotations_mark_no_beat_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    rhythm_only = Annotations(np.array([10, 20]), np.array(["+", "~"]))
    with pytest.raises(EcgError, match=r"sim000.*no beats"):
        SEGMENTATIONS[name]()(replace(fitting(name, simulated[0]), annotations=rhythm_only))


@every_segmentation_of_beats
def test_a_record_whose_beats_are_of_no_aami_class_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    blocks = Annotations(np.array([500, 900, 1300]), np.array(["B", "+", "B"]))
    with pytest.raises(EcgError, match=r"^record sim000: none of its annotations \(\+, B\) marks a beat of an AAMI"):
        SEGMENTATIONS[name]()(replace(fitting(name, simulated[0]), annotations=blocks))
    with pytest.raises(EcgError, match=r"^record sim000: "):
        beats_of(name, replace(simulated[0], annotations=blocks))


@every_segmentation
def test_a_record_without_the_leads_that_a_segmentation_takes_is_refused_by_name(
    name: str, simulated: list[Recording]
) -> None:
    other, segmentation = replace(simulated[0], leads=("V1", "V6")), SEGMENTATIONS[name]()
    if EXPECTED[name].lacking:
        first = segmentation.leads[0].partition("|")[0]
        with pytest.raises(EcgError, match=rf"sim000.* {first}\b.*it has V1, V6"):
            segmented(with_leads(other, segmentation.leads), segmentation)
    else:
        assert set(beats_of(name, other).lead) == {"V1"}


@every_segmentation_of_beats
def test_an_annotated_recording_of_another_rate_is_segmented_with_its_own_times(
    name: str, simulated: list[Recording]
) -> None:
    for original in simulated:
        recording = at_rate(original, 250.0)
        segmentation = SEGMENTATIONS[name]()
        beats, place = segmented(with_leads(recording, segmentation.leads), segmentation)
        marks = recording.annotations
        assert marks is not None
        assert shapes_of(beats.inputs) == segmentation.shapes(1)
        np.testing.assert_array_equal(place, nearest_index(marks.sample, beats.sample))
        np.testing.assert_array_equal(beats.seconds, beats.sample / 250)
        assert beats.symbol.tolist() == marks.symbol[place].tolist()
        away = np.abs(beats.sample - marks.sample[place])
        assert away.max() <= (0 if EXPECTED[name].given else 0.15 * 250)
        assert len(beats) >= EXPECTED[name].share * len(reference(recording)[0])
        if EXPECTED[name].given:  # and they look as those of the recording at its first rate
            first = beats_of(name, original)
            assert len(first) == len(beats)
            assert np.abs(first.signal - beats.signal).mean() < 0.02 * np.ptp(first.signal)
