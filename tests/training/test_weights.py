"""Weights travel with all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open

from ecg.data.info import DataInfo
from ecg.models import LayeredModel
from ecg.training.weights import save_weights


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
