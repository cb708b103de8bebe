"""A running mean of the weights, which generalises better than the last step's."""

from __future__ import annotations

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
