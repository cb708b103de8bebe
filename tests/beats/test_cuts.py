"""Every cut keeps the contract of cuts; the kaggle and paper rules do what their descriptions say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.cuts import CUTS, KaggleCut, PaperCut
from ecg.beats.cuts.paper import nearest_index
from ecg.beats.labels import AAMI_CLASSES, AAMI_SYMBOLS
from ecg.beats.table import Beats
from ecg.config.dataset import ArrhythmiaConfig
from ecg.errors import EcgError
from ecg.recordings.recording import Annotations, Recording

CLASS_OF = {symbol: AAMI_CLASSES.index(name) for name, symbols in AAMI_SYMBOLS.items() for symbol in symbols}
MakeRecording = Callable[..., Recording]


@dataclass(frozen=True)
class Expected:
    """What a cut is known to give.

    Attributes:
        fs: sampling rate of its beats in Hz.
        length: samples per beat.
        share: least share of the annotated beats of a clean recording.
        by_lead_name: whether it refuses a recording that lacks its leads.
    """

    fs: float
    length: int
    share: float
    by_lead_name: bool


EXPECTED = {
    "kaggle": Expected(fs=120, length=187, share=0.95, by_lead_name=False),
    "paper": Expected(fs=125, length=187, share=0.1, by_lead_name=True),
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
def test_every_cut_can_be_chosen_and_built_by_its_name(name: str) -> None:
    built = ArrhythmiaConfig(cut=name).build_cut()
    assert type(built) is CUTS[name]
    assert built.name == name


def test_the_config_refuses_a_cut_that_does_not_exist_and_names_those_that_do() -> None:
    with pytest.raises(EcgError, match=rf"dataset\.cut=papr.*{'.*'.join(CUTS)}"):
        ArrhythmiaConfig(cut="papr")


@every_cut
def test_rate_and_length_of_a_cut(name: str) -> None:
    cut = CUTS[name]()
    assert (cut.fs, cut.length) == (EXPECTED[name].fs, EXPECTED[name].length)
    assert cut.version >= 1


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


def kaggle_rows(signal: list[int], marks: list[tuple[int, str]]) -> list[list[float]]:
    """The rule of the Kaggle files in plain Python, beat by beat."""
    rows = []
    for k in [k for k, (_, symbol) in enumerate(marks) if symbol in CLASS_OF][:-1]:
        here, following = marks[k][0], marks[k + 1][0]
        after_that = marks[k + 2][0] if k + 2 < len(marks) else following
        end = min(following + int(0.2 * (after_that - following)), len(signal))
        values = [signal[t] for t in range(here, end, 3)]
        low, high = min(values, default=0), max(values, default=0)
        scaled = [(v - low) / (high - low) if high > low else 0.0 for v in values]
        rows.append((scaled + [0.0] * 187)[:187])
    return rows


@settings(deadline=None, max_examples=80)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 900), st.sampled_from("NNLVAFQ/f+~|")), min_size=2, max_size=12),
    seed=st.integers(0, 1000),
    height=st.sampled_from([0, 3, 900]),
)
def test_kaggle_cut_equals_the_rule_written_out(
    make_recording: MakeRecording, gaps: list[tuple[int, str]], seed: int, height: int
) -> None:
    marks, at = [], 5
    for gap, symbol in gaps:
        at += gap
        marks.append((at, symbol))
    signal = np.random.default_rng(seed).integers(0, height + 1, size=at + 1)
    recording = make_recording(signal, [s for s, _ in marks], [s for _, s in marks])
    if sum(symbol in CLASS_OF for _, symbol in marks) < 2:
        with pytest.raises(EcgError, match="x"):
            KaggleCut()(recording)
        return
    rows = kaggle_rows(signal.tolist(), marks)
    beats = KaggleCut()(recording)
    assert len(beats) == len(rows)
    np.testing.assert_array_equal(beats.x[:, 0], np.array(rows, dtype=np.float32))


def test_two_annotations_on_one_sample_give_an_empty_beat_and_keep_the_others(make_recording: MakeRecording) -> None:
    signal = np.random.default_rng(0).integers(0, 2000, 2000)
    beats = KaggleCut()(make_recording(signal, [300, 300, 300, 700, 1100], list("NVNNN")))
    assert beats.sample.tolist() == [300, 300, 300, 700]
    assert not beats.x[0].any()  # from 300 to 300 + 0.2 (300 - 300): nothing
    assert beats.x[2].any()


def test_a_mark_that_is_no_beat_ends_the_beat_before_it(make_recording: MakeRecording) -> None:
    signal = np.random.default_rng(0).integers(0, 2000, 2000)
    plain = KaggleCut()(make_recording(signal, [100, 500, 900, 1300], list("NNNN")))
    marked = KaggleCut()(make_recording(signal, [100, 200, 500, 900, 1300], list("N~NNN")))
    assert marked.sample.tolist() == plain.sample.tolist()
    ends = [np.flatnonzero(beats.x[0, 0]).max() for beats in (plain, marked)]
    assert ends[0] == pytest.approx((400 + 80) / 3, abs=2)
    assert ends[1] == pytest.approx((100 + 60) / 3, abs=2)


def test_kaggle_cut_drops_the_last_beat_of_a_record_also_when_a_mark_follows_it(make_recording: MakeRecording) -> None:
    beats = KaggleCut()(make_recording(np.arange(2000), [100, 500, 900, 950], list("NVF+")))
    assert beats.symbol.tolist() == ["N", "V"]


def test_kaggle_cut_takes_the_first_signal_whatever_its_name(make_recording: MakeRecording) -> None:
    beats = KaggleCut()(make_recording(np.arange(2000) % 97, [100, 500, 900], list("NNN"), leads=("V5", "MLII")))
    assert set(beats.lead) == {"V5"}
    assert beats.x.any()


def test_kaggle_cut_refuses_another_sampling_rate(make_recording: MakeRecording) -> None:
    with pytest.raises(EcgError, match=r"x.*360 Hz.*250 Hz.*dataset\.cut=paper"):
        KaggleCut()(make_recording(np.arange(2000), [100, 500], list("NN"), fs=250))


def spikes(n: int, at: list[int], height: int = 1000) -> np.ndarray:
    """Triangles of 9 samples on a flat line."""
    signal = np.zeros(n, dtype=np.int64)
    for peak in at:
        signal[peak - 4 : peak + 5] = np.maximum(signal[peak - 4 : peak + 5], height * np.bartlett(11)[1:-1])
    return signal


def test_paper_cut_starts_each_beat_at_its_peak_and_ends_it_after_1_2_median_rr(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]  # 0.8 s apart at 125 Hz
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125)
    beats = PaperCut()(recording)
    assert beats.sample.tolist() == at
    np.testing.assert_array_equal(beats.x[:, 0, 0], 1)
    for beat in beats.x[:-1, 0]:
        assert beat[100] == pytest.approx(1)  # the next R peak is inside 1.2 RR
        assert not beat[120:].any()  # and nothing after it


def test_paper_cut_ends_the_last_beat_with_its_window(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    signal = spikes(2500, at) + 50
    beats = PaperCut()(make_recording(signal, at, ["N"] * 12, fs=125))
    assert beats.sample[-1] == 1160
    assert not beats.x[-1, 0, 1250 - 1160 :].any()


def test_paper_cut_finds_the_peaks_of_another_sampling_rate(make_recording: MakeRecording) -> None:
    at = [300 + 280 * k for k in range(12)]
    beats = PaperCut()(make_recording(spikes(3600, at), at, ["N"] * 12, fs=360))
    assert len(beats) > 6  # the filter makes some peaks lower than 0.9
    assert all(min(abs(s - a) for a in at) <= 3 for s in beats.sample)


def test_paper_cut_misses_beats_far_below_the_tallest(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    signal = spikes(1250, at[::2]) + spikes(1250, at[1::2], height=800)
    beats = PaperCut()(make_recording(signal, at, ["N"] * 12, fs=125))
    assert beats.sample.tolist() == at[::2]


def test_paper_cut_drops_a_candidate_more_than_150_ms_from_every_annotation(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    marked = [a + 18 if k != 3 else a + 20 for k, a in enumerate(at)]  # 18 samples are 144 ms, 20 are 160 ms
    beats = PaperCut()(make_recording(spikes(1250, at), marked, ["N"] * 12, fs=125))
    assert beats.sample.tolist() == at[:3] + at[4:]


def test_paper_cut_takes_its_lead_by_name(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125, leads=("mlii", "V5"))
    turned = replace(recording, digital=recording.digital[::-1], leads=("V5", "MLII"))
    for each in (recording, turned):
        beats = PaperCut()(each)
        assert set(np.char.lower(beats.lead)) == {"mlii"}
        assert len(beats) == 12


def test_paper_cut_takes_v5_where_there_is_no_mlii(make_recording: MakeRecording) -> None:
    at = [60 + 100 * k for k in range(12)]
    recording = make_recording(spikes(1250, at), at, ["N"] * 12, fs=125, leads=("V5", "V2"))
    assert set(PaperCut()(recording).lead) == {"V5"}


@pytest.mark.parametrize("signal", [np.zeros(1250), np.arange(1250), spikes(1250, [600]), spikes(500, [100, 200])])
def test_paper_cut_gives_no_beats_where_its_detector_finds_no_two(
    make_recording: MakeRecording, signal: np.ndarray
) -> None:
    beats = PaperCut()(make_recording(signal, [100], ["N"], fs=125))
    assert beats.x.shape == (0, 1, 187)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=20, unique=True).map(sorted),
    st.lists(st.integers(-100, 1100), max_size=20),
)
def test_nearest_index_is_nearest(known: list[int], samples: list[int]) -> None:
    found = nearest_index(np.array(known), np.array(samples, dtype=np.int64))
    assert [abs(known[k] - s) for k, s in zip(found, samples, strict=True)] == [
        min(abs(k - s) for k in known) for s in samples
    ]
