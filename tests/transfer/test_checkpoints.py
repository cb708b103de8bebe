"""Checkpoints of a transferred model, whole or its last layers over features, are read back; a killed run goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.models.layered import Given
from ecg.pipeline.fitting import fit
from ecg.runs.folder import RunFolder
from ecg.runs.weights import Weights
from ecg.training import BeatClassifier
from ecg.transfer import Start, Transfer, prepare_start

pytestmark = pytest.mark.filterwarnings("ignore")
NewModel = Callable[..., LayeredModel]
USUAL = ("dataset=mi", "augment=none", "trainer=cpu", "trainer.precision=32-true", "trainer.max_epochs=2")


@cache
def composed(*overrides: str) -> RunConfig:
    return compose(*USUAL, "logger=none", "loss=weighted", *overrides)


def start(new_model: NewModel, data: BeatData, source: Weights, cache: Path, rule: Transfer) -> Start:
    return prepare_start(new_model(), data, source, rule, name="cnn", cache=cache, augmented=False)


def trained(folder: Path, begun: Start, *overrides: str) -> RunFolder:
    """Fit as a run does, from the folder's last checkpoint where there is one."""
    run, config = RunFolder(folder), composed(*overrides)
    resume = run.last_checkpoint.is_file()
    run.make()
    fit(config, build(config.transfer, "transfer"), begun, run, (), resume=resume)
    return run


def logits(model: torch.nn.Module, x: Given) -> torch.Tensor:
    with torch.inference_mode():
        out: torch.Tensor = model.eval()(x)
    return out


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("cached", [True, False])
def test_the_best_checkpoint_holds_the_whole_model_also_where_frozen_layers_were_features(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, k: int, cached: bool
) -> None:
    begun = start(new_model, data, source, tmp_path, Transfer(trainable_layers=k, cache_features=cached))
    assert (begun.fitted is begun.model) is not cached
    run = trained(tmp_path / "run", begun)
    again = BeatClassifier.load_from_checkpoint(run.best_checkpoint, weights_only=True)
    x = torch.from_numpy(data.beats.signal)
    assert again.model.names == begun.model.names
    assert again.frozen == begun.model.names[:-k]
    assert torch.equal(logits(again.model, x), logits(begun.model, x))
    assert not any(p.requires_grad for name in again.frozen for p in again.model.layers[name].parameters())


@pytest.mark.parametrize("k", [1, 4])
def test_the_last_checkpoint_over_features_is_the_last_layers(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, k: int
) -> None:
    begun = start(new_model, data, source, tmp_path, Transfer(trainable_layers=k))
    run = trained(tmp_path / "run", begun)
    again = BeatClassifier.load_from_checkpoint(run.last_checkpoint, weights_only=True)
    assert again.model.names == begun.model.names[-k:]
    assert again.model.inputs == {name: x.shape[1:] for name, x in begun.data.inputs.items()}
    assert again.hparams["loss"]["class_counts"] == list(data.info.counts["train"].values())
    features = {name: torch.from_numpy(np.array(x[:9])) for name, x in begun.data.inputs.items()}
    stored = torch.load(run.last_checkpoint, weights_only=True)
    begun.fitted.load_state_dict(
        {name.removeprefix("model."): v for name, v in stored["state_dict"].items() if name.startswith("model.")}
    )
    assert torch.equal(logits(again.model, features), logits(begun.fitted, features))


@pytest.mark.parametrize("overrides", [(), ("+transfer.probe_first=true", "+transfer.probe_epochs=1")])
def test_a_run_over_features_that_was_killed_while_it_reported_is_finished_when_resumed(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    """best.ckpt holds more layers by then than those that were fitted."""
    typed = (*overrides, "transfer.trainable_layers=2")
    rule = build(composed(*typed).transfer, "transfer")
    first = start(new_model, data, source, tmp_path, rule)
    run = trained(tmp_path / "run", first, *typed)
    rows = pd.read_csv(run.history)
    again = start(new_model, data, source, tmp_path, rule)
    trained(tmp_path / "run", again, *typed)
    x = torch.from_numpy(data.beats.signal)
    assert torch.equal(logits(again.model, x), logits(first.model, x))
    pd.testing.assert_frame_equal(pd.read_csv(run.history), rows)
    stored = BeatClassifier.load_from_checkpoint(run.best_checkpoint, weights_only=True)
    assert torch.equal(logits(stored.model, x), logits(first.model, x))


def test_the_head_alone_comes_first_and_its_time_is_told(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path
) -> None:
    typed = ("+transfer.probe_first=true", "+transfer.probe_epochs=3", "transfer.trainable_layers=2")
    config = composed(*typed)
    rule = build(config.transfer, "transfer")
    begun = start(new_model, data, source, tmp_path, rule)
    run = RunFolder(tmp_path / "run")
    run.make()
    fitted = fit(config, rule, begun, run, (), resume=False)
    probe = pd.read_csv(run.path / "probe" / "history.csv")
    assert probe["epoch"].tolist() == [1, 2, 3]
    assert fitted.probe_s == pytest.approx(probe["seconds"].sum())
    assert fitted.history.table["epoch"].tolist() == [1, 2]
    head = BeatClassifier.load_from_checkpoint(run.path / "probe" / "checkpoints" / "last.ckpt", weights_only=True)
    assert head.frozen == ("fc3",)
    assert all(p.requires_grad for p in begun.fitted.parameters())
    resumed = fit(config, rule, start(new_model, data, source, tmp_path, rule), run, (), resume=True)
    assert resumed.probe_s == pytest.approx(probe["seconds"].sum())


def test_a_run_that_goes_on_without_a_checkpoint_says_that_it_begins_again(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rule = Transfer(trainable_layers=1)
    run = RunFolder(tmp_path / "run")
    run.make()
    config = replace(composed(), trainer={**composed().trainer, "max_epochs": 1})
    fit(config, rule, start(new_model, data, source, tmp_path, rule), run, (), resume=True)
    assert f"{run.path} has no checkpoint: no epoch was kept, so it begins again from its first" in caplog.text
