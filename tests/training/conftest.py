"""A run folder, few beats, simulated recordings, and a network small enough to train in a blink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ecg.data import ArrhythmiaDataModule, BeatData
from ecg.data.batches import Batch, BatchOrder, BeatTensors, batches
from ecg.data.settings import Simulated
from ecg.models import LayeredModel
from ecg.runs.folder import RunFolder
from ecg.training import BeatClassifier, FewerEasyBeats


def _tiny() -> LayeredModel:
    torch.manual_seed(0)
    first = nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3))
    return LayeredModel({"fc": first, "head": nn.Linear(6, 3)}, input_shape=(1, 8), n_classes=3)


@pytest.fixture
def tiny() -> Callable[[], LayeredModel]:
    """Makes a network with BatchNorm and dropout for three classes, always with the same weights."""
    return _tiny


def _beats(n: int, samples: int, classes: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 1, samples, generator=generator), torch.randint(0, classes, (n,), generator=generator)


@pytest.fixture
def sides() -> Callable[..., tuple[DataLoader[Batch], DataLoader[Batch]]]:
    """Makes loaders of forty beats to train on and twenty to validate, of classes that can hardly be told apart."""

    def make(samples: int = 8, classes: int = 3) -> tuple[DataLoader[Batch], DataLoader[Batch]]:
        x, y = _beats(60, samples, classes)
        train = batches(BeatTensors({"signal": x[:40]}, y[:40]), BatchOrder(40, 8, shuffle=True, seed=5))
        return train, batches(BeatTensors({"signal": x[40:]}, y[40:]), BatchOrder(20, 20, shuffle=False, seed=0))

    return make


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BeatData]:
    """Makes data of simulated recordings, ready, whose beats have a signal and RR ratios and are in order of time."""
    cache = tmp_path_factory.mktemp("windows")

    def make(**more: Any) -> BeatData:
        simulated = Simulated(patients=6, minutes=0.5)
        usual = {"synthetic": simulated, "cache_dir": cache, "batch_size": 64, **more}
        data = ArrhythmiaDataModule("synthetic", "window", **usual)
        data.setup()
        return data

    return make


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BeatData]:
    """Makes data of simulated recordings whose beats are of the Kaggle form: 0 to 1, filled up with zeros."""
    cache = tmp_path_factory.mktemp("rows")

    def make(segmentation: str = "kaggle") -> BeatData:
        simulated = Simulated(patients=6, minutes=0.5)
        return ArrhythmiaDataModule(
            "synthetic", segmentation, synthetic=simulated, cache_dir=cache, batch_size=16, seed=3
        )

    return make


@pytest.fixture
def of_rows() -> Callable[..., BeatClassifier]:
    """Makes a small classifier of such beats, always with the same weights, that learns them in some epochs."""

    def make(dropout: float = 0.2, **more: Any) -> BeatClassifier:
        torch.manual_seed(0)
        first = nn.Sequential(nn.Flatten(), nn.Linear(187, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(dropout))
        model = LayeredModel({"fc": first, "head": nn.Linear(12, 5)}, input_shape=(1, 187), n_classes=5)
        adam = {"_target_": "torch.optim.Adam", "lr": 0.01}
        return BeatClassifier(model, **{"optimizer": adam, "scheduler": None, **more})

    return make


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], RunFolder]:
    """Makes run folders by name."""

    def make(name: str = "run") -> RunFolder:
        folder = RunFolder(tmp_path / name)
        folder.make()
        return folder

    return make


@pytest.fixture
def data(rows: Callable[..., BeatData]) -> BeatData:
    """Single beats, ready."""
    made = rows()
    made.setup()
    return made


@pytest.fixture
def ready(data: BeatData) -> Callable[..., FewerEasyBeats]:
    """Makes a callback that draws of `data`, as a training of a module sets it up."""

    def make(module: BeatClassifier, **settings: Any) -> FewerEasyBeats:
        made = FewerEasyBeats(**settings)
        made.setup(SimpleNamespace(datamodule=data, world_size=1), module, "fit")  # type: ignore[arg-type]
        return made

    return make


@pytest.fixture
def trainer() -> Callable[..., pl.Trainer]:
    """Makes a trainer of so many epochs with these callbacks that writes and shows nothing."""

    def make(epochs: int, *callbacks: pl.Callback) -> pl.Trainer:
        quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        own: Any = {"callbacks": list(callbacks), "enable_checkpointing": False, **quiet}
        return pl.Trainer(accelerator="cpu", max_epochs=epochs, num_sanity_val_steps=0, **own)

    return make
