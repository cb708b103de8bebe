"""The bar of a training, on a terminal that is a string; and log lines beside it."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
import pytorch_lightning as pl
from rich.console import Console

from ecg.commands.output import Plain, Terminal
from ecg.data import BeatData
from ecg.training import BeatClassifier
from ecg.training.bar import TrainingBar

pytestmark = pytest.mark.filterwarnings("ignore")


def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=140, legacy_windows=False)


def fitted(data: BeatData, module: BeatClassifier, console: Console, *more: pl.Callback, **settings: Any) -> pl.Trainer:
    quiet: dict[str, Any] = {"logger": False, "enable_model_summary": False, "enable_checkpointing": False}
    given: dict[str, Any] = {"accelerator": "cpu", "max_epochs": 3, "num_sanity_val_steps": 0, **quiet, **settings}
    trainer = pl.Trainer(callbacks=[TrainingBar("val/macro_f1", console), *more], **given)
    trainer.fit(module, datamodule=data)
    return trainer


class Watch(pl.Callback):
    """Keeps what the bar shows at each epoch's end."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, float, float | None, str]] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        (bar,) = (one for one in trainer.callbacks if isinstance(one, TrainingBar))  # type: ignore[attr-defined]
        assert bar._progress is not None
        (task,) = bar._progress.tasks
        self.shown.append((task.description, task.completed, task.total, task.fields["said"]))


def test_it_counts_all_epochs_together_and_says_loss_and_score(
    data: BeatData, of_rows: Callable[..., BeatClassifier]
) -> None:
    console, watch = screen(), Watch()
    fitted(data, of_rows(), console, watch)
    each = len(data.train_dataloader())
    assert [one[:3] for one in watch.shown] == [(f"epoch {i} of 3", i * each, 3 * each) for i in (1, 2, 3)]
    assert all(said.startswith("train/loss ") and "  val/macro_f1 " in said for *_, said in watch.shown)
    assert "epoch 1 of 3" in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_is_piped_elsewhere_stays_there(
    data: BeatData, of_rows: Callable[..., BeatClassifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Says(pl.Callback):
        def on_train_epoch_end(self, *_: Any) -> None:
            print("a line of the log")

    console, piped = screen(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", piped)
    fitted(data, of_rows(), console, Says())
    assert piped.getvalue().count("a line of the log") == 3
    assert "a line of the log" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_training_without_an_end_is_counted_without_one(
    data: BeatData, of_rows: Callable[..., BeatClassifier]
) -> None:
    watch = Watch()
    fitted(data, of_rows(), screen(), watch, max_epochs=-1, max_steps=2 * len(data.train_dataloader()))
    assert watch.shown[0][0] == "epoch 1"
    assert watch.shown[0][2] is None


def test_it_goes_away_when_a_training_fails(data: BeatData, of_rows: Callable[..., BeatClassifier]) -> None:
    class Fails(pl.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            raise RuntimeError("stop")

    bar = TrainingBar("val/macro_f1", screen())
    with pytest.raises(RuntimeError, match="stop"):
        pl.Trainer(
            accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, callbacks=[bar, Fails()]
        ).fit(of_rows(), datamodule=data)
    assert bar._progress is None


def test_log_lines_go_to_where_standard_output_is_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = Terminal()
    handler.setFormatter(Plain("%(message)s"))
    for level, said in ((logging.INFO, "fine"), (logging.WARNING, "look")):
        shown = io.StringIO()
        monkeypatch.setattr(sys, "stdout", shown)
        handler.emit(logging.LogRecord("ecg", level, "", 0, "%s here", (said,), None))
        clock, _, rest = shown.getvalue().partition(" ")
        assert len(clock) == len("12:34:56")
        assert rest == ("WARNING: look here\n" if level == logging.WARNING else "fine here\n")
