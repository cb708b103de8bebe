"""history.csv: one row per epoch, also across a resumption."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from ecg.training.history import COLUMNS, History


def trainer(epoch: int, **metrics: float) -> SimpleNamespace:
    """What History asks of a trainer at the end of an epoch."""
    return SimpleNamespace(
        current_epoch=epoch,
        max_epochs=4,
        global_step=10 * (epoch + 1),
        is_global_zero=True,
        callback_metrics={name.replace("__", "/"): torch.tensor(value) for name, value in metrics.items()},
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.01}])],
    )


def write(history: History, epochs: range, scores: list[float]) -> None:
    for epoch, score in zip(epochs, scores, strict=True):
        history.on_train_epoch_start(trainer(epoch), None)  # type: ignore[arg-type]
        history.on_train_epoch_end(trainer(epoch, val__macro_f1=score, val__loss=1 - score), None)  # type: ignore[arg-type]


def test_there_is_a_row_per_epoch(tmp_path: Path) -> None:
    write(History(tmp_path / "history.csv", "val/macro_f1"), range(3), [0.1, 0.3, 0.2])
    table = pd.read_csv(tmp_path / "history.csv")
    assert tuple(table.columns) == COLUMNS
    assert table["epoch"].tolist() == [0, 1, 2]
    assert table["step"].tolist() == [10, 20, 30]
    assert table["val/macro_f1"].tolist() == [0.1, 0.3, 0.2]
    assert table["lr"].tolist() == [0.01] * 3
    assert table["val/accuracy"].isna().all()


@pytest.mark.parametrize(("monitor", "best"), [("val/macro_f1", 0.3), ("val/loss", 0.7)])
def test_the_best_epoch_is_the_highest_score_or_the_lowest_loss(tmp_path: Path, monitor: str, best: float) -> None:
    history = History(tmp_path / "history.csv", monitor)
    write(history, range(3), [0.1, 0.3, 0.2])
    assert history.best_epoch == 1
    assert history.best == pytest.approx(best)


def test_before_the_first_epoch_there_is_no_best(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv", "val/macro_f1")
    assert history.best_epoch is None
    assert np.isnan(history.best)
    assert history.seconds == 0


def test_resuming_drops_the_row_of_the_epoch_that_is_repeated(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(History(path, "val/macro_f1"), range(3), [0.1, 0.9, 0.2])
    resumed = History(path, "val/macro_f1")
    resumed.restore(2)
    write(resumed, range(2, 4), [0.4, 0.5])
    table = pd.read_csv(path)
    assert table["epoch"].tolist() == [0, 1, 2, 3]
    assert table["val/macro_f1"].tolist() == [0.1, 0.9, 0.4, 0.5]
    assert resumed.best_epoch == 1
    assert resumed.seconds == pytest.approx(sum(row["seconds"] for row in resumed.rows))
    assert len(resumed.rows) == 4


def test_a_run_killed_before_its_first_row_has_nothing_to_restore(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv", "val/macro_f1")
    history.restore(1)
    assert history.rows == []


def test_a_run_that_starts_afresh_ignores_an_old_file(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(History(path, "val/macro_f1"), range(3), [0.1, 0.9, 0.2])
    write(History(path, "val/macro_f1"), range(1), [0.5])
    assert pd.read_csv(path)["val/macro_f1"].tolist() == [0.5]


def test_whole_numbers_stay_whole_and_what_is_missing_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    last = trainer(0, val__macro_f1=0.123456789)
    last.global_step = 1_234_567
    history = History(path, "val/macro_f1")
    history.on_train_epoch_end(last, None)  # type: ignore[arg-type]
    resumed = History(path, "val/macro_f1")
    resumed.restore(1)
    write(resumed, range(1, 2), [0.5])
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table["step"].tolist() == ["1234567", "20"]
    assert table["val/macro_f1"].tolist() == ["0.123457", "0.5"]
    assert table["val/accuracy"].tolist() == ["", ""]
