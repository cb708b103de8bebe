"""Each lead of a beat as a beat of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.data import MIDataModule
from ecg.data.settings import Simulated
from ecg.errors import EcgError
from ecg.recordings.leads import TWELVE

TINY = Simulated(patients=8, minutes=0.5)
LEADS = ("I", "II", "V5")
PER_PATIENT = 5


def build(cache: Path, **changes: Any) -> MIDataModule:
    usual = {"source": "synthetic", "synthetic": TINY, "batch_size": 8, "leads": LEADS}
    return MIDataModule(**{**usual, "beats_per_patient": PER_PATIENT, "cache_dir": cache, **changes})


def ready(cache: Path, **changes: Any) -> MIDataModule:
    data = build(cache, **changes)
    data.setup()
    return data


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def together(cache: Path) -> MIDataModule:
    return ready(cache)


@pytest.fixture(scope="module")
def apart(cache: Path) -> MIDataModule:
    return ready(cache, leads_apart=True)


def test_every_lead_of_every_beat_is_a_beat(together: MIDataModule, apart: MIDataModule) -> None:
    n = len(together.beats)
    assert len(apart.beats) == 3 * n
    assert (together.shapes, apart.shapes) == ({"signal": (3, 187)}, {"signal": (1, 187)})
    assert apart.info.shapes == apart.shapes
    for row, lead in enumerate(LEADS):
        own = slice(row * n, (row + 1) * n)
        np.testing.assert_array_equal(apart.beats.signal[own], together.beats.signal[:, row : row + 1])
        assert set(apart.beats.lead[own]) == {lead}


def test_all_else_of_a_beat_is_the_same_for_each_of_its_leads(together: MIDataModule, apart: MIDataModule) -> None:
    for name, column in together.beats.columns.items():
        if name != "lead":
            np.testing.assert_array_equal(apart.beats.columns[name], np.tile(column, 3))
    assert set(together.beats.lead) == {"I+II+V5"}
    assert apart.info.leads == tuple(sorted(LEADS))
    assert apart.info.wanted == LEADS


def test_the_leads_of_a_patient_are_in_one_subset(apart: MIDataModule, together: MIDataModule) -> None:
    assert apart.info.by_patient
    of = {name: set(apart.beats.patient[index]) for name, index in apart.split.subsets.items()}
    assert not of["train"] & of["test"]
    assert not of["train"] & of["val"]
    for name, index in together.split.subsets.items():
        assert set(together.beats.patient[index]) == of[name]
        assert len(apart.split.subsets[name]) == 3 * len(index)


def test_a_patient_has_as_many_beats_of_each_lead_as_are_asked_for(apart: MIDataModule) -> None:
    assert np.unique(apart.beats.patient, return_counts=True)[1].tolist() == [3 * PER_PATIENT] * 8
    for lead in LEADS:
        own = apart.beats.patient[apart.beats.lead == lead]
        assert np.unique(own, return_counts=True)[1].tolist() == [PER_PATIENT] * 8


def test_batches_hold_single_leads(apart: MIDataModule) -> None:
    inputs, y = next(iter(apart.train_dataloader()))
    assert tuple(inputs["signal"].shape) == (8, 1, 187)
    assert len(y) == 8


def test_beats_come_from_the_same_cache(apart: MIDataModule, cache: Path) -> None:
    assert ready(cache, leads_apart=True).cached
    assert ready(cache).cached


def test_an_input_that_is_of_no_lead_goes_with_each(cache: Path) -> None:
    whole, apart = (ready(cache, segmentation="window", leads_apart=on) for on in (False, True))
    assert apart.shapes == {"signal": (1, 102), "rhythm": (4,)}
    np.testing.assert_array_equal(apart.beats.inputs["rhythm"], np.tile(whole.beats.inputs["rhythm"], (3, 1)))
    np.testing.assert_array_equal(apart.beats.signal[: len(whole.beats)], whole.beats.signal[:, :1])


def test_whole_recordings_of_a_few_leads_are_taken_apart(cache: Path) -> None:
    whole, apart = (ready(cache, segmentation="record", leads_apart=on) for on in (False, True))
    assert apart.shapes == {"signal": (1, 190), "measures": (1, 27), "global": (2,)}
    n = len(whole.beats)
    assert len(apart.beats) == 3 * n
    for row in range(3):
        own = slice(row * n, (row + 1) * n)
        np.testing.assert_array_equal(apart.beats.inputs["measures"][own, 0], whole.beats.inputs["measures"][:, row])
        np.testing.assert_array_equal(apart.beats.inputs["global"][own], whole.beats.inputs["global"])


def test_one_lead_is_apart_already(cache: Path) -> None:
    whole, apart = (ready(cache, leads=["II"], leads_apart=on) for on in (False, True))
    np.testing.assert_array_equal(apart.beats.signal, whole.beats.signal)
    assert set(apart.beats.lead) == {"II"}


def test_what_is_of_all_leads_together_cannot_be_taken_apart(cache: Path) -> None:
    said = (
        r"leads_apart=true: the input global of dataset\.segmentation=record is of all leads together; "
        r"leave leads_apart at false$"
    )
    with pytest.raises(BadSettingError, match=f"^{said}"):
        build(cache, segmentation="record", leads=TWELVE, leads_apart=True)
    leads = f"dataset.leads=[{','.join(TWELVE)}]"
    with pytest.raises(EcgError, match=rf"^dataset\.{said}"):
        compose("dataset=mi", "dataset.segmentation=record", leads, "dataset.leads_apart=true").data()


def test_a_model_of_consecutive_beats_is_refused(apart: MIDataModule) -> None:
    class Sees:
        inputs = {"signal": (1, 187)}  # noqa: RUF012
        beats, context = 4, 1

    with pytest.raises(EcgError, match=r"sees 4 consecutive beats of a record; choose dataset\.leads_apart=false$"):
        apart.serve(Sees())
