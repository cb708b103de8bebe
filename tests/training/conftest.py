"""A description of data, a run folder and a network small enough to train in a blink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from ecg.data.info import DataInfo
from ecg.models import LayeredModel
from ecg.training.folder import RunFolder


def _tiny() -> LayeredModel:
    torch.manual_seed(0)
    first = nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3))
    return LayeredModel({"fc": first, "head": nn.Linear(6, 3)}, input_shape=(1, 8), n_classes=3)


@pytest.fixture
def tiny() -> Callable[[], LayeredModel]:
    """Makes a network with BatchNorm and dropout for three classes, always with the same weights."""
    return _tiny


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """A run folder that is made already."""
    folder = RunFolder(tmp_path / "run")
    folder.make()
    return folder


@pytest.fixture
def info() -> DataInfo:
    """What simulated beats of three classes would say of themselves."""
    return DataInfo(
        dataset="arrhythmia",
        classes=("N", "S", "V"),
        source="synthetic",
        simulated=True,
        cut="kaggle",
        fs=120.0,
        shape=(1, 8),
        leads=("MLII", "V5"),
        split="patients",
        notes=("a note",),
        fingerprint="abc",
        counts={"train": {"N": 3, "S": 2, "V": 1}},
    )
