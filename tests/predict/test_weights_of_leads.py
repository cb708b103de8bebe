"""`ecg predict` labels beats of one lead: weights of several leads or of whole recordings are refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecg.beats.segmentations import RecordSegmentation
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import MODELS
from ecg.predict import labelled
from ecg.predict.model import BeatModel, load_model
from ecg.recordings.formats import OwnRecording
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights, load_weights, save_weights

from .conftest import info

END = "; ecg predict labels beats of one lead, ecg evaluate tests the weights"
BEATS = {"of_three_leads": "the leads I, II, V2 at once", "of_recordings": "the leads I, II, V2 at once",
         "of_recordings_of_one_lead": "whole recordings"}  # fmt: skip
EVERY = pytest.mark.parametrize("name", BEATS)


def described(name: str) -> tuple[DataInfo, str, str]:
    """What the weights know, their model and their segmentation."""
    wanted = ("II",) if name == "of_recordings_of_one_lead" else ("I", "II", "V2")
    whole = name != "of_three_leads"
    kind = "record" if whole else "kaggle"
    shapes = RecordSegmentation().shapes(len(wanted)) if whole else {"signal": (3, 187)}
    own = replace(info(("normal", "MI"), "mi"), shapes=shapes, wanted=wanted, segmentation=kind, patient_label=True)
    return own, "waves" if whole else "kachuee", kind


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        own, model, segmentation = described(name)
        inputs = dict(own.shapes)
        given: dict[str, Any] = {"inputs": inputs} if model == "waves" else {"input_shape": inputs["signal"]}
        weights = MODELS[model](**given, n_classes=2).state_dict()
        path = tmp_path / f"{name}.safetensors"
        save_weights(path, weights, info=own, model={"name": model}, segmentation={"name": segmentation}, training={})
        return path

    return make


@pytest.fixture
def unexamined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever examines a recording fails."""

    def fail(*_: object) -> None:
        raise AssertionError("examined")

    monkeypatch.setattr(labelled, "examine", fail)


@EVERY
@pytest.mark.usefixtures("unexamined")
def test_weights_that_see_more_than_beats_of_one_lead_are_refused_before_anything_is_examined(
    name: str, write: Callable[[str], Path], recording: Recording, own: OwnRecording
) -> None:
    expected = f"these weights look at {BEATS[name]}{END}"
    path = write(name)
    with pytest.raises(EcgError) as told:
        load_model(path).predict(recording)
    assert str(told.value) == expected
    with pytest.raises(EcgError) as told:
        labelled.label_beats(own, load_weights(path))
    assert str(told.value) == expected


@pytest.mark.usefixtures("unexamined")
def test_weights_of_single_beats_of_one_lead_are_not_refused(weights: Weights, recording: Recording) -> None:
    with pytest.raises(AssertionError, match=r"^examined$"):
        BeatModel(weights).predict(recording)


@EVERY
def test_the_command_says_it_in_one_line_and_writes_nothing(
    name: str, write: Callable[[str], Path], command: Callable[..., str], folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("predict", folder / "sim001", "--weights", write(name), "--out", out, code=1)
    assert f"these weights look at {BEATS[name]}{END}" in " ".join(said.split())
    assert "Traceback" not in said
    assert not list(out.glob("*"))
