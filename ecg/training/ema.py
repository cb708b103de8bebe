"""An exponential moving average of the weights, which generalises better than the last step's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from ecg.checks import in_range


class WeightEMA(WeightAveraging):
    """Exponential moving average of all weights and BatchNorm statistics, updated every step.

    It replaces the weights for validation and in checkpoints. The decay rises from 0.1 to its value, min(decay,
    (1 + n) / (10 + n)) after n updates, so that a short run is not held back by its first steps (the rule of
    TensorFlow's ExponentialMovingAverage).

    Args:
        decay: share of the old average kept at each step, in the long run.

    Raises:
        EcgError: the decay is out of range.
    """

    def __init__(self, decay: float = 0.998) -> None:
        in_range("decay", decay, 0, 1, include_low=False, include_high=False)
        self.decay = decay
        super().__init__()
        self._moving: list[tuple[Tensor, Tensor]] = []
        self._counting: list[tuple[Tensor, Tensor]] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note which tensors change, each mean with its weight: a search in each step costs more than a small mean."""
        assert self._average_model is not None
        means = self._average_model.module
        learned = [pair for pair in _pairs(means.parameters(), pl_module.parameters()) if pair[1].requires_grad]
        changing = [*learned, *_pairs(means.buffers(), pl_module.buffers())]
        self._moving = [pair for pair in changing if pair[1].is_floating_point()]
        self._counting = [pair for pair in changing if not pair[1].is_floating_point()]

    @torch.no_grad()
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any) -> None:
        """Move all means at once after every optimizer step; the first step's weights are where they begin."""
        if trainer.global_step == self._latest_update_step:  # gradients are still collected
            return
        self._latest_update_step = trainer.global_step
        assert self._average_model is not None
        n = int(self._average_model.n_averaged)
        keep = min(self.decay, (1 + n) / (10 + n)) if n else 0.0
        means, weights = zip(*self._moving, strict=True)
        torch._foreach_lerp_(means, weights, 1 - keep)
        for mean, count in self._counting:  # of BatchNorm's batches
            mean.copy_(count)
        self._average_model.n_averaged += 1

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validate the means."""
        self._exchange(pl_module)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on with the weights."""
        self._exchange(pl_module)

    def _exchange(self, pl_module: pl.LightningModule) -> None:
        """Let the module and the means change storage: nothing is copied, as Lightning would.

        Outside of training there is nothing to exchange.
        """
        for mean, now in chain(self._moving, self._counting):
            mean.data, now.data = now.data, mean.data


@contextmanager
def averaged(average: WeightAveraging | None, pl_module: pl.LightningModule) -> Iterator[None]:
    """Have the averaged weights in the module, where there are any, and its own again afterwards."""
    exchange: Callable[[pl.LightningModule], None] = lambda _: None  # noqa: E731
    if average is not None:
        exchange = average._exchange if isinstance(average, WeightEMA) else average._swap_models
    exchange(pl_module)
    try:
        yield
    finally:
        exchange(pl_module)


def _pairs(means: Iterable[Tensor], currents: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Tensors of the two in the same place."""
    return zip(means, currents, strict=True)
