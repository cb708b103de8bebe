"""Tables of beats, small models of two inputs and of consecutive beats, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecg.beats.table import Beats, Inputs
from ecg.models import LayeredModel
from ecg.models.blocks import Joined


def _table(inputs: Inputs, record: Sequence[str] | None = None) -> Beats:
    n = len(next(iter(inputs.values())))
    text, none = np.full(n, "a"), np.full(n, np.nan, dtype=np.float32)
    return Beats(
        inputs=inputs,
        y=np.zeros(n, dtype=np.int64),
        record=text if record is None else np.asarray(record),
        patient=text,
        database=text,
        lead=text,
        sample=np.arange(n),
        seconds=np.arange(n, dtype=np.float64),
        symbol=text,
        rr_before=none,
        rr_after=none,
    )


@pytest.fixture(scope="session")
def table() -> Callable[..., Beats]:
    """Makes a table of beats of which nothing matters but what a model sees, and perhaps the record."""
    return _table


def _two_inputs() -> LayeredModel:
    torch.manual_seed(3)
    layers = {
        "wave": nn.Sequential(nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten()),
        "intervals": nn.Sequential(nn.Linear(4, 5), nn.ReLU()),
        "shape": nn.Linear(4 * 10, 6),
        "beat": Joined(6 + 5, 7, 0.1),
        "again": Joined(7 + 40 + 4, 8, 0.1),
        "head": nn.Linear(8, 3),
    }
    takes = {
        "intervals": ("rhythm",),
        "shape": ("wave",),
        "beat": ("shape", "intervals"),
        "again": ("beat", "wave", "rhythm"),
    }
    return LayeredModel(layers, inputs={"signal": (1, 12), "rhythm": (4,)}, takes=takes, n_classes=3).eval()


@pytest.fixture
def two_inputs() -> LayeredModel:
    """Single beats: a wave and RR ratios, joined early, and an input and an early layer taken once more late."""
    return _two_inputs()


def _given(model: LayeredModel, *lead: int, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(*lead, *shape, generator=generator) for name, shape in model.inputs.items()}


@pytest.fixture(scope="session")
def given() -> Callable[..., dict[str, Tensor]]:
    """Makes inputs of a model: so many beats, or windows and beats of each."""
    return _given
