"""Losses for beats of unequal classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecg.checks import in_range
from ecg.errors import EcgError


class FocalLoss(nn.Module):
    """Mean of (1 - p)^gamma times the cross-entropy, p the probability of the true class.

    Lin et al. 2017 (doi 10.1109/ICCV.2017.324); gamma 0 is the plain cross-entropy. With the `reduction` "none":
    of each beat.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        in_range("gamma", gamma, 0, 10)
        self.gamma, self.reduction = gamma, "mean"

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] against class numbers [beat]."""
        entropy = F.cross_entropy(logits, target, reduction="none")
        each = (1 - torch.exp(-entropy)).clamp(min=1e-8) ** self.gamma * entropy
        return each if self.reduction == "none" else each.mean()


class WeightedCrossEntropy(nn.Module):
    """Mean of the cross-entropy with a weight per class; 0 where every beat is of a class with weight 0.

    `nn.CrossEntropyLoss` gives NaN there: a validation batch may hold only classes that training lacks.

    Args:
        class_counts: training beats per class.
        class_names: their names.
        weights: by class, e.g. {S: 1.7}; a class that is not named weighs 1. None: each weighs by the inverse of its
            share.
        label_smoothing: as of `nn.CrossEntropyLoss`.

    Attributes:
        weight: of each class; the mean over the training beats is 1.
        reduction: `none` gives the weighted loss of each beat.

    Raises:
        EcgError: a class that does not exist, or a value out of range.
    """

    weight: Tensor

    def __init__(
        self,
        class_counts: Sequence[int],
        class_names: Sequence[str] = (),
        *,
        weights: Mapping[str, float] | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        in_range("label_smoothing", label_smoothing, 0, 1, include_high=False)
        self.reduction, self.label_smoothing = "mean", label_smoothing
        own = class_weights(class_counts) if weights is None else _by_name(weights, class_names, class_counts)
        self.register_buffer("weight", own)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] against class numbers [beat]."""
        each = F.cross_entropy(
            logits, target, weight=self.weight, reduction="none", label_smoothing=self.label_smoothing
        )
        if self.reduction == "none":
            return each
        return each.sum() / self.weight[target].sum().clamp(min=torch.finfo(torch.float32).tiny)


def _by_name(weights: Mapping[str, float], classes: Sequence[str], counts: Sequence[int]) -> Tensor:
    if len(classes) != len(counts):
        raise EcgError(f"loss.weights: needs class_names, the names of the {len(counts)} classes")
    for name, value in weights.items():
        if name not in classes:
            raise EcgError(f"loss.weights: no class {name}; the classes are {', '.join(classes)}")
        in_range(f"weights.{name}", value, 0, 1000)
    given = torch.tensor([float(weights.get(name, 1.0)) for name in classes])
    n = torch.tensor(counts, dtype=torch.float32)
    return given * (n.sum() / (given * n).sum().clamp(min=1e-9))


def class_weights(counts: Sequence[int]) -> Tensor:
    """Weights inverse to each class's share, with mean 1 over the beats; 0 for a class without beats.

    Args:
        counts: training beats per class.
    """
    n = torch.tensor(counts, dtype=torch.float32)
    present = int((n > 0).sum())
    return torch.where(n > 0, n.sum() / (present * n.clamp(min=1)), torch.zeros_like(n))
