"""One row per recording: in millivolts at any rate, and few words where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.detected import FoundBeats, find_beats
from ecg.beats.segmentations import KaggleSegmentation, RecordSegmentation, WholeRecordings, make_segmentation
from ecg.beats.segmentations.record import voting
from ecg.beats.table import Beats
from ecg.beats.waves import MEASURES
from ecg.data import ArrhythmiaDataModule
from ecg.errors import EcgError
from ecg.recordings.databases.ludb import LUDB
from ecg.recordings.databases.ptbdb import select_ptbdb
from ecg.recordings.databases.ptbxl import select_ptbxl
from ecg.recordings.leads import TWELVE, with_leads
from ecg.recordings.recording import INVALID_ADU, Recording

Signal = npt.NDArray[np.float64]
WAVES = (
    (-0.16, 0.02, (0.10, 0.14, 0.05, 0.05, 0.06, 0.06, 0.05, 0.05)),
    (-0.03, 0.008, (-0.08, -0.06, 0.0, 0.0, 0.0, -0.05, -0.1, -0.1)),
    (0.0, 0.011, (0.7, 1.0, 0.3, 0.5, 0.8, 1.4, 1.2, 0.9)),
    (0.032, 0.009, (-0.1, -0.1, -1.0, -1.1, -0.8, -0.4, -0.2, -0.1)),
    (0.28, 0.045, (0.2, 0.3, -0.1, 0.3, 0.4, 0.35, 0.3, 0.2)),
)
"""Place (s), width (s) and heights (mV in I, II, V1 to V6) of P, Q, R, S and T, each a bell."""
FIRST_S, RR_S = 0.6, 0.8
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
R, Q_WIDTH = ([one.name for one in MEASURES].index(name) for name in ("r", "q-duration"))


def eight_leads(fs: float, seconds: float, rr: float = RR_S) -> Signal:
    time = np.arange(round(seconds * fs)) / fs
    signal = np.random.default_rng(0).normal(0, 0.002, (8, len(time)))
    for at in np.arange(FIRST_S, seconds, rr):
        for place, width, heights in WAVES:
            signal += np.array(heights)[:, None] * np.exp(-0.5 * ((time - at - place) / width) ** 2)
    return signal


def recorded(
    fs: float = 500.0, seconds: float = 10.0, *, gain: float = 2000.0, factor: float = 1.0, rr: float = RR_S
) -> Recording:
    """The eight leads that follow from no others, with a little noise."""
    return Recording(
        record="x",
        patient="p",
        digital=np.rint(factor * gain * eight_leads(fs, seconds, rr)).astype(np.int32) + 7,
        gain=np.full(8, gain),
        baseline=np.full(8, 7, dtype=np.int32),
        fs=fs,
        leads=EIGHT,
        database="mine",
    )


def found(recording: Recording, leads: Sequence[str] = TWELVE, **settings: Any) -> FoundBeats:
    return find_beats(recording, RecordSegmentation(**settings), leads)


def inputs(recording: Recording, leads: Sequence[str] = TWELVE, **settings: float) -> dict[str, Signal]:
    """What a model would see of the recording, without the axis of beats."""
    one = found(recording, leads, **settings)
    assert one.problem == ""
    assert one.beats is not None
    assert len(one.beats) == 1
    return {name: values[0].astype(np.float64) for name, values in one.beats.inputs.items()}


@pytest.fixture(scope="module")
def usual() -> dict[str, Signal]:
    return inputs(recorded())


def test_a_recording_is_one_row_of_three_inputs(usual: dict[str, Signal]) -> None:
    assert {name: values.shape for name, values in usual.items()} == RecordSegmentation().shapes(12)
    assert RecordSegmentation().shapes(12) == {"signal": (12, 190), "measures": (12, 27), "global": (25,)}
    assert RecordSegmentation().shapes(2) == {"signal": (2, 190), "measures": (2, 27), "global": (2,)}
    assert isinstance(make_segmentation("record"), RecordSegmentation)
    assert isinstance(RecordSegmentation(), WholeRecordings)
    assert not isinstance(KaggleSegmentation(), WholeRecordings)


def test_the_row_says_whose_it_is_and_where_its_first_beat_is() -> None:
    beats = found(recorded()).beats
    assert beats is not None
    assert {name: column.tolist() for name, column in beats.columns.items() if column.dtype.kind == "U"} == {
        "record": ["x"], "patient": ["p"], "database": ["mine"], "lead": ["+".join(TWELVE)], "symbol": [""]
    }  # fmt: skip
    assert beats.seconds[0] == pytest.approx(FIRST_S, abs=0.03)
    assert beats.sample[0] == round(500 * beats.seconds[0])
    assert beats.rr_before[0] == beats.rr_after[0] == pytest.approx(RR_S, abs=0.002)


def test_amplitudes_are_millivolts(usual: dict[str, Signal]) -> None:
    heights = np.array(WAVES[2][2])
    own = [0, 1, *range(6, 12)]
    np.testing.assert_allclose(usual["signal"][own].max(axis=1)[[0, 1, 5, 6, 7]], heights[[0, 1, 5, 6, 7]], rtol=0.06)
    np.testing.assert_allclose(0.5 * np.sinh(usual["measures"][own, R]), heights, rtol=0.06)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_larger_heart_gives_larger_numbers(usual: dict[str, Signal], factor: float) -> None:
    other = inputs(recorded(factor=factor))
    np.testing.assert_allclose(other["signal"], factor * usual["signal"], atol=0.003)
    np.testing.assert_allclose(np.sinh(other["measures"][:, R]), factor * np.sinh(usual["measures"][:, R]), rtol=0.01)


def test_the_gain_of_a_converter_leaves_millivolts_as_they_are(usual: dict[str, Signal]) -> None:
    other = inputs(recorded(gain=20_000.0))
    np.testing.assert_allclose(other["signal"], usual["signal"], atol=0.002)
    np.testing.assert_allclose(other["measures"][:, R], usual["measures"][:, R], atol=0.005)
    assert np.abs(other["measures"] - usual["measures"]).mean() < 0.005


@pytest.mark.parametrize("fs", [250.0, 360.0, 1000.0])
def test_another_rate_gives_nearly_the_same(usual: dict[str, Signal], fs: float) -> None:
    other = inputs(recorded(fs))
    np.testing.assert_allclose(other["signal"], usual["signal"], atol=0.06)
    wide = other["measures"][:, Q_WIDTH], usual["measures"][:, Q_WIDTH]
    with_q = [0, 1, 10, 11]  # elsewhere there is none but noise
    np.testing.assert_allclose(wide[0][with_q], wide[1][with_q], atol=0.2)
    rest = [np.delete(one["measures"], Q_WIDTH, 1) for one in (other, usual)]
    np.testing.assert_allclose(rest[0], rest[1], atol=0.2)
    np.testing.assert_allclose(other["global"], usual["global"], atol=0.05)
    assert np.abs(other["measures"] - usual["measures"]).mean() < 0.02


def test_a_rate_too_low_for_q_waves_is_refused() -> None:
    one = found(recorded(100.0))
    assert (one.beats, one.problem) == (None, "sampled at 100 Hz, below 250 Hz")
    with pytest.raises(EcgError, match=r"^record x: sampled at 100 Hz, below 250 Hz$"):
        RecordSegmentation()(recorded(100.0))


@pytest.mark.parametrize(
    ("recording", "problem"),
    [
        (recorded(seconds=2.5), "fewer than 3 whole beats"),
        (recorded(seconds=0.9), "fewer than 3 beats"),
        (recorded(seconds=3, rr=1.3), "fewer than 3 beats"),
        (replace(recorded(), digital=np.full((8, 5000), 7, dtype=np.int32)), "lead I is flat"),
        (replace(recorded(), digital=np.full((8, 5000), INVALID_ADU, dtype=np.int32)), "lead I has invalid samples"),
    ],
    ids=["three beats of which one is cut off", "too short", "two beats", "flat", "invalid"],
)
def test_a_recording_that_cannot_be_used_is_refused_in_few_words(recording: Recording, problem: str) -> None:
    one = found(recording)
    assert (one.beats, one.problem, one.left_out) == (None, problem, {})


def test_one_flat_lead_of_twelve_is_named() -> None:
    flat = recorded()
    flat.digital[4] = 7
    assert found(flat).problem == "lead V3 is flat"
    assert found(flat, ("I", "II", "V6")).problem == ""


def test_swapped_arm_electrodes_are_refused() -> None:
    recording = recorded()
    one, two = recording.digital[0].copy() - 7, recording.digital[1].copy() - 7
    recording.digital[0], recording.digital[1] = 7 - one, 7 + two - one
    assert found(recording).problem == "lead I is upside down, as where the arm electrodes are swapped"


def test_derived_leads_are_measured_as_recorded_ones(usual: dict[str, Signal]) -> None:
    whole = with_leads(recorded(), TWELVE)
    other = inputs(whole)
    for name, values in usual.items():
        np.testing.assert_allclose(other[name], values, atol=1e-6)
    assert whole.leads == TWELVE


def test_fewer_leads_give_the_same_rows_of_those_leads(usual: dict[str, Signal]) -> None:
    other = inputs(recorded(), EIGHT)
    rows = [TWELVE.index(name) for name in EIGHT]
    assert other["global"].shape == (2,)
    np.testing.assert_allclose(other["signal"].max(axis=1), usual["signal"][rows].max(axis=1), rtol=0.02, atol=0.01)
    np.testing.assert_allclose(other["measures"][:, R], usual["measures"][rows, R], rtol=0.02, atol=0.01)
    np.testing.assert_allclose(other["global"], usual["global"][:2], atol=0.1)


def test_beats_are_found_in_leads_that_follow_from_no_others() -> None:
    assert voting(TWELVE).tolist() == [0, 1, *range(6, 12)]
    assert voting(["avf", "v1", "III"]).tolist() == [1]
    assert voting(["III", "aVF"]).tolist() == [0, 1]


def test_twelve_leads_must_be_the_standard_ones() -> None:
    whole = with_leads(recorded(), TWELVE)
    other = replace(whole, leads=(*TWELVE[:11], "V7"))
    assert found(other, other.leads).problem.startswith("twelve leads are I, II, III, aVR")
    assert found(replace(whole, leads=tuple(name.lower() for name in TWELVE))).problem == ""


def test_what_comes_behind_the_first_seconds_is_not_used(usual: dict[str, Signal]) -> None:
    short, noise = recorded(), np.random.default_rng(0).integers(-9000, 9000, (8, 2000), dtype=np.int32)
    longer = replace(short, digital=np.concatenate([short.digital, noise], axis=1))
    for name, values in inputs(longer).items():
        np.testing.assert_array_equal(values, usual[name])
    assert not np.allclose(inputs(recorded(seconds=14), seconds=14)["measures"], usual["measures"], atol=1e-9)
    with pytest.raises(EcgError, match="seconds=2: must be from 3"):
        RecordSegmentation(seconds=2)


def test_a_few_invalid_samples_are_bridged(usual: dict[str, Signal]) -> None:
    recording = recorded()
    recording.digital[3, 2100:2180] = INVALID_ADU
    np.testing.assert_allclose(inputs(recording)["signal"], usual["signal"], atol=0.03)


def test_annotated_beats_have_no_such_rows() -> None:
    with pytest.raises(EcgError, match=r"segmentation=record: gives one row for a whole recording.*dataset=mi"):
        ArrhythmiaDataModule(source="synthetic", segmentation="record")


@pytest.mark.real
def test_nearly_every_real_recording_gives_a_row_of_finite_numbers(ecg_data: Path) -> None:
    ptb = [one.read() for one in select_ptbdb(ecg_data / "ptbdb").records[:12]]
    xl = [one.read() for one in select_ptbxl(ecg_data / "ptb-xl", min_likelihood=0).records[:12]]
    ludb = [LUDB.read(ecg_data / "ludb", name) for name in LUDB.there(ecg_data / "ludb")[:12]]
    for database in (ptb, xl, ludb):
        rows = [one.beats for one in map(found, database) if one.beats is not None]
        assert len(rows) >= 11
        for beats in rows:
            assert all(np.isfinite(values).all() for values in beats.inputs.values())
        heights = np.concatenate([0.5 * np.sinh(beats.inputs["measures"][0, 6:, R]) for beats in rows])
        assert 0.2 < np.median(heights) < 1.5  # millivolts, whatever the database
        assert 0.08 < np.median([0.1 * np.sinh(beats.inputs["global"][0, 0]) for beats in rows]) < 0.13


# views: the same recording with its QRS borders moved by chance


def views(n: int, recording: Recording | None = None, leads: Sequence[str] = ("II",)) -> Beats:
    beats = found(recording or recorded(), leads, views=n).beats
    assert beats is not None
    return beats


def test_the_first_view_is_as_found_and_more_begin_with_the_same(usual: dict[str, Signal]) -> None:
    few, many = views(3, leads=TWELVE), views(6, leads=TWELVE)
    assert (len(few), len(many)) == (3, 6)
    for name, values in usual.items():
        np.testing.assert_array_equal(few.inputs[name][0], values.astype(np.float32))
        np.testing.assert_array_equal(few.inputs[name], many.inputs[name][:3])
    for column in few.columns.values():
        assert (column == column[0]).all()


def test_other_views_have_other_borders_and_the_same_beat_above_another_level() -> None:
    made = views(40)
    width = 0.1 * np.sinh(made.inputs["global"][:, 0].astype(np.float64))
    assert np.std(width[1:]) == pytest.approx(0.006 * np.sqrt(2), rel=0.35)  # both borders, 6 ms each
    moved = made.signal - made.signal[0]
    np.testing.assert_allclose(moved, moved[:, :, :1] + np.zeros_like(moved), atol=1e-5)
    assert len(np.unique(made.inputs["measures"][:, 0, R])) > 5


def test_views_depend_on_the_record_alone() -> None:
    other = replace(recorded(), record="y")
    np.testing.assert_array_equal(views(5).inputs["measures"], views(5).inputs["measures"])
    assert (views(5).inputs["measures"][1:] != views(5, other).inputs["measures"][1:]).any()
    np.testing.assert_array_equal(views(5).inputs["measures"][0], views(5, other).inputs["measures"][0])


@pytest.mark.parametrize("n", [0, 101])
def test_a_strange_number_of_views_is_refused(n: int) -> None:
    with pytest.raises(EcgError, match="views"):
        RecordSegmentation(views=n)
