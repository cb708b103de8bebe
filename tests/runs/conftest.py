"""Run folders as the pipeline's own writers leave them, made without training; a network trained in a blink."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.data.info import DataInfo
from ecg.models import LayeredModel, kachuee
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.provenance import provenance
from ecg.runs.reading import save_config
from ecg.runs.weights import save_weights

CLASSES = ("N", "S", "V", "F", "Q")


@cache
def composed(*overrides: str) -> RunConfig:
    """Composing takes longer than everything else here."""
    return compose("dataset.source=synthetic", "model=kachuee", "logger=none", *overrides)


def make_run(
    path: Path,
    *,
    seed: int = 0,
    origin: dict[str, Any] | None = None,
    finished: bool = True,
    overrides: tuple[str, ...] = (),
) -> RunFolder:
    """A run of three epochs with all its files; not finished, it was broken off after the second epoch."""
    folder = RunFolder(path)
    folder.make()
    config = replace(composed(*overrides), seed=seed)
    save_config(config, folder.config)
    write_json(folder.provenance, _provenance(seed))
    patients = {"train": ["1", "2"], "val": ["3"], "test": ["4"]}
    beats = {"r1": "TTTT", "r2": "TT", "r3": "VVV", "r4": "EEE-"}
    write_json(folder.split, {"split": "patients", "notes": [], "counts": {}, "patients": patients, "beats": beats})
    columns = "epoch,step,lr,train/loss,val/loss,val/accuracy,val/balanced_accuracy,val/macro_f1,seconds"
    rows = [f"{i},{10 * i + 10},0.001,{1 - i / 5},{1 - i / 4},0.5,0.5,{0.3 + i / 9},1.5" for i in range(3)]
    folder.history.write_text("\n".join([columns, *rows[: 3 if finished else 2]]) + "\n", encoding="utf-8")
    if origin is not None:
        write_json(folder.transfer, origin)
    model = _network(seed)
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    whole = {"epoch": 1, "global_step": 20, "state_dict": state, "optimizer_states": [], "lr_schedulers": []}
    torch.save({**whole, "loops": {}, "callbacks": {}}, folder.last_checkpoint)
    torch.save({"epoch": 1, "state_dict": state}, folder.best_checkpoint)
    if finished:
        _results(folder, config, model)
    return folder


def _provenance(seed: int) -> dict[str, object]:
    typed = ["dataset.source=synthetic", "model=kachuee", f"seed={seed}"]
    said = provenance(seed=seed, fingerprint="f" * 64, precision="32-true", threads=1, wandb={}, settings=typed)
    return {**said, "command": ["train.py", *typed]}


def _results(folder: RunFolder, config: RunConfig, model: LayeredModel) -> None:
    info = described(dataset=config.dataset_name)
    save_weights(
        folder.weights,
        model.state_dict(),
        info=info,
        model=config.model,
        segmentation={"name": "kaggle"},
        training={"seed": config.seed, "test/macro_f1": 0.5},
    )
    head = f"record,patient,sample,label,predicted,{','.join(f'p_{name}' for name in CLASSES)}"
    rows = [f"r4,4,{100 * i},{name},N,0.6,0.1,0.1,0.1,0.1" for i, name in enumerate(CLASSES)]
    folder.predictions.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    scores = {"test/macro_f1": 0.5, "test/accuracy": 0.6, "test/auroc": None, "best/val/macro_f1": 0.5}
    facts = {"name": config.name, "job_type": "pretrain", "model": "kachuee", "seed": config.seed, "best_epoch": 2}
    more = {"params/total": 53_000, "params/trainable": 53_000, "time/fit_s": 4.5, "limit_batches": None}
    said = {
        key: value
        for key, value in asdict(info).items()
        if key in ("dataset", "source", "simulated", "segmentation", "split")
    }
    intervals = {"test/macro_f1": (0.4, 0.6)}
    write_json(folder.metrics, {**said, "notes": [], **facts, **more, **scores, "intervals": intervals})


@cache
def _network(seed: int) -> LayeredModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kachuee().eval()


def described(**changed: Any) -> DataInfo:
    """What simulated beats for the kachuee network say of themselves."""
    info = DataInfo(
        dataset="arrhythmia",
        classes=CLASSES,
        source="synthetic",
        simulated=True,
        segmentation="kaggle",
        fs=120.0,
        r_peak_s=0.0,
        shapes={"signal": (1, 187)},
        leads=("MLII",),
        wanted=("first",),
        databases=(),
        split="patients",
        by_patient=True,
        notes=(),
        fingerprint="f" * 64,
        counts={"train": dict.fromkeys(CLASSES, 3)},
    )
    return replace(info, **changed)


@pytest.fixture
def new_run() -> Callable[..., RunFolder]:
    """Makes a whole run folder."""
    return make_run


@pytest.fixture
def python() -> Callable[[str], str]:
    """Runs code in a process of its own; what it prints."""

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return run


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """A run folder that is made already, without files."""
    folder = RunFolder(tmp_path / "run")
    folder.make()
    return folder


@pytest.fixture
def tiny() -> Callable[[], LayeredModel]:
    """Makes a network with BatchNorm and dropout for three classes, always with the same weights."""

    def make() -> LayeredModel:
        torch.manual_seed(0)
        first = nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3))
        return LayeredModel({"fc": first, "head": nn.Linear(6, 3)}, input_shape=(1, 8), n_classes=3)

    return make


@pytest.fixture
def info() -> DataInfo:
    """What simulated beats of three classes would say of themselves."""
    return described(
        classes=("N", "S", "V"),
        shapes={"signal": (1, 8)},
        leads=("MLII", "V5"),
        notes=("a note",),
        fingerprint="abc",
        counts={"train": {"N": 3, "S": 2, "V": 1}},
    )
