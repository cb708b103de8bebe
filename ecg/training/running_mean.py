"""A running mean of the weights, which generalises better than the last step's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class RunningMean(WeightAveraging):
    """Exponential moving mean of all weights and BatchNorm statistics, updated every step.

    It replaces the weights for validation and in checkpoints. The decay rises from 0.1 to its value, min(decay,
    (1 + n) / (10 + n)) after n updates, so that a short run is not held back by its first steps (the rule of
    TensorFlow's ExponentialMovingAverage).

    Args:
        decay: share of the old mean kept at each step, in the long run.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        super().__init__(multi_avg_fn=self._update)

    def _update(self, means: list[Tensor], currents: list[Tensor], updates: Tensor | int) -> None:
        """Move all means at once: one fused step instead of one per tensor."""
        n = float(updates)
        keep = min(self.decay, (1 + n) / (10 + n))
        if means[0].is_floating_point():
            torch._foreach_lerp_(means, currents, 1 - keep)
        else:  # BatchNorm's count of batches
            torch._foreach_copy_(means, currents)

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """After every optimizer step."""
        return step_idx is not None

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validate the means."""
        self._exchange(pl_module)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on with the weights."""
        self._exchange(pl_module)

    @contextmanager
    def in_place(self, pl_module: pl.LightningModule) -> Iterator[None]:
        """Have the means in the module, and its weights again afterwards."""
        self._exchange(pl_module)
        try:
            yield
        finally:
            self._exchange(pl_module)

    def _exchange(self, pl_module: pl.LightningModule) -> None:
        """Let the module and the means change storage: nothing is copied, as Lightning would."""
        if self._average_model is None:  # outside of training
            return
        means, currents = (chain(m.parameters(), m.buffers()) for m in (self._average_model.module, pl_module))
        for mean, current in zip(means, currents, strict=True):
            mean.data, current.data = current.data, mean.data
