"""Every cut keeps the contract of cuts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace

import numpy as np
import pytest

from ecg.beats.cuts import CUTS
from ecg.beats.labels import AAMI_CLASSES, AAMI_SYMBOLS
from ecg.beats.table import Beats
from ecg.config.compose import compose
from ecg.data import ArrhythmiaDataModule, MIDataModule
from ecg.errors import EcgError
from ecg.recordings.recording import Annotations, Recording

CLASS_OF = {symbol: AAMI_CLASSES.index(name) for name, symbols in AAMI_SYMBOLS.items() for symbol in symbols}


@dataclass(frozen=True)
class Expected:
    """What a cut is known to give.

    Attributes:
        fs: sampling rate of its beats in Hz.
        length: samples per beat.
        share: least share of the annotated beats of a clean recording.
        by_lead_name: whether it refuses a recording that lacks its leads.
        recording_fs: rate in Hz that a recording must have; None: any.
    """

    fs: float
    length: int
    share: float
    by_lead_name: bool
    recording_fs: float | None


EXPECTED = {
    "kaggle": Expected(fs=120, length=187, share=0.95, by_lead_name=False, recording_fs=360.0),
    "paper": Expected(fs=125, length=187, share=0.1, by_lead_name=True, recording_fs=None),
}
every_cut = pytest.mark.parametrize("name", CUTS)


def reference(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Samples and symbols of the annotated beats."""
    marks = recording.annotations
    assert marks is not None
    is_beat = np.isin(marks.symbol, list(CLASS_OF))
    return marks.sample[is_beat], marks.symbol[is_beat]


def test_every_cut_has_a_row_of_expectations() -> None:
    assert set(EXPECTED) == set(CUTS), "add the new cut to EXPECTED"


@every_cut
@pytest.mark.parametrize("module", [ArrhythmiaDataModule, MIDataModule])
def test_every_cut_can_be_chosen_by_its_name(name: str, module: type[ArrhythmiaDataModule | MIDataModule]) -> None:
    built = module(cut=name)  # type: ignore[arg-type]
    assert type(built.cut) is CUTS[name]
    assert built.cut.name == name


@pytest.mark.parametrize("dataset", ["arrhythmia", "mi"])
def test_a_cut_that_does_not_exist_is_answered_with_those_that_do(dataset: str) -> None:
    with pytest.raises(EcgError, match=rf"^dataset\.cut=papr: choose one of {', '.join(CUTS)}$"):
        compose(f"dataset={dataset}", "dataset.cut=papr")
    module = {"arrhythmia": ArrhythmiaDataModule, "mi": MIDataModule}[dataset]
    with pytest.raises(EcgError, match=rf"^cut=papr: choose one of {', '.join(CUTS)}$"):
        module(cut="papr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("threshold=1", r"threshold=1: must be from 0 \(not included\) to 1 \(not included\)"),
        ("rate=5", "rate=5: must be from 20 to 1000"),
        ("window_s=1", "window_s=1: must be from 2 to 600"),
        ("beat_rr=0", r"beat_rr=0: must be from 0 \(not included\) to 5"),
    ],
)
def test_a_setting_of_a_cut_out_of_range_is_answered_with_its_key(typed: str, said: str) -> None:
    with pytest.raises(EcgError, match=rf"^dataset\.paper\.{said}$"):
        compose("dataset.cut=paper", f"dataset.paper.{typed}").data()


@every_cut
def test_rate_and_length_of_a_cut(name: str) -> None:
    cut = CUTS[name]()
    assert (cut.fs, cut.length) == (EXPECTED[name].fs, EXPECTED[name].length)
    assert cut.version >= 1


@every_cut
def test_a_cut_says_which_rate_a_recording_must_have(name: str, simulated: list[Recording]) -> None:
    cut, recording = CUTS[name](), replace(simulated[0], fs=500.0)
    assert cut.recording_fs == EXPECTED[name].recording_fs
    if cut.recording_fs is None:
        assert cut(recording).x.shape[1:] == (1, cut.length)
    else:
        with pytest.raises(EcgError, match=rf"sim000.*{cut.recording_fs:g} Hz.*500 Hz"):
            cut(recording)


