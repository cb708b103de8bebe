"""A run that trains the R-peak detector, on recordings that a test makes."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric.utilities.rank_zero import rank_zero_only

from ecg.beats.rpeaks import detector
from ecg.beats.rpeaks.weights import load_rpeak_net
from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.metrics.rpeaks import detect_all, peak_scores
from ecg.pipeline import fitting, run
from ecg.recordings.databases import BeatDatabase
from ecg.runs.folder import RunFolder
from ecg.runs.job import Job
from ecg.runs.sweep import SweepFolder

pytestmark = pytest.mark.filterwarnings("ignore")
MODULE = """
from ecg.recordings.databases import BeatDatabase
TINY = BeatDatabase(name="tiny", title="Tiny", test=("d", "e"), left_out=("f",))
"""
TINY = BeatDatabase(name="tiny", title="Tiny", test=("d", "e"), left_out=("f",))
SMALL = (
    "experiment=rpeaks", "dataset.databases=[tinydata.TINY]", "dataset.noise=false", "dataset.windows=8",
    "dataset.batch_size=4", "dataset.val_fraction=0.34", "trainer.limit_val_batches=1.0", "model.channels=[4,4]",
    "model.dilations=[1]", "trainer=cpu", "trainer.max_epochs=2", "logger=none", "threads=1", "scheduler.pct_start=0.3",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, write_marked: Callable[..., np.ndarray]) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for i, name in enumerate("abcdef"):
        write_marked(folder / "tiny", name, seed=i)
    return folder


@pytest.fixture(autouse=True)
def found_here(here: Callable[..., Path]) -> None:
    here("tinydata", MODULE)


@cache
def composed(*overrides: str) -> RunConfig:
    return compose(*overrides)


def train(data: Path, folder: Path, *overrides: str, small: tuple[str, ...] = SMALL, **job: Any) -> RunFolder:
    run(composed(*small, f"data_dir={data}", *overrides), Job(folder, **job))
    return RunFolder(folder)


def scores(folder: RunFolder) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(folder.metrics.read_text())
    return {key: value for key, value in content.items() if not key.startswith("time/")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, data: Path) -> RunFolder:
    """A run of two epochs."""
    where = tmp_path_factory.mktemp("whole")
    (where / "tinydata.py").write_text(MODULE)
    sys.path.append(str(where))
    try:
        return train(data, where / "run")
    finally:
        sys.path.remove(str(where))
        sys.modules.pop("tinydata", None)


def test_a_run_leaves_weights_that_give_the_scores_it_says(whole: RunFolder, data: Path) -> None:
    said = scores(whole)
    assert (said["job_type"], said["dataset"], said["name"]) == ("rpeaks", "rpeaks", "rpeaks-seed0")
    find = detector(str(whole.path))
    tested = {name: detect_all(find, TINY, data / "tiny", names) for name, names in (("tiny", "de"), ("left", "f"))}
    for key, value in peak_scores(tested["tiny"]).items():
        assert said[f"test/tiny/{key}"] == pytest.approx(value)
    for key, value in peak_scores(tested["left"]).items():
        assert said[f"test/tiny_left_out/{key}"] == pytest.approx(value)
    assert said["test/se"] == pytest.approx(peak_scores([*tested["tiny"], *tested["left"]])["se"])
    assert said["params/total"] == sum(p.numel() for p in load_rpeak_net(whole.weights).parameters())
    table = pd.read_csv(whole.records)
    assert table["record"].tolist() == ["d", "e", "f"]
    assert table["tested"].tolist() == ["tiny", "tiny", "tiny, left out"]
    assert table["matched"].tolist() == [one.matched for found in tested.values() for one in found]


def test_who_trained_validated_and_tests_is_kept(whole: RunFolder) -> None:
    split = json.loads(whole.split.read_text())
    assert split["records"] == {"tiny": ["d", "e"], "tiny, left out": ["f"]}
    people = split["patients"]
    assert sorted([*people["train"], *people["val"]]) == ["a", "b", "c"]
    assert len(people["val"]) == 1
    history = pd.read_csv(whole.history)
    assert history["epoch"].tolist() == [1, 2]
    assert history[["train/loss", "val/loss"]].notna().all(axis=None)
    said = scores(whole)
    assert said["best/val/loss"] == pytest.approx(history["val/loss"].min())
    assert json.loads(whole.provenance.read_text())["threads"] == 1


def test_the_page_says_what_was_found(whole: RunFolder) -> None:
    page, said = whole.page.read_text(encoding="utf-8"), scores(whole)
    words = (
        "rpeaks-seed0: R peaks",
        "tiny, left out",
        "d (tiny)",
        "Records with most mistakes",
        "RPeakNet",
        "dilations",
    )
    for word in (*words, "Matched one to one within 150 ms", f"{100 * said['test/tiny/se']:.2f}", "python "):
        assert word in page, word
    assert "Epochs were limited" not in page
    assert "<img" in page


def test_a_run_that_was_broken_off_after_an_epoch_ends_as_one_that_was_not(
    whole: RunFolder, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = fitting._run

    def broken(trainer: Any, module: Any, *given: Any) -> None:
        ends = type(module).on_train_epoch_start

        def end(self: Any) -> None:
            if self.current_epoch == 1:
                raise KeyboardInterrupt
            ends(self)

        with monkeypatch.context() as patch:
            patch.setattr(type(module), "on_train_epoch_start", end)
            try:
                fit(trainer, module, *given)
            except SystemExit:
                raise KeyboardInterrupt from None

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_run", broken)
        with pytest.raises(KeyboardInterrupt):
            train(data, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert folder.last_checkpoint.is_file()
    assert not folder.metrics.is_file()
    with pytest.raises(EcgError, match="holds a run already; continue it with resume="):
        train(data, folder.path)
    again = train(data, folder.path, resume=True)
    assert scores(again) == scores(whole)
    assert same_weights(again, whole)


def same_weights(one: RunFolder, other: RunFolder) -> bool:
    a, b = (load_rpeak_net(folder.weights).state_dict() for folder in (one, other))
    return all(torch.equal(value, b[name]) for name, value in a.items())


def test_a_run_that_was_killed_while_it_tested_ends_the_same_too(whole: RunFolder, data: Path, tmp_path: Path) -> None:
    copy = RunFolder(shutil.copytree(whole.path, tmp_path / "run"))
    for gone in (copy.metrics, copy.records, copy.weights, copy.page):
        gone.unlink()
    again = train(data, copy.path, resume=True)
    assert scores(again) == scores(whole)
    assert same_weights(again, whole)


def test_without_validation_the_last_weights_are_kept_resumed_or_not(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    without = ("dataset.val_fraction=0", "trainer.limit_val_batches=0")
    with caplog.at_level(logging.INFO):
        folder = train(data, tmp_path / "run", *without)
    before = load_rpeak_net(folder.weights).state_dict()
    assert scores(folder)["best_epoch"] is None
    assert scores(folder)["best/val/loss"] is None
    assert "no validation, as asked for: the averaged weights of the end are kept" in caplog.text
    stored = torch.load(folder.last_checkpoint, weights_only=True)["state_dict"]  # the moving average
    assert all(torch.equal(value, stored[f"model.{name}"]) for name, value in before.items())
    folder.metrics.unlink()
    folder.weights.unlink()
    train(data, folder.path, *without, resume=True)
    after = load_rpeak_net(folder.weights).state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_finished_job_of_a_sweep_is_left_as_it_is(
    whole: RunFolder, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SweepFolder, "skipped", set())
    copy = RunFolder(shutil.copytree(whole.path, tmp_path / "sweep" / "0_run"))
    written = copy.weights.stat().st_mtime_ns
    best = run(composed(*SMALL, f"data_dir={data}"), Job(copy.path, sweep=tmp_path / "sweep"))
    assert best == scores(whole)["best/val/loss"]
    assert copy.weights.stat().st_mtime_ns == written
    assert SweepFolder.skipped == {"0_run"}
    with pytest.raises(EcgError, match="it holds a run with other settings"):
        run(composed(*SMALL, f"data_dir={data}", "augment.flip=0"), Job(copy.path, sweep=tmp_path / "sweep"))


def test_epochs_that_were_limited_are_no_result(data: Path, tmp_path: Path) -> None:
    folder = train(data, tmp_path / "run", "trainer.overfit_batches=1")
    assert scores(folder)["limit_batches"] == 1
    assert "Epochs were limited to some batches" in folder.page.read_text(encoding="utf-8")


def test_another_process_of_a_training_shares_it_and_writes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1, raising=False)
    shared: list[tuple[Any, ...]] = []

    def trained(*given: Any) -> tuple[SimpleNamespace, float]:
        shared.append(given)
        return SimpleNamespace(best=0.25), 0.0

    monkeypatch.setattr("ecg.pipeline.rpeaks.trained", trained)
    assert run(composed(*SMALL, f"data_dir={data}"), Job(tmp_path / "run")) == 0.25
    assert len(shared) == 1
    assert shared[0][5] == ()  # no loggers
    assert not (tmp_path / "run").exists()


ALSO = "dataset=rpeaks model=rpeaks augment=rpeaks loss=rpeaks go together; see experiment=rpeaks"


def said_of(config: RunConfig, folder: Path) -> str:
    """What a run answers before it reads anything or makes its folder."""
    with pytest.raises(EcgError) as told:
        run(replace(config, data_dir=str(folder / "nowhere")), Job(folder / "run"))
    assert str(told.value).isprintable()
    assert not (folder / "run" / "config.yaml").exists()
    return str(told.value)


@pytest.mark.parametrize(
    ("group", "setting", "said"),
    [
        ("augment", {"_target_": "ecg.training.Augment"}, f"augment._target_=ecg.training.Augment: {ALSO}"),
        ("loss", {"_target_": "torch.nn.CrossEntropyLoss"}, f"loss._target_=torch.nn.CrossEntropyLoss: {ALSO}"),
        ("model", {"_target_": "torch.nn.Identity"}, f"model._target_=torch.nn.Identity: {ALSO}"),
        (
            "transfer",
            {"_target_": "ecg.transfer.Transfer", "trainable_layers": 2},
            "transfer.trainable_layers: dataset=",
        ),
        ("monitor", "val/macro_f1", "monitor=val/macro_f1: choose one of val/loss"),
        ("model", {"_target_": "ecg.models.RPeakNet", "dilations": [64]}, "model.dilations=[64]: sees "),
        ("augment", {"_target_": "ecg.data.RPeakAugment", "flip": 2}, "augment.flip=2: must be from 0 to 1"),
        ("dataset", {"_target_": "ecg.data.RPeaksDataModule", "shares": {"x": 1}}, "dataset.shares.x: is none of"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_read(
    tmp_path: Path, group: str, setting: Any, said: str
) -> None:
    assert said_of(replace(composed(*SMALL), **{group: setting}), tmp_path).startswith(said)


def test_a_sweep_trains_on_one_device(data: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"^trainer\.devices: a sweep \(-m\) trains on one device"):
        train(data, tmp_path / "run", "trainer.devices=2", sweep=tmp_path)


LABELS = ("dataset=mi", "dataset.source=synthetic", "dataset.synthetic.patients=9", "dataset.synthetic.minutes=0.5",
          "model=kachuee", "logger=none", "trainer=cpu", "threads=1")  # fmt: skip


@pytest.mark.parametrize(
    ("group", "part", "said"),
    [
        ("augment", "ecg.data.RPeakAugment", "is for dataset=rpeaks alone; "),
        ("loss", "ecg.training.RPeakLoss", "is for dataset=rpeaks alone; "),
        ("model", "ecg.models.RPeakNet", "gives no ecg.models.LayeredModel"),
    ],
)
def test_another_dataset_refuses_the_detectors_parts_in_a_line(
    tmp_path: Path, group: str, part: str, said: str
) -> None:
    config = replace(composed(*LABELS), cache_dir=str(tmp_path / "cache"), **{group: {"_target_": part}})
    assert said_of(config, tmp_path).startswith(f"{group}._target_={part}: {said}")


def test_a_detectors_run_is_no_source_of_a_transfer(whole: RunFolder, tmp_path: Path) -> None:
    transfer = {**composed(*LABELS).transfer, "source": str(whole.path), "trainable_layers": 1}
    config = replace(composed(*LABELS), cache_dir=str(tmp_path), transfer=transfer)
    with pytest.raises(EcgError, match="holds a detector of R peaks, which labels no beats"):
        run(config, Job(tmp_path / "run"))
