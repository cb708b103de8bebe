"""history.csv and one log line per epoch."""

from __future__ import annotations

import csv
import logging
import math
import time
from pathlib import Path

import pandas as pd
import pytorch_lightning as pl

from ecg.atomic import whole_file
from ecg.config.root import mode_of
from ecg.runs.reading import read_numbers

log = logging.getLogger(__name__)

COLUMNS = (
    "epoch", "step", "lr", "train/loss", "val/loss", "val/accuracy", "val/balanced_accuracy", "val/macro_f1", "seconds"
)  # fmt: skip


class History(pl.Callback):
    """Writes one row per epoch, from 1, to `history.csv`; a resumed run goes on below the rows of its whole epochs.

    Args:
        path: the CSV file.
        monitor: the column that decides which epoch is best, for the log line.
    """

    def __init__(self, path: Path, monitor: str) -> None:
        self.path, self.monitor = path, monitor
        self.rows: list[dict[str, float]] = []
        self._start, self._validated = 0.0, False

    @property
    def columns(self) -> list[str]:
        """Those that every run has, then what else was logged."""
        return list(dict.fromkeys([*COLUMNS, *(name for row in self.rows for name in row)]))

    @property
    def table(self) -> pd.DataFrame:
        """All rows so far."""
        return pd.DataFrame(self.rows, columns=self.columns)

    @property
    def seconds(self) -> float:
        """Time spent in all epochs so far, those before a resumption included."""
        return sum(row["seconds"] for row in self.rows)

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the best value of `monitor`; None before the first."""
        column = self.table.get(self.monitor)
        if column is None or column.isna().all():
            return None
        row = column.argmin() if mode_of(self.monitor) == "min" else column.argmax()
        return int(self.table["epoch"].iloc[row])

    @property
    def best(self) -> float:
        """The best value of `monitor` so far; NaN before the first epoch."""
        column = self.table[self.monitor]
        return float(column.min() if mode_of(self.monitor) == "min" else column.max())

    def restore(self, epochs: int) -> None:
        """Take up the rows of the first `epochs` epochs of an interrupted run.

        Raises:
            EcgError: the file is damaged.
        """
        if self.path.exists():
            table = read_numbers(self.path, ("epoch", "seconds", self.monitor))
            rows = table[table["epoch"] <= epochs].to_dict("records")
            self.rows = [{str(name): value for name, value in row.items()} for row in rows]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._start, self._validated = time.perf_counter(), False

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note that this epoch has scores of its own."""
        self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the epoch's row."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        if not self._validated:  # Lightning keeps those of the last validation
            values = {name: v for name, v in values.items() if not name.startswith(("val/", "train/loss"))}
        if (loss := getattr(pl_module, "train_loss", None)) is not None and "train/loss" not in values:
            values["train/loss"] = float(loss)
        row = {name: values[name] for name in (*COLUMNS, *values) if name in values}
        row |= {"epoch": trainer.current_epoch + 1, "step": trainer.global_step}
        row |= {"lr": trainer.optimizers[0].param_groups[0]["lr"], "seconds": time.perf_counter() - self._start}
        self.rows.append(row)
        if trainer.is_global_zero:
            self._write()
            told = (name for name in dict.fromkeys(("train/loss", "val/loss", self.monitor)) if name in row)
            log.info(
                "epoch %d%s: %s%.0f s",
                row["epoch"],
                f"/{trainer.max_epochs}" if trainer.max_epochs and trainer.max_epochs > 0 else "",
                "".join(f"{name} {row[name]:.4f}, " for name in told),
                row["seconds"],
            )

    def _write(self) -> None:
        """All rows, without pandas: it takes longer than some epochs over cached features."""
        with whole_file(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(columns := self.columns)
            lines.writerows([_cell(row.get(name, math.nan)) for name in columns] for row in self.rows)


def _cell(value: float) -> str:
    """Every digit, since a resumed run decides by them which epoch is best; nothing for what is missing."""
    return "" if math.isnan(value) else repr(value)
