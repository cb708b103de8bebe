"""Run folders as runs leave them, made without training: transfers, controls, seeds, failures."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ecg.metrics.confusion import confusion_matrix
from ecg.metrics.registry import counted

CLASSES = ("healthy", "MI")
LAYERS, TOTAL = 8, 5_125_125
TRAINED = {1: 66, 2: 8_290, 3: 270_690, 4: 4_990_000, 5: 5_090_000, 6: 5_115_000, 7: 5_124_000, 8: TOTAL}
SCORE = {1: 0.66, 2: 0.70, 3: 0.74, 4: 0.75, 5: 0.745, 6: 0.74, 7: 0.735, 8: 0.73}
NOTE = "42 of 290 patients have one recording only."


def fake_run(
    folder: Path,
    *,
    k: int | None = 3,
    seed: int = 0,
    source: str | None = None,
    metrics: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    overrides: tuple[str, ...] | None = None,
    fingerprint: str = "f" * 64,
    started: str = "2026-11-23T05:00:00+00:00",
    beats: int = 400,
    beats_seed: int = 0,
) -> Path:
    """A finished MI run; `metrics` and `config` (dotted keys) are put over what it would have."""
    folder.mkdir(parents=True)
    kind = "scratch" if k is None else f"{'random-' if source == 'random' else ''}k{k}"
    rng = np.random.default_rng(zlib.crc32(f"{kind}{seed}{config}".encode()))
    quality = 0.70 if k is None else SCORE[k] - (0.17 - 0.02 * k if source == "random" else 0)
    quality += rng.normal(0, 0.012) + (0.02 if (config or {}).get("transfer.init") == "fresh" else 0)
    settings = _config(k, seed, source) | dict(config or {})
    _write(folder / "config.yaml", yaml.safe_dump(_nested(settings)))
    typed = overrides if overrides is not None else _typed(k, seed)
    _write(folder / ".hydra" / "config.yaml", yaml.safe_dump(_nested(settings)))
    _write(folder / "wandb" / "offline-run-1" / "files" / "config.yaml", "dataset: {value: {_target_: a.b}}\n")
    _write(folder / "provenance.json", json.dumps(_provenance(seed, fingerprint, started, typed)))
    scores = _predictions(folder, np.random.default_rng(beats_seed), rng, quality, beats)
    _history(folder, rng, quality, epochs=12 if k is None else 8)
    content = {
        "dataset": "mi", "source": "ptb-xl", "simulated": False, "segmentation": "kaggle", "split": "patients",
        "notes": [NOTE],
        "name": f"mi-cnn-{kind}-seed{seed}", "job_type": "scratch" if k is None else "transfer",
        "model": "cnn", "seed": seed, "best_epoch": 5, "limit_batches": None, "best/val/macro_f1": quality + 0.01,
        "params/total": TOTAL, "params/trainable": TRAINED[k or LAYERS],
        "time/fit_s": 4.0 + 2.1 * (k or 25) + rng.random(), "time/total_s": 9.0 + 2.1 * (k or 25),
        "transfer/trainable_layers": k, "transfer/layers": LAYERS, "transfer/cached": k is not None,
        "transfer/features": None if k is None else source or "source",
        **scores, **_baselines(), **dict(metrics or {}),
    }  # fmt: skip
    intervals = {
        key: [content[key] - 0.04, content[key] + 0.035] for key in ("test/macro_f1", "subject/auroc") if content[key]
    }
    _write(folder / "metrics.json", json.dumps(content | {"intervals": intervals}))
    return folder


def fake_failure(folder: Path, message: str = "CUDA is not here") -> Path:
    """A job that failed after its configuration was written."""
    _write(folder / "config.yaml", yaml.safe_dump(_nested(_config(5, 1, None))))
    _write(folder / "error.txt", f"{message}\n{' '.join(_typed(5, 1))}\n")
    return folder


def fake_unfinished(folder: Path, epochs: int = 2) -> Path:
    """A job that was broken off."""
    _write(folder / "config.yaml", yaml.safe_dump(_nested(_config(6, 1, None))))
    _write(folder / "provenance.json", json.dumps(_provenance(1, "f" * 64, "2026-11-23T05:00:00+00:00", _typed(6, 1))))
    _write(folder / "history.csv", "epoch,val/loss\n" + "".join(f"{i},0.5\n" for i in range(epochs)))
    return folder


def fake_sweep(root: Path, *, ks: tuple[int, ...] = tuple(range(1, 9)), seeds: tuple[int, ...] = (0, 1, 2)) -> Path:
    """The study: k = 1..8, from scratch, and frozen random networks, over seeds."""
    number = 0
    for k, source in [*((k, None) for k in ks), *((k, "random") for k in ks[:4]), (None, None)]:
        for seed in seeds:
            fake_run(root / f"{number}_mi-cnn", k=k, seed=seed, source=source)
            number += 1
    _write(root / "multirun.yaml", "hydra: {}\n")
    return root


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A small study with a failed and an unfinished job."""
    root = fake_sweep(tmp_path / "2026-11-23_05-00-00-000000", ks=(1, 2, 8), seeds=(0, 1))
    fake_failure(root / "20_mi-cnn-k5-seed1")
    fake_unfinished(root / "21_mi-cnn-k6-seed1")
    return root


