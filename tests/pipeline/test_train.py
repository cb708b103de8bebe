"""What a run says and counts, beside its scores."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from ecg.config.compose import compose
from ecg.pipeline import report, run
from ecg.recordings.kaggle_csv import write_kaggle_csv
from ecg.runs.job import Job
from ecg.runs.run import Run, load_run

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


def load_run_history(folder: Path) -> float:
    from ecg.runs.reading import read_numbers

    return float(read_numbers(folder / "history.csv", ("seconds",))["seconds"].sum())
