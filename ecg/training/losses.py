"""Losses for beats of unequal classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecg.checks import in_range


class FocalLoss(nn.Module):
    """Mean of (1 - p)^gamma times the cross-entropy, p the probability of the true class.

    Lin et al. 2017 (doi 10.1109/ICCV.2017.324); gamma 0 is the plain cross-entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        in_range("gamma", gamma, 0, 10)
        self.gamma = gamma

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] against class numbers [beat]."""
        entropy = F.cross_entropy(logits, target, reduction="none")
        return ((1 - torch.exp(-entropy)).clamp(min=1e-8) ** self.gamma * entropy).mean()


class WeightedCrossEntropy(nn.Module):
    """Mean of the cross-entropy with a weight per class; 0 where every beat is of a class with weight 0.

    `nn.CrossEntropyLoss` gives NaN there: a validation batch may hold only classes that training lacks.

    Args:
        class_counts: training beats per class; each class weighs by the inverse of its share.
    """

    weight: Tensor

    def __init__(self, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("weight", class_weights(class_counts))

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
