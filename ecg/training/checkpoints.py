"""Which weights of a training are kept: those of the best epoch, and all that it takes to go on from the last one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging

from ecg.atomic import whole_file
from ecg.errors import EcgError
from ecg.training.ema import averaged

KEPT: dict[str, Any] = {"save_on_train_epoch_end": True, "enable_version_counter": False}


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints straight to their files: Lightning makes two copies in memory, which takes thrice as long."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write all of it, or leave the file that was there.

        Raises:
            EcgError: the folder cannot be written or the disk is full.
        """
        try:
            with whole_file(Path(path)) as temporary, temporary.open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            # PyTorch's own complaint about a file that ends too early hides why
            why = error if isinstance(error, OSError) else error.__context__
            if not isinstance(why, OSError):
                raise
            raise EcgError(
                f"cannot write {path}: {why.strerror}; make room, then go on with resume= and the run's folder"
            ) from None


class BestEpoch(ModelCheckpoint):
    """best.ckpt: the weights of the best epoch, or their moving average, without the optimizer's state.

    Args:
        average: of the weights, where there is one.
        given: for `ModelCheckpoint`.
    """

    def __init__(self, average: WeightAveraging | None, **given: Any) -> None:
        super().__init__(filename="best", save_weights_only=True, **KEPT, **given)
        self._average = average

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the weights that were validated, if they are the best so far."""
        if self.monitor not in trainer.callback_metrics:  # no validation yet: check_val_every_n_epoch, or none at all
            return
        with averaged(self._average, pl_module):
            super().on_train_epoch_end(trainer, pl_module)


class LastEpoch(ModelCheckpoint):
    """last.ckpt: the end of the newest whole epoch, but no more often than every `EVERY_S`; and of the last one.

    A checkpoint with the optimizer's state is four times the model: after each of many short epochs, writing would take
    longer than training. What a killed run did since is done again, with the same result.
    """

    EVERY_S = 20.0

    def __init__(self, **given: Any) -> None:
        # not save_last=True: that skips epochs that are not the best
        super().__init__(filename="last", **KEPT, **given)
        self._written = float("-inf")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write, if the last time is long ago or there will be no other; early stopping has spoken before."""
        ends = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        ends = ends or trainer.global_step >= trainer.max_steps > 0
        if ends or time.monotonic() - self._written >= self.EVERY_S:
            super().on_train_epoch_end(trainer, pl_module)
            self._written = time.monotonic()
