"""The LightningModule: one step, one validation, one choice of optimizer, for any layered model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ecg.metrics.classification import validation_metrics
from ecg.models import LayeredModel
from ecg.training.augment import Augment
from ecg.training.optimizers import OptimizerRule, ScheduleRule

NEVER = 2**62
"""A frequency in epochs at which Lightning never steps a schedule by itself."""


class Classifier(pl.LightningModule):
    """Learns the weights of a layered model.

    Logs `train/loss`, `val/loss`, `val/accuracy`, `val/balanced_accuracy` and `val/macro_f1` per epoch.

    Args:
        model: gives logits [beat, class] for beats [beat, channel, sample].
        loss: scalar of logits and class numbers.
        optimizer: from parameters to an optimizer.
        schedule: from an optimizer and the number of steps to a scheduler.
        augment: changes training beats; None leaves them.
        frozen: names of layers that do not move: no gradient, and eval mode even inside training steps, so that
            BatchNorm statistics stay and dropout is off; and float32 whatever the precision, as where what they give
            is computed beforehand (`ecg.transfer.features`).
        lr_decay: factor on the learning rate for each layer further from the head.
        seed: dropout and augmentation in epoch e depend on the seed and e alone, so that a resumed run equals an
            uninterrupted one.
    """

    def __init__(
        self,
        model: LayeredModel,
        *,
        loss: nn.Module,
        optimizer: OptimizerRule,
        schedule: ScheduleRule,
        augment: Augment | None = None,
        frozen: Sequence[str] = (),
        lr_decay: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model, self._loss = model, loss
        self.augment = augment or Augment()
        self.frozen, self.lr_decay = tuple(frozen), lr_decay
        for name in self.frozen:
            model.layers[name].requires_grad_(False)
        self.optimizer_rule, self.schedule_rule, self.seed = optimizer, schedule, seed
        self._losses: list[Tensor] = []  # of this epoch's training batches
        self.scores = nn.ModuleDict({side: validation_metrics(model.n_classes) for side in ("val", "test")})
        self.train()  # Lightning keeps the modes that it finds, and whoever used the model before left it in eval mode

    def train(self, mode: bool = True) -> Classifier:
        """Switch to training, but for the frozen layers."""
        super().train(mode)
        for name in self.frozen:
            self.model.layers[name].eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape [beat, class]."""
        for name, layer in self.model.layers.items():
            x = _in_float32(layer, x) if name in self.frozen else layer(x)
        return x

    def on_train_epoch_start(self) -> None:
        """Make the epoch's dropout independent of what ran before it in this process."""
        self._losses.clear()
        torch.manual_seed((self.seed * 1_000_003 + self.current_epoch) * 1_009 + self.global_rank)

    def on_train_epoch_end(self) -> None:
        """Step the plateau schedule before the epoch's checkpoint is written, so that it is resumed as it was."""
        schedule = self.lr_schedulers()
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(self.trainer.callback_metrics["val/loss"])

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch."""
        x, y = batch
        loss: Tensor = self._loss(self(self.augment(x)).float(), y)
        self._losses.append(loss.detach())
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Scores of one validation batch."""
        self._evaluate("val", batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Scores of one test batch."""
        self._evaluate("test", batch)

    def _evaluate(self, side: str, batch: tuple[Tensor, Tensor]) -> None:
        x, y = batch
        logits = self(x).float()
        self.log(f"{side}/loss", self._loss(logits, y), on_epoch=True, batch_size=len(y), sync_dist=True)
        scores: Any = self.scores[side]
        scores.update(logits, y)

    def on_validation_epoch_end(self) -> None:
        """Log the scores over all validation beats, and the mean loss of the training batches before them."""
        self._log_scores("val")
        if self._losses:  # once: `self.log` in each step is a good part of a small model's step
            self.log("train/loss", torch.stack(self._losses).mean(), sync_dist=True)

    def on_test_epoch_end(self) -> None:
        """Log the scores over all test beats."""
        self._log_scores("test")

    def _log_scores(self, side: str) -> None:
        scores: Any = self.scores[side]
        self.log_dict({f"{side}/{name}": value for name, value in scores.compute().items()}, sync_dist=True)
        scores.reset()

    def _groups(self) -> list[Parameter] | list[dict[str, Any]]:
        """What learns: one group, or with `lr_decay` one for each layer, the head's first."""
        if self.lr_decay == 1:
            return [p for p in self.parameters() if p.requires_grad]
        layers = [[p for p in layer.parameters() if p.requires_grad] for layer in self.model.layers.values()]
        return [{"params": p, "lr_factor": self.lr_decay**i} for i, p in enumerate(reversed(layers)) if p]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer over the parameters that learn, with its schedule."""
        optimizer = self.optimizer_rule(self._groups())
        scheduler = self.schedule_rule(optimizer, int(self.trainer.estimated_stepping_batches))
        if scheduler is None:
            return optimizer
        if isinstance(scheduler, ReduceLROnPlateau):
            # Lightning would step it after the checkpoint is written; see on_train_epoch_end
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": scheduler, "monitor": "val/loss", "frequency": NEVER},
            }
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _in_float32(layer: nn.Module, x: Tensor) -> Tensor:
    """What a layer gives outside of mixed precision."""
    with torch.autocast(x.device.type, enabled=False):
        out: Tensor = layer(x.float())
    return out
