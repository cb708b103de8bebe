"""Modules that several models are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecg.models.layered import LayeredModel


class Joined(nn.Module):
    """A fully connected layer over several values of a beat, with ReLU and dropout.

    Args:
        width: of all values together.
        out: of what it gives.
        dropout: share of features dropped.
        norm: whether what it gives is normed over features, before the ReLU.
        whole: by place of a value, how often a window goes without it in training, so that no value is relied on alone.
    """

    def __init__(
        self, width: int, out: int, dropout: float, *, norm: bool = False, whole: Mapping[int, float] | None = None
    ) -> None:
        super().__init__()
        norms = [nn.LayerNorm(out)] if norm else []
        self.inner = nn.Sequential(nn.Linear(width, out), *norms, nn.ReLU(), nn.Dropout(dropout))
        self.whole = dict(whole or {})

    def forward(self, *parts: Tensor) -> Tensor:
        """[..., a], [..., b] ... to [..., out]."""
        kept = [self._kept(part, self.whole.get(i, 0.0)) for i, part in enumerate(parts)]
        joined: Tensor = self.inner(torch.cat(kept, dim=-1))
        return joined

    def _kept(self, part: Tensor, dropped: float) -> Tensor:
        if not self.training or not dropped:
            return part
        return part * (torch.rand(len(part), *(1,) * (part.dim() - 1), device=part.device) >= dropped)


class Neighbours(nn.Module):
    """A convolution over consecutive beats with a skip around it; beats beyond a record's ends count as zero."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding="same", dilation=dilation)
        self.after = nn.Sequential(nn.ReLU(), nn.Dropout(dropout))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[window, beat, feature] and [window, beat] to [window, beat, feature]."""
        there = x * mask[..., None]
        out: Tensor = there + self.after(self.conv(there.transpose(1, 2))).transpose(1, 2)
        return out


class Stacked(nn.Module):
    """Modules over several signals of a beat, which are channels of one to them."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, *parts: Tensor) -> Tensor:
        """[beat, a, sample], [beat, b, sample] ... to what the modules make of [beat, a + b ..., sample]."""
        out: Tensor = self.inner(torch.cat(parts, dim=1))
        return out


class Standardised(nn.Module):
    """Features with mean 0 and standard deviation 1 over the training beats, within limits.

    Args:
        features: their number, or the shape of a beat's.
        limit: the largest value.
        noise: standard deviation of what is added in training.
    """

    mean: Tensor
    scale: Tensor
    known: Tensor

    def __init__(self, features: int | tuple[int, ...], limit: float = 5.0, noise: float = 0.0) -> None:
        super().__init__()
        self.limit, self.noise = limit, noise
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.register_buffer("known", torch.zeros(()))

    def fit(self, values: npt.NDArray[np.float32]) -> None:
        """Take mean and standard deviation from training beats, shape [beat, ...]."""
        self.mean.copy_(torch.from_numpy(values.mean(axis=0, dtype=np.float64)))
        self.scale.copy_(torch.from_numpy(values.std(axis=0, dtype=np.float64) + 1e-4))
        self.known.fill_(1)

    def forward(self, x: Tensor) -> Tensor:
        """[..., feature] to the same shape."""
        out = ((x - self.mean) / self.scale).clamp(-self.limit, self.limit)
        return out + self.noise * torch.randn_like(out) if self.training and self.noise else out


def learn_scales(model: LayeredModel, inputs: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Fit each `Standardised` of a model that an input goes through first, and that knows no beats yet.

    Args:
        model: whose layers may begin with one.
        inputs: of training beats, by name; those of `without_scale` are enough.
    """
    for taken, first in _unfit(model):
        if taken in inputs:
            first.fit(inputs[taken])


def without_scale(model: LayeredModel) -> set[str]:
    """Names of the inputs that a model standardises first, and does not know the scale of yet."""
    return {taken for taken, _ in _unfit(model)} & set(model.inputs)


def _unfit(model: LayeredModel) -> Iterator[tuple[str, Standardised]]:
    for name, layer in model.layers.items():
        for one in getattr(layer, "members", (layer,)):  # of an ensemble, each its own
            first = one[0] if isinstance(one, nn.Sequential) else one
            if isinstance(first, Standardised) and not first.known:
                yield model.takes[name][0], first