def _typed(k: int | None, seed: int) -> tuple[str, ...]:
    return ("dataset=mi", f"transfer.trainable_layers={k}", f"seed={seed}")


def _config(k: int | None, seed: int, source: str | None) -> dict[str, Any]:
    return {
        "dataset._target_": "ecg.data.MIDataModule",
        "dataset.source": "ptb-xl", "dataset.segmentation": "kaggle", "dataset.split": "auto",
        "dataset.folds.count": 1, "dataset.folds.index": 0, "dataset.folds.repeat": 0,
        "model._target_": "ecg.models.cnn", "model.dropout": 0.3,
        "optimizer._target_": "torch.optim.AdamW", "optimizer.lr": 0.002,
        "trainer._target_": "pytorch_lightning.Trainer", "trainer.max_epochs": 10,
        "transfer.trainable_layers": k, "transfer.source": source, "transfer.init": "source",
        "transfer.probe_first": False,
        "logger.wandb._target_": "ecg.training.wandb_logger", "logger.wandb.mode": "auto",
        "logger.wandb.project": "ecg", "logger.wandb.group": None, "logger.wandb.tags": [],
        "seed": seed, "data_dir": None, "output_dir": f"outputs{seed}", "resume": None, "bootstrap": 2000,
    }  # fmt: skip


def _provenance(seed: int, fingerprint: str, started: str, typed: tuple[str, ...]) -> dict[str, Any]:
    return {
        "ecg": "0.1.0", "git": {"commit": "b5a03fe654daebee3a62dfef787cd04e178c7169", "dirty": False},
        "code": "0" * 16, "command": ["train.py", "-m", "experiment=layer_sweep"], "settings": list(typed),
        "python": "3.11.7",
        "versions": {"torch": "2.13.0+cpu"},
        "host": {"name": "vm", "system": "Linux", "cores": 2}, "started": started, "seed": seed,
        "data_fingerprint": fingerprint, "precision": "32-true", "wandb_id": "abc123",
    }  # fmt: skip


def _predictions(
    folder: Path, which: np.random.Generator, rng: np.random.Generator, quality: float, beats: int
) -> dict[str, float]:
    target = (which.random(beats) < 0.6).astype(np.int64)
    right = rng.random(beats) < quality
    predicted = np.where(right, target, 1 - target)
    sure = rng.uniform(0.5, 1, beats)
    rows = ["record,patient,sample,label,predicted,p_healthy,p_MI"]
    for i in range(beats):
        p = sure[i] if predicted[i] else 1 - sure[i]
        rows.append(f"r{i // 10},p{i // 20},{100 * i},{CLASSES[target[i]]},{CLASSES[predicted[i]]},{1 - p:.6f},{p:.6f}")
    _write(folder / "predictions.csv", "\n".join(rows) + "\n")
    scores = counted(confusion_matrix(target, predicted, 2), CLASSES)
    found = {f"test/{key}": float(value) for key, value in scores.items()}
    level = {
        f"subject/{key}": min(0.99, quality + 0.06) for key in ("accuracy", "balanced_accuracy", "macro_f1", "auroc")
    }
    return found | {"test/auroc": min(0.99, quality + 0.05), "test/ece": 0.08} | level


def _baselines() -> dict[str, float]:
    values = {"majority": (0.6, 0.5, 0.375), "nearest": (0.63, 0.61, 0.605)}
    names = ("accuracy", "balanced_accuracy", "macro_f1")
    return {
        f"baseline/{who}/{level}/{name}": value
        for who, found in values.items()
        for level in ("test", "subject")
        for name, value in zip(names, found, strict=True)
    }


def _history(folder: Path, rng: np.random.Generator, quality: float, epochs: int) -> None:
    rows = ["epoch,step,lr,train/loss,val/loss,val/accuracy,val/balanced_accuracy,val/macro_f1,seconds"]
    for epoch in range(epochs):
        rise = 1 - np.exp(-0.6 * (epoch + 1))
        score = quality * rise + rng.normal(0, 0.01)
        loss = 0.9 - 0.4 * quality * rise + 0.004 * epoch**1.5
        rows.append(
            f"{epoch},{50 * epoch + 50},0.001,{loss - 0.05:.4f},{loss:.4f},{score:.4f},{score:.4f},{score:.4f},1.2"
        )
    _write(folder / "history.csv", "\n".join(rows) + "\n")


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in flat.items():
        *parts, last = key.split(".")
        place = found
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
