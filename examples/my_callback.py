"""A Lightning callback of one's own."""

import time

import pytorch_lightning as pl


class LongestEpoch(pl.Callback):
    """Logs how long the longest epoch took so far."""

    def __init__(self) -> None:
        self.longest, self.began = 0.0, 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log it; it becomes a column of history.csv."""
        if trainer.sanity_checking:
            return
        self.longest = max(self.longest, time.perf_counter() - self.began)
        pl_module.log("longest_epoch_s", self.longest)
