"""What a run says and counts, beside its scores."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl

from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.pipeline import fitting, report, run
from ecg.recordings.kaggle_csv import write_kaggle_csv
from ecg.runs.job import Job
from ecg.runs.run import Run, load_run
from ecg.training.history import History
from ecg.training.trainer import make_trainer

pytestmark = pytest.mark.filterwarnings("ignore")
QUICK = ("model=kachuee", "trainer=cpu", "logger=none", "bootstrap=0", "threads=1", "dataset.batch_size=16")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "run_figures", lambda *_, **__: {})


def trained(folder: Path, *overrides: str, resume: bool = False) -> Run:
    run(compose(*QUICK, f"cache_dir={folder.parent / 'cache'}", *overrides), Job(folder, resume=resume))
    return load_run(folder)


def test_a_class_without_training_beats_is_said_in_log_results_and_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    for name in ("mitbih_train.csv", "mitbih_test.csv"):
        x = rng.random((80, 187), dtype=np.float32)
        write_kaggle_csv(tmp_path / "data" / "kaggle" / name, x, np.arange(80, dtype=np.int64) % 3)
    with caplog.at_level(logging.WARNING):
        found = trained(
            tmp_path / "run", "dataset.source=kaggle", f"data_dir={tmp_path / 'data'}", "trainer.max_epochs=1"
        )
    note = "No training beats of class F, Q: the model cannot learn what it never sees."
    assert note in caplog.text
    assert note in found.metrics["notes"]
    assert note in found.weights.info.notes


SMALL = ("dataset=mi", "dataset.source=synthetic", "dataset.synthetic.patients=8", "dataset.synthetic.minutes=0.5")
PROBED = ("transfer=random", "transfer.trainable_layers=3", "transfer.probe_first=true", "transfer.probe_epochs=2")


def test_the_head_alone_counts_as_training_time_also_after_a_resumption(tmp_path: Path) -> None:
    whole = trained(tmp_path / "run", *SMALL, *PROBED, "trainer.max_epochs=1")
    own = whole.history["seconds"].sum()
    probe = load_run_history(tmp_path / "run" / "probe")
    assert whole.metrics["time/probe_s"] == pytest.approx(probe, abs=0.011)
    assert whole.metrics["time/fit_s"] == pytest.approx(own + probe, abs=0.011)
    assert whole.metrics["time/total_s"] >= whole.metrics["time/fit_s"]
    (tmp_path / "run" / "metrics.json").unlink()
    again = trained(tmp_path / "run", *SMALL, *PROBED, "trainer.max_epochs=1", resume=True)
    assert again.metrics["time/fit_s"] == whole.metrics["time/fit_s"]
    assert again.metrics["time/total_s"] >= again.metrics["time/fit_s"]
    assert again.metrics["best_epoch"] == whole.metrics["best_epoch"]


@pytest.mark.parametrize("monitor", ["loss", "val/luck", "test/accuracy"])
def test_a_monitor_that_no_epoch_has_is_refused_before_any_data_is_read(tmp_path: Path, monitor: str) -> None:
    with pytest.raises(EcgError) as told:
        trained(tmp_path / "run", *SMALL, f"monitor={monitor}")
    assert str(told.value).startswith(f"monitor={monitor}: choose one of val/loss, val/accuracy, ")
    assert str(told.value).isprintable()
    assert [path.name for path in tmp_path.rglob("*")] in (["run"], ["run", ".lock"])  # no cache


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "callbacks.easy_beats.at_least={X: 1}",
            "callbacks.easy_beats.at_least: no class X; the classes are N, S, V, ",
        ),
        ("dataset.scaling=mv", "augment=warp: bends beats that are scaled to 0..1; choose dataset.scaling=minmax"),
        ("augment=mixup", "callbacks.easy_beats: weighs single beats, and augment=mixup mixes two; choose another"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_any_data_is_read(tmp_path: Path, setting: str, said: str) -> None:
    of_compact = ("experiment=compact", "dataset.source=synthetic", "dataset.split=beats", "dataset.val_fraction=0.1")
    with pytest.raises(EcgError) as told:
        run(compose(*of_compact, "logger=none", f"cache_dir={tmp_path / 'cache'}", setting), Job(tmp_path / "run"))
    assert str(told.value).startswith(said)
    assert [path.name for path in tmp_path.rglob("*")] in (["run"], ["run", ".lock"])  # no cache


@pytest.mark.parametrize(
    ("typed", "processor", "precision"),
    [
        ("32-true", "", "32-true"),
        ("bf16-mixed", "", "bf16-mixed"),
        ("auto", "flags : avx2", "32-true"),
        ("auto", "flags : amx_bf16", "bf16-mixed"),
    ],
)
def test_the_precision_that_is_kept_is_the_one_that_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, processor: str, precision: str
) -> None:
    (tmp_path / "cpuinfo").write_text(processor)
    monkeypatch.setattr("ecg.training.processor.CPU_INFO", tmp_path / "cpuinfo")
    trainers: list[pl.Trainer] = []

    def made(*given: Any, **more: Any) -> tuple[pl.Trainer, History]:
        trainer, history = make_trainer(*given, **more)
        trainers.append(trainer)
        return trainer, history

    monkeypatch.setattr(fitting, "make_trainer", made)
    found = trained(tmp_path / "run", *SMALL, f"trainer.precision={typed}", "trainer.max_epochs=1")
    assert [trainer.precision for trainer in trainers] == [precision]
    assert found.provenance["precision"] == precision


def load_run_history(folder: Path) -> float:
    from ecg.runs.reading import read_numbers

    return float(read_numbers(folder / "history.csv", ("seconds",))["seconds"].sum())
