"""Losses for beats of unequal classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FocalLoss(nn.Module):
    """Mean of (1 - p)^gamma times the cross-entropy, p the probability of the true class.

    Lin et al. 2017 (doi 10.1109/ICCV.2017.324); gamma 0 is the plain cross-entropy.
    """

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] against class numbers [beat]."""
        entropy = F.cross_entropy(logits, target, reduction="none")
        return ((1 - torch.exp(-entropy)).clamp(min=1e-8) ** self.gamma * entropy).mean()


class WeightedCrossEntropy(nn.Module):
    """Mean of the cross-entropy with a weight per class; 0 where every beat is of a class with weight 0.

    `nn.CrossEntropyLoss` gives NaN there: a validation batch may hold only classes that training lacks.
    """

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] against class numbers [beat]."""
        total = F.cross_entropy(logits, target, weight=self.weight, reduction="sum")
        return total / self.weight[target].sum().clamp(min=torch.finfo(torch.float32).tiny)


def class_weights(counts: Sequence[int]) -> Tensor:
    """Weights inverse to each class's share, with mean 1 over the beats; 0 for a class without beats.

    Args:
        counts: training beats per class.
    """
    n = torch.tensor(counts, dtype=torch.float32)
    present = int((n > 0).sum())
    return torch.where(n > 0, n.sum() / (present * n.clamp(min=1)), torch.zeros_like(n))


def make_loss(name: str, counts: Sequence[int], *, focal_gamma: float = 2.0) -> nn.Module:
    """The loss called `name`: cross_entropy, weighted or focal.

    Args:
        name: which.
        counts: training beats per class, for `weighted`.
        focal_gamma: for `focal`.
    """
    if name == "focal":
        return FocalLoss(focal_gamma)
    return WeightedCrossEntropy(class_weights(counts)) if name == "weighted" else nn.CrossEntropyLoss()
