"""Weights travel with all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ecg.beats.cuts import PaperCut
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import LayeredModel, cnn
from ecg.training.weights import load_weights, save_weights


def test_tensors_and_description_come_back(tmp_path: Path, info: DataInfo, tiny: Callable[[], LayeredModel]) -> None:
    state = tiny().state_dict()
    path = tmp_path / "weights.safetensors"
    save_weights(
        path,
        state,
        info=info,
        model={"name": "cnn", "dropout": 0.3},
        cut={"name": "kaggle"},
        training={"seed": 1, "test/macro_f1": 0.5},
    )
    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
        read = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    assert set(read) == set(state)
    assert all(torch.equal(read[name], state[name]) for name in state)
    data = json.loads(metadata["data"])
    assert data["classes"] == ["N", "S", "V"]
    assert (data["fs"], data["cut"], data["leads"]) == (120.0, "kaggle", ["MLII", "V5"])
    assert (data["shape"], data["simulated"]) == ([1, 8], True)
    assert json.loads(metadata["model"]) == {"name": "cnn", "dropout": 0.3}
    assert json.loads(metadata["cut"]) == {"name": "kaggle"}
    assert json.loads(metadata["training"])["seed"] == 1
    assert metadata["format"] == "ecg-weights-1"


def test_tensors_that_are_views_are_kept_too(tmp_path: Path, info: DataInfo) -> None:
    tensor = torch.arange(6.0).reshape(2, 3).T
    save_weights(tmp_path / "w", {"w": tensor}, info=info, model={}, cut={}, training={})
    with safe_open(tmp_path / "w", framework="pt") as stored:
        assert torch.equal(stored.get_tensor("w"), tensor)
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_weights_that_were_saved_are_a_model_again(tmp_path: Path, info: DataInfo) -> None:
    torch.manual_seed(0)
    beats_of = replace(info, shape=(1, 187))
    model = cnn(input_shape=(1, 187), n_classes=3).eval()
    path = tmp_path / "weights.safetensors"
    settings = {"name": "cnn", "dropout": 0.1}
    cut = {"name": "paper", **asdict(PaperCut(rate=100))}
    save_weights(path, model.state_dict(), info=beats_of, model=settings, cut=cut, training={"seed": 4})
    loaded = load_weights(path)
    x = torch.randn(2, 1, 187)
    torch.testing.assert_close(loaded.model(x), model(x))
    assert (loaded.info, loaded.settings, loaded.cut) == (beats_of, settings, PaperCut(rate=100))
    assert loaded.training == {"seed": 4}
    (tmp_path / "config.yaml").touch()
    assert load_weights(tmp_path).path == path  # a run folder stands for its file


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-50]), "cut off"),
        (lambda p: p.write_text("no weights"), "cut off or no safetensors"),
        (lambda p: save_file({"w": torch.zeros(1)}, p), "holds no format"),
        (lambda p: save_file({"w": torch.zeros(1)}, p, {"format": "ecg-weights-0"}), "holds ecg-weights-0"),
        (lambda p: save_file({"w": torch.zeros(1)}, p, {"format": "ecg-weights-1"}), "does not fit this version"),
        (lambda p: p.unlink(), "does not exist"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_with_the_file(
    tmp_path: Path, info: DataInfo, damage: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "weights.safetensors"
    model = cnn(input_shape=(1, 187), n_classes=3)
    wanted = replace(info, shape=(1, 187))
    settings = {"name": "cnn", "dropout": 0.3}
    save_weights(path, model.state_dict(), info=wanted, model=settings, cut={"name": "kaggle"}, training={})
    damage(path)
    with pytest.raises(EcgError, match=said) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)


def test_a_folder_without_weights_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="it is no run folder"):
        load_weights(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(EcgError, match="its run is not finished"):
        load_weights(tmp_path)
