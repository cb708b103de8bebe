"""One bar for a whole training: epoch, loss, what chooses the epoch, and the time that is left."""

from __future__ import annotations

import math
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ecg.progress import live

EVERY_S = 0.1
"""How often the bar is told of batches: telling it of each would be a good part of a small step."""


class TrainingBar(ProgressBar):
    """Shows on a terminal how far all epochs together are; what is logged meanwhile goes above it.

    Args:
        monitor: the score that is shown beside the loss.
        console: where; standard error by default.
    """

    def __init__(self, monitor: str, console: Console | None = None) -> None:
        super().__init__()
        self.monitor, self.console = monitor, console or Console(stderr=True)
        self._progress: Progress | None = None
        self._told, self._done = 0.0, 0

    def disable(self) -> None:
        """Part of Lightning's bars: this one is made where it is wanted."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show it; a resumed training begins where it was."""
        columns = (
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeRemainingColumn()
        )  # fmt: skip
        self._progress = live(self.console, *columns, speed_estimate_period=300)
        each, epochs = float(trainer.num_training_batches), trainer.max_epochs or -1
        total = each * epochs if epochs > 0 and math.isfinite(each) else None
        self._done = int(trainer.current_epoch * each) if total else 0
        self._task = self._progress.add_task(_epoch(trainer), total=total, completed=self._done, said="")
        self._progress.start()

    def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Say which."""
        if self._progress is not None:
            self._progress.update(self._task, description=_epoch(trainer))

    def on_train_batch_end(self, *_: Any) -> None:
        """One more."""
        self._done += 1
        if self._progress is not None and time.monotonic() - self._told > EVERY_S:
            self._told = time.monotonic()
            self._progress.update(self._task, completed=self._done)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what the epoch gave."""
        if self._progress is None:
            return
        found = {name: float(value) for name, value in trainer.callback_metrics.items()}
        if (loss := getattr(pl_module, "train_loss", None)) is not None:
            found.setdefault("train/loss", float(loss))
        said = "  ".join(f"{name} {found[name]:.4f}" for name in ("train/loss", self.monitor) if name in found)
        self._progress.update(self._task, completed=self._done, said=said)

    def on_train_end(self, *_: Any) -> None:
        """Take it away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def on_exception(self, *_: Any) -> None:
        """Take it away."""
        self.on_train_end()


def _epoch(trainer: pl.Trainer) -> str:
    number = trainer.current_epoch + 1
    return f"epoch {number} of {trainer.max_epochs}" if (trainer.max_epochs or -1) > 0 else f"epoch {number}"
