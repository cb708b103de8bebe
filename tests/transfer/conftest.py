"""Small data in memory, and weights of a small source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg.beats.segmentations import KaggleSegmentation, Segmentation
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.module import BeatData
from ecg.data.sources import Prepared
from ecg.models import LayeredModel, cnn
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights, load_weights, save_weights


@dataclass
class Given:
    """Beats that are there already."""

    beats: Beats
    name: str = "given"
    simulated: bool = True
    databases: tuple[str, ...] = ()

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        return Prepared(self.beats, "0" * 64, False, facts={})

    def recording(self, name: str) -> Recording | None:
        return None

    def at_hand(self) -> bool:
        return True


@pytest.fixture(scope="session")
def given_source() -> type[Given]:
    """A source of beats that are there already."""
    return Given


class MI(BeatData):
    """The task that is transferred to."""

    dataset = "mi"
    classes = ("normal", "MI")
    patient_label = True


def beats(n: int) -> Beats:
    """Beats of two kinds: a bump early or late, in noise."""
    rng = np.random.default_rng(3)
    y = np.arange(n) % 2
    time = np.arange(187)
    x = np.exp(-(((time - np.where(y, 60, 40)[:, None]) / 8) ** 2)) + 0.3 * rng.standard_normal((n, 187))
    text = np.full(n, "a")
    unknown = np.full(n, np.nan, dtype=np.float32)
    return Beats(
        inputs={"signal": x[:, None].astype(np.float32)},
        y=y.astype(np.int64),
        record=text,
        patient=text,
        database=text,
        lead=np.full(n, "ii"),
        sample=np.arange(n),
        seconds=np.arange(n, dtype=np.float64),
        symbol=text,
        rr_before=unknown,
        rr_after=unknown,
    )


@pytest.fixture
def data(tmp_path: Path) -> BeatData:
    def rule(table: Beats) -> Split:
        index = np.arange(len(table))
        return Split("beats", index[:60], index[60:80], index[80:])

    made = MI(
        source=Given(beats(100)),
        segmentation=KaggleSegmentation(),
        split_rule=rule,
        cache=tmp_path / "cache",
        batch_size=16,
    )
    made.prepare_data()
    made.setup()
    return made


@pytest.fixture
def new_model() -> Callable[[int], LayeredModel]:
    def build(n_classes: int = 2) -> LayeredModel:
        torch.manual_seed(5)
        return cnn(input_shape=(1, 187), n_classes=n_classes)

    return build


@pytest.fixture
def source(tmp_path: Path, data: BeatData) -> Weights:
    """Weights of a cnn for five classes, with BatchNorm statistics of its own."""
    torch.manual_seed(11)
    model = cnn(input_shape=(1, 187), n_classes=5).train()
    with torch.no_grad():
        model(torch.from_numpy(data.beats.signal) * 2 + 1)
    info = data.info.__class__(**{**data.info.__dict__, "dataset": "arrhythmia", "classes": tuple("NSVFQ")})
    path = tmp_path / "weights.safetensors"
    save_weights(
        path,
        model.state_dict(),
        info=info,
        model={"name": "cnn", "dropout": 0.3},
        segmentation={"name": "kaggle"},
        training={},
    )
    return load_weights(path)
