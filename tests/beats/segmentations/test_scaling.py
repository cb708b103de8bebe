"""What becomes of amplitudes: scaled to the beat, to the recording, or left in millivolts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.segmentations import (
    ContextSegmentation,
    KaggleSegmentation,
    PaperSegmentation,
    RecordSegmentation,
    Segmentation,
    WindowSegmentation,
    key_of,
)
from ecg.beats.segmentations.scaling import SCALINGS, check_scaling, levelled, with_scaling
from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.data import ArrhythmiaDataModule, MIDataModule
from ecg.data.settings import chosen_segmentation
from ecg.errors import EcgError
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.svdb import SVDB
from ecg.recordings.recording import Recording

MakeRecording = Callable[..., Recording]
Rows = npt.NDArray[np.float32]
SCALED = [KaggleSegmentation(), PaperSegmentation(), WindowSegmentation()]
every_scaled = pytest.mark.parametrize("segmentation", SCALED, ids=lambda one: one.name)
RATE = {"kaggle": 360.0, "paper": 125.0, "window": 128.0}
OFFSET = 40


@pytest.fixture(scope="module")
def beating(make_recording: MakeRecording) -> Callable[..., Recording]:
    """A lead with 14 beats, 0.8 s apart, of these heights in mV."""

    def make(segmentation: Any, *, height: float = 1.0, factor: float = 1.0) -> Recording:
        fs = RATE[segmentation.name]
        time = np.arange(round(12 * fs)) / fs
        at = 0.6 + 0.8 * np.arange(14)
        heights = height * (1 + 0.02 * np.cos(np.arange(14)))
        signal = sum(
            h * np.exp(-0.5 * ((time - one) / 0.02) ** 2) + 0.2 * h * np.exp(-0.5 * ((time - one - 0.3) / 0.05) ** 2)
            for one, h in zip(at, heights, strict=True)
        )
        digital = np.rint(np.asarray(signal) * 20_000 * factor) + OFFSET
        made = make_recording(digital, np.rint(at * fs).astype(int), ["N"] * 14, fs=fs)
        return replace(made, gain=np.array([20_000.0]))

    return make


def rows(segmentation: Segmentation, recording: Recording, scaling: str | None = None) -> Rows:
    return with_scaling(segmentation, scaling)(recording).signal[:, 0]


@every_scaled
def test_without_a_scaling_a_segmentation_is_as_it_always_was(segmentation: Any) -> None:
    own = {"kaggle": "minmax", "paper": "minmax", "window": "qrs"}
    assert segmentation.scaling == own[segmentation.name]
    assert with_scaling(segmentation, None) is segmentation
    assert with_scaling(segmentation, own[segmentation.name]) == segmentation


@every_scaled
@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_scaling_changes_no_shape_and_no_place(segmentation: Any, scaling: str, beating: MakeRecording) -> None:
    usual, other = segmentation(beating(segmentation)), with_scaling(segmentation, scaling)(beating(segmentation))
    assert {name: (one.shape, one.dtype) for name, one in other.inputs.items()} == {
        name: (one.shape, one.dtype) for name, one in usual.inputs.items()
    }
    np.testing.assert_array_equal(other.sample, usual.sample)
    assert np.isfinite(other.signal).all()


@every_scaled
def test_minmax_puts_every_beat_between_0_and_1(segmentation: Any, beating: MakeRecording) -> None:
    found = rows(segmentation, beating(segmentation, height=3.0), "minmax")
    assert (found.min(), found.max()) == (0, 1)
    if segmentation.name != "paper":  # which scales whole windows
        np.testing.assert_allclose(found.max(axis=1), 1)
    np.testing.assert_allclose(rows(segmentation, beating(segmentation, height=0.5), "minmax"), found, atol=2e-3)


@every_scaled
def test_mv_leaves_millivolts(segmentation: Any, beating: MakeRecording) -> None:
    one, two = (rows(segmentation, beating(segmentation, height=height), "mv") for height in (1.0, 2.0))
    np.testing.assert_allclose(two, 2 * one, atol=2e-3)
    lost = 0.2 if segmentation.name == "window" else 0.05  # its filter takes the slowest part
    np.testing.assert_allclose(np.ptp(one, axis=1), 1.0, atol=lost)


@every_scaled
def test_qrs_takes_the_gain_away_and_leaves_how_beats_differ(segmentation: Any, beating: MakeRecording) -> None:
    one, two = (rows(segmentation, beating(segmentation, height=height), "qrs") for height in (1.0, 2.0))
    np.testing.assert_allclose(two, one, atol=2e-3)
    height = np.ptp(one, axis=1)
    assert np.median(height) == pytest.approx(1, abs=0.1)
    assert 0.02 < np.ptp(height) < 0.1
    np.testing.assert_allclose(height / np.ptp(rows(segmentation, beating(segmentation), "mv"), axis=1), height[0],
                               rtol=0.05)  # fmt: skip


@every_scaled
def test_an_offset_of_the_converter_is_no_amplitude(segmentation: Any, beating: MakeRecording) -> None:
    recording = beating(segmentation)
    other = replace(recording, baseline=recording.baseline - 5000)
    for scaling in SCALINGS:
        np.testing.assert_allclose(
            rows(segmentation, other, scaling), rows(segmentation, recording, scaling), atol=5e-3
        )


@pytest.mark.parametrize("scaling", ["mv", "qrs"])
def test_kaggle_rows_have_the_same_form_whatever_the_scaling(scaling: str, beating: MakeRecording) -> None:
    segmentation = KaggleSegmentation()
    recording = beating(segmentation)
    usual, other = (rows(segmentation, recording, one) for one in ("minmax", scaling))
    held = 100 - 3  # 0.8 s at 120 Hz, and some of the next beat
    for a, b in zip(usual, other, strict=True):
        slope, _ = np.polyfit(a[:held], b[:held], 1)
        np.testing.assert_allclose(b[:held] - b[0], slope * (a[:held] - a[0]), atol=0.01)
    assert not other[:, 150:].any()  # behind the end of the beat


def test_levelled_rows_are_above_their_own_median_and_0_behind_their_end() -> None:
    given = np.array([[1.0, 1.0, 3.0, np.nan], [5.0, 5.0, 4.0, 5.0], [np.nan] * 4])
    np.testing.assert_array_equal(levelled(given, "mv"), [[0, 0, 2, 0], [0, 0, -1, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(levelled(given, "qrs") * 1.5, levelled(given, "mv"), rtol=1e-6)
    assert levelled(given, "mv").dtype == np.float32


def test_flat_and_absent_rows_stay_finite() -> None:
    assert not levelled(np.full((3, 5), 0.7), "qrs").any()
    assert not levelled(np.full((3, 5), np.nan), "qrs").any()
    assert levelled(np.zeros((0, 5)), "qrs").shape == (0, 5)


@pytest.mark.parametrize("value", ["mm", "", "MV", "none"])
def test_another_scaling_is_answered_with_the_choices(value: str) -> None:
    said = f"scaling={value}: choose one of minmax, mv, qrs"
    with pytest.raises(BadSettingError, match=f"^{said}"):
        check_scaling(value)
    with pytest.raises(BadSettingError, match=f"^{said}"):
        WindowSegmentation(scaling=value)
    with pytest.raises(BadSettingError, match=f"^{said}"):
        with_scaling(KaggleSegmentation(), value)


@pytest.mark.parametrize(
    ("segmentation", "scaling", "said"),
    [
        (
            ContextSegmentation(),
            "mv",
            "^scaling=mv: the context segmentation has no scaling to choose; kaggle, paper and",
        ),
        (
            RecordSegmentation(),
            "qrs",
            "^scaling=qrs: the record segmentation always has scaling=mv; kaggle, paper and ",
        ),
    ],
    ids=["context", "record"],
)
def test_a_segmentation_without_scaling_has_none_to_choose(segmentation: Any, scaling: Any, said: str) -> None:
    with pytest.raises(BadSettingError, match=said):
        chosen_segmentation(segmentation, scaling)
    assert chosen_segmentation(segmentation, None) is segmentation


def test_recordings_are_in_millivolts_whether_that_is_said_or_not() -> None:
    assert chosen_segmentation(RecordSegmentation(), "mv") == RecordSegmentation()


def test_the_setting_reaches_the_segmentation_beside_its_own_settings() -> None:
    assert chosen_segmentation("kaggle", "mv") == KaggleSegmentation(scaling="mv")
    assert chosen_segmentation({"name": "paper", "threshold": 0.8}, "qrs") == PaperSegmentation(
        threshold=0.8, scaling="qrs"
    )
    assert chosen_segmentation({"name": "window", "scaling": "mv"}, None) == WindowSegmentation(scaling="mv")
    assert chosen_segmentation({"name": "window", "scaling": "mv"}, "minmax") == WindowSegmentation(scaling="minmax")


@pytest.mark.parametrize("wanted", ["kaggle", "paper"])
@pytest.mark.parametrize("scaling", ["mv", "qrs"])
def test_the_rows_of_the_kaggle_files_cannot_be_scaled_back(wanted: str, scaling: str) -> None:
    said = f"^scaling={scaling}: the rows of dataset.source=kaggle are scaled to 0..1 already$"
    for segmentation, setting in ((wanted, scaling), ({"name": wanted, "scaling": scaling}, None)):
        with pytest.raises(BadSettingError, match=said):
            chosen_segmentation(segmentation, setting, source="kaggle")
    assert chosen_segmentation(wanted, "minmax", source="kaggle").name == wanted
    assert chosen_segmentation(wanted, scaling, source="physionet").name == wanted


@every_scaled
def test_amplitudes_of_a_database_that_is_not_calibrated_are_no_millivolts(segmentation: Any) -> None:
    said = "^scaling=mv: the amplitudes of svdb are not in mV; choose minmax or qrs$"
    for databases in ((SVDB,), (MITDB, SVDB)):
        with pytest.raises(BadSettingError, match=said):
            chosen_segmentation(segmentation, "mv", databases=databases)
        with pytest.raises(BadSettingError, match=said):
            chosen_segmentation(replace(segmentation, scaling="mv"), None, databases=databases)
        for scaling in ("minmax", "qrs", None):
            assert chosen_segmentation(segmentation, scaling, databases=databases).name == segmentation.name
    assert chosen_segmentation(segmentation, "mv", databases=(MITDB,)).name == segmentation.name


@pytest.mark.parametrize("module", [ArrhythmiaDataModule, MIDataModule])
def test_data_modules_refuse_it_before_anything_is_read(
    tmp_path: Path, module: type[ArrhythmiaDataModule] | type[MIDataModule]
) -> None:
    where: dict[str, Any] = {"data_dir": tmp_path, "cache_dir": tmp_path / "cache"}
    with pytest.raises(BadSettingError, match=r"^scaling=mv: the rows of"):
        module(source="kaggle", scaling="mv", **where)
    with pytest.raises(BadSettingError, match=r"^scaling=mm: choose one of"):
        module(scaling="mm", **where)  # type: ignore[arg-type]
    assert getattr(module(scaling="qrs", **where).segmentation, "scaling", "") == "qrs"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("dataset.scaling=mm",), r"dataset\.scaling=mm: choose one of minmax, mv, qrs"),
        (("dataset.databases=[mitdb,svdb]", "dataset.scaling=mv"), r"dataset\.scaling=mv: the amplitudes of svdb"),
        (("dataset.segmentation=context", "dataset.scaling=mv"), r"dataset\.scaling=mv: the context segmentation"),
    ],
)
def test_what_is_typed_wrongly_is_answered_with_the_key(typed: tuple[str, ...], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        compose(*typed).data()


@every_scaled
def test_beats_of_another_scaling_are_cached_apart(segmentation: Any) -> None:
    keys = [str(key_of(with_scaling(segmentation, scaling), ["II"])) for scaling in SCALINGS]
    assert len(set(keys)) == 3