@every_cut
def test_a_cut_is_a_frozen_dataclass(name: str) -> None:
    cut = CUTS[name]()
    assert is_dataclass(cut)
    assert hash(cut) == hash(CUTS[name]())
    with pytest.raises(FrozenInstanceError):
        cut.rate = 1  # type: ignore[misc, union-attr]


@every_cut
def test_beats_are_float32_from_0_to_1(name: str, simulated: list[Recording]) -> None:
    cut = CUTS[name]()
    for recording in simulated:
        beats = cut(recording)
        assert beats.x.shape == (len(beats), 1, cut.length)
        assert beats.x.dtype == np.float32
        assert beats.x.min() >= 0
        assert beats.x.max() <= 1
        assert len(beats) >= EXPECTED[name].share * len(reference(recording)[0])


@every_cut
def test_each_beat_is_at_an_annotation_and_has_its_class(name: str, simulated: list[Recording]) -> None:
    for recording in simulated:
        beats = CUTS[name]()(recording)
        sample, symbol = reference(recording)
        away = np.abs(beats.sample[:, None] - sample[None, :])
        nearest = away.argmin(axis=1)
        assert away.min(axis=1).max() <= 0.15 * recording.fs
        assert beats.symbol.tolist() == symbol[nearest].tolist()
        assert beats.y.tolist() == [CLASS_OF[s] for s in symbol[nearest]]


@every_cut
def test_rr_intervals_are_those_of_the_annotations_in_seconds(name: str, simulated: list[Recording]) -> None:
    for recording in simulated:
        beats = CUTS[name]()(recording)
        sample, _ = reference(recording)
        nearest = np.abs(beats.sample[:, None] - sample[None, :]).argmin(axis=1)
        for i, k in enumerate(nearest):
            if k > 0:
                assert beats.rr_before[i] == pytest.approx((sample[k] - sample[k - 1]) / 360, abs=1e-5)
            else:
                assert np.isnan(beats.rr_before[i])
            if k < len(sample) - 1:
                assert beats.rr_after[i] == pytest.approx((sample[k + 1] - sample[k]) / 360, abs=1e-5)


@every_cut
def test_each_beat_knows_where_it_comes_from(name: str, simulated: list[Recording]) -> None:
    recording = simulated[0]
    beats = CUTS[name]()(recording)
    assert set(beats.record) == {recording.record}
    assert set(beats.patient) == {recording.patient}
    assert set(beats.lead) == {"MLII"}
    np.testing.assert_allclose(beats.seconds, beats.sample / recording.fs)
    assert np.all(np.diff(beats.sample) > 0)


@every_cut
def test_a_cut_gives_the_same_beats_each_time(name: str, simulated: list[Recording]) -> None:
    first, second = CUTS[name]()(simulated[1]), CUTS[name]()(simulated[1])
    for field in fields(Beats):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


@every_cut
def test_a_cut_leaves_the_recording_as_it_is(name: str, simulated: list[Recording]) -> None:
    recording = simulated[0]
    before = recording.digital.copy()
    CUTS[name]()(recording)
    np.testing.assert_array_equal(recording.digital, before)


@every_cut
def test_a_record_without_annotations_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    with pytest.raises(EcgError, match="sim000 has no annotations"):
        CUTS[name]()(replace(simulated[0], annotations=None))


@every_cut
def test_a_record_whose_annotations_mark_no_beat_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    rhythm_only = Annotations(np.array([10, 20]), np.array(["+", "~"]))
    with pytest.raises(EcgError, match=r"sim000.*no beats"):
        CUTS[name]()(replace(simulated[0], annotations=rhythm_only))


@every_cut
def test_a_record_without_the_leads_that_a_cut_needs_is_refused_by_name(name: str, simulated: list[Recording]) -> None:
    other = replace(simulated[0], leads=("V1", "V6"))
    if EXPECTED[name].by_lead_name:
        with pytest.raises(EcgError, match=r"sim000.*MLII.*it has V1, V6"):
            CUTS[name]()(other)
    else:
        assert set(CUTS[name]()(other).lead) == {"V1"}
