"""history.csv: one row per epoch, also across a resumption."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.errors import EcgError
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
        history.on_validation_epoch_end(trainer(epoch), None)  # type: ignore[arg-type]
        history.on_train_epoch_end(trainer(epoch, val__macro_f1=score, val__loss=1 - score), None)  # type: ignore[arg-type]


def test_there_is_a_row_per_epoch(tmp_path: Path) -> None:
    write(History(tmp_path / "history.csv", "val/macro_f1"), range(3), [0.1, 0.3, 0.2])
    table = pd.read_csv(tmp_path / "history.csv")
    assert tuple(table.columns) == COLUMNS
    assert table["epoch"].tolist() == [1, 2, 3]
    assert table["step"].tolist() == [10, 20, 30]
    assert table["val/macro_f1"].tolist() == [float(np.float32(value)) for value in (0.1, 0.3, 0.2)]
    assert table["lr"].tolist() == [0.01] * 3
    assert table["val/accuracy"].isna().all()


@pytest.mark.parametrize(("monitor", "best"), [("val/macro_f1", 0.3), ("val/loss", 0.7)])
def test_the_best_epoch_is_the_highest_score_or_the_lowest_loss(tmp_path: Path, monitor: str, best: float) -> None:
    history = History(tmp_path / "history.csv", monitor)
    write(history, range(3), [0.1, 0.3, 0.2])
    assert history.best_epoch == 2
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
    assert table["epoch"].tolist() == [1, 2, 3, 4]
    assert table["val/macro_f1"].tolist() == pytest.approx([0.1, 0.9, 0.4, 0.5])
    assert resumed.best_epoch == 2
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
    history.on_validation_epoch_end(last, None)  # type: ignore[arg-type]
    history.on_train_epoch_end(last, None)  # type: ignore[arg-type]
    resumed = History(path, "val/macro_f1")
    resumed.restore(1)
    write(resumed, range(1, 2), [0.5])
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table["step"].tolist() == ["1234567", "20"]
    assert table["val/macro_f1"].tolist() == [repr(float(np.float32(0.123456789))), "0.5"]
    assert table["val/accuracy"].tolist() == ["", ""]


near = st.integers(-3, 3).map(lambda steps: float(_next(0.87654321, steps)))


def _next(value: float, steps: int) -> np.float32:
    """The number that a float32 can hold so many steps further: they differ in the 8th digit."""
    found = np.float32(value)
    for _ in range(abs(steps)):
        found = np.nextafter(found, np.float32(np.sign(steps)) * np.float32(np.inf))
    return found


@pytest.mark.parametrize("monitor", ["val/macro_f1", "val/loss"])
@settings(deadline=None, max_examples=150)
@given(
    scores=st.lists(st.one_of(near, st.floats(0, 1, width=32)), min_size=2, max_size=6),
    killed=st.integers(1, 5),
)
def test_the_best_epoch_after_a_resumption_is_that_of_an_uninterrupted_run_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, monitor: str, scores: list[float], killed: int
) -> None:
    folder = tmp_path_factory.mktemp("history")
    killed = min(killed, len(scores) - 1)
    whole = History(folder / "whole.csv", monitor)
    write(whole, range(len(scores)), scores)
    path = folder / "parts.csv"
    write(History(path, monitor), range(killed), scores[:killed])
    resumed = History(path, monitor)
    resumed.restore(killed)
    write(resumed, range(killed, len(scores)), scores[killed:])
    assert (resumed.best_epoch, resumed.best) == (whole.best_epoch, whole.best)
    assert [row[monitor] for row in resumed.rows] == [row[monitor] for row in whole.rows]


def test_values_that_differ_in_the_8th_digit_are_told_apart_after_a_resumption(tmp_path: Path) -> None:
    """What six digits would make a tie, which the earlier epoch wins."""
    path, low, high = tmp_path / "history.csv", 0.87654321, float(_next(0.87654321, 1))
    assert f"{low:.6g}" == f"{high:.6g}"
    write(History(path, "val/macro_f1"), range(2), [low, high])
    resumed = History(path, "val/macro_f1")
    resumed.restore(2)
    write(resumed, range(2, 3), [high])
    assert resumed.best_epoch == 2


def test_an_epoch_without_validation_has_no_scores_but_its_own_training_loss(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv", "val/macro_f1")
    write(history, range(1), [0.5])
    history.on_train_epoch_start(trainer(1), None)  # type: ignore[arg-type]
    kept = trainer(1, val__macro_f1=0.5, val__loss=0.5, train__loss=0.9)  # Lightning's, of the epoch before
    history.on_train_epoch_end(kept, SimpleNamespace(train_loss=torch.tensor(0.25)))  # type: ignore[arg-type]
    table = pd.read_csv(tmp_path / "history.csv")
    assert table["train/loss"].tolist()[1] == 0.25
    assert table[["val/macro_f1", "val/loss"]].isna().to_numpy().tolist() == [[False, False], [True, True]]
    assert history.best_epoch == 1


def test_what_a_callback_logs_beside_has_a_column_of_its_own_across_a_resumption(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(History(path, "val/macro_f1"), range(1), [0.5])
    resumed = History(path, "val/macro_f1")
    resumed.restore(1)
    resumed.on_train_epoch_end(trainer(1, val__macro_f1=0.6, my__metric=7.0), None)  # type: ignore[arg-type]
    table = pd.read_csv(path)
    assert tuple(table.columns) == (*COLUMNS, "my/metric")
    assert table["my/metric"].tolist()[1] == 7
    assert np.isnan(table["my/metric"].tolist()[0])


@pytest.mark.parametrize("content", ["", "epoch,seconds\n0,1\n", "\0\0\0"])
def test_a_damaged_file_is_named_before_training_goes_on(tmp_path: Path, content: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(content)
    with pytest.raises(EcgError, match=rf"^{path} is damaged"):
        History(path, "val/macro_f1").restore(1)
