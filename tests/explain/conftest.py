"""Models and beats whose explanation is known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecg.beats.table import SIGNAL, Beats
from ecg.data.info import DataInfo
from ecg.explain.view import View
from ecg.models import LayeredModel, cnn

FS = 120.0
SAMPLES = 187
LOOKED_AT = slice(60, 72)


def beats_of(
    x: np.ndarray,
    y: np.ndarray,
    *,
    patient: np.ndarray | None = None,
    rr_after: float = np.nan,
    step: float = 0.8,
    **more: np.ndarray,
) -> Beats:
    """Beats of shape [beat, channel, sample], one after the other in time within each patient's record.

    What else is given, of shape [beat, ...], are other inputs.
    """
    n = len(y)
    who = np.array(["p"] * n) if patient is None else patient.astype(str)
    seconds = np.empty(n)
    for name in np.unique(who):
        seconds[who == name] = step * np.arange((who == name).sum())
    return Beats(
        inputs={SIGNAL: x.astype(np.float32), **more},
        y=y.astype(np.int64),
        record=who,
        patient=who,
        database=np.full(n, ""),
        lead=np.full(n, "MLII"),
        sample=(seconds * 360).astype(np.int64),
        seconds=seconds,
        symbol=np.full(n, "N"),
        rr_before=np.full(n, step, dtype=np.float32),
        rr_after=np.full(n, rr_after, dtype=np.float32),
    )


def view_of(x: np.ndarray) -> View:
    """What a model sees of beats of shape [beat, lead, sample] whose signal is all there is."""
    return View(x.astype(np.float32), {})


def info_of(*, r_peak_s: float = 0.0) -> DataInfo:
    """Data whose beats have their R peak there."""
    return DataInfo(
        dataset="arrhythmia",
        classes=("N", "S"),
        source="synthetic",
        simulated=True,
        segmentation="kaggle",
        fs=FS,
        r_peak_s=r_peak_s,
        shapes={SIGNAL: (1, SAMPLES)},
        leads=("MLII",),
        wanted=("first",),
        databases=(),
        split="patients",
        by_patient=True,
        notes=(),
        fingerprint="0",
        counts={},
    )


@pytest.fixture
def looks_at_one_place() -> LayeredModel:
    """Two classes, told apart by the sum of the samples in `LOOKED_AT` alone."""
    conv = nn.Conv1d(1, 2, 3, padding=1)
    head = nn.Linear(2 * SAMPLES, 2)
    with torch.no_grad():
        conv.weight.zero_()
        conv.bias.zero_()
        conv.weight[0, 0, 1] = 1
        head.weight.zero_()
        head.bias.zero_()
        head.weight[1, LOOKED_AT] = 1
    layers = {"conv": nn.Sequential(conv, nn.ReLU()), "head": nn.Sequential(nn.Flatten(), head)}
    return LayeredModel(layers, input_shape=(1, SAMPLES), n_classes=2).eval()


@pytest.fixture
def network() -> LayeredModel:
    torch.manual_seed(0)
    return cnn(input_shape=(1, SAMPLES), n_classes=3).eval()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def quiet_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")
