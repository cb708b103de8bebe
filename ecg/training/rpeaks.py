"""Training of the R-peak detector: the loss of its windows, and the LightningModule."""

from __future__ import annotations

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ecg.beats.rpeaks.network import RPeakNet
from ecg.checks import in_range
from ecg.data.rpeaks.windows import PeakBatch
from ecg.training.optimizers import OptimizerLike, SchedulerLike, make_optimizer, make_scheduler, mixed, step_plateaus


class RPeakLoss(nn.Module):
    """Binary cross-entropy of what counts, in which the surroundings of beats weigh more.

    Args:
        beat_weight: how much more a beat's middle weighs than the rest.

    Raises:
        BadSettingError: it is below 0.
    """

    def __init__(self, beat_weight: float = 2.0) -> None:
        super().__init__()
        in_range("beat_weight", beat_weight, 0)
        self.beat_weight = beat_weight

    def forward(self, logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
        """The mean over what counts; all of shape [window, time]."""
        weight = (1 + self.beat_weight * target) * counts
        loss = binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
        return (loss * weight).sum() / counts.sum().clamp(min=1)


class RPeakTraining(pl.LightningModule):
    """One network that learns to say where QRS complexes are.

    Args:
        model: the network.
        loss: from logits, target and what counts to a number.
        optimizer, scheduler: see `ecg.training.optimizers`.
        seed: of the epochs' random numbers.
    """

    def __init__(
        self,
        model: RPeakNet,
        *,
        loss: nn.Module,
        optimizer: OptimizerLike,
        scheduler: SchedulerLike = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model, self.loss, self.seed = model, loss, seed
        self.optimizer_like, self.scheduler_like = optimizer, scheduler
        self._losses: list[Tensor] = []

    @property
    def train_loss(self) -> Tensor | None:
        """Mean loss of this epoch's training batches so far; None before the first."""
        return torch.stack(self._losses).mean() if self._losses else None

    def on_train_epoch_start(self) -> None:
        """Forget the losses of the epoch before, and draw anew: a resumed run equals an uninterrupted one."""
        self._losses.clear()
        torch.manual_seed((self.seed * 1_000_003 + self.current_epoch) * 1_009 + self.global_rank)

    def on_train_epoch_end(self) -> None:
        """Step a plateau scheduler before the epoch's checkpoint is written, so that it is resumed as it was."""
        step_plateaus(self.trainer)

    def training_step(self, batch: PeakBatch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        signal, target, counts = batch
        loss: Tensor = self.loss(self.model(signal), target, counts)
        self._losses.append(loss.detach())
        return loss

    def validation_step(self, batch: PeakBatch, batch_idx: int) -> None:
        """Loss of one validation batch."""
        signal, target, counts = batch
        value = self.loss(self.model(signal), target, counts)
        self.log("val/loss", value, on_epoch=True, batch_size=len(signal), sync_dist=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer over all parameters, with its scheduler."""
        clipped = self.trainer.gradient_clip_val is not None and mixed(self.trainer)
        optimizer = make_optimizer(self.optimizer_like, list(self.model.parameters()), clipped=clipped)
        steps, epochs = self.trainer.estimated_stepping_batches, self.trainer.max_epochs
        scheduler = make_scheduler(self.scheduler_like, optimizer, steps, epochs)
        return optimizer if scheduler is None else {"optimizer": optimizer, "lr_scheduler": scheduler}
