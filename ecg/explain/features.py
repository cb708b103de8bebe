"""Each layer's output brought to the same small number of features, so that depth is compared fairly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ecg.explain.activations import collect
from ecg.explain.arrays import Floats
from ecg.explain.view import View
from ecg.models import LayeredModel

FEATURES = 32
"""Principal components kept of each layer: the size of the smallest hidden layer of the registered models."""


@dataclass(frozen=True)
class Projection:
    """Principal components of one layer's output, scaled to unit variance.

    Attributes:
        mean: shape [unit].
        directions: shape [unit, feature], already divided by each component's standard deviation.
        explained: share of the layer's variance that the components hold.
    """

    mean: Tensor
    directions: Tensor
    explained: float

    def __call__(self, out: Tensor) -> Tensor:
        """Features of shape [beat, feature] of an output of shape [beat, ...]."""
        return (out.flatten(1) - self.mean) @ self.directions


def fit_projections(model: LayeredModel, view: View, seed: int) -> dict[str, Projection]:
    """The projection of each layer, input included, fitted on these beats."""
    return {name: _fit(out, seed) for name, out in collect(model, view).items()}


def _fit(out: Tensor, seed: int) -> Projection:
    """Randomised principal components (Halko et al. 2011); units that never change give none."""
    flat = out.flatten(1)
    mean = flat.mean(dim=0)
    centred = flat - mean
    wanted = min(FEATURES, *flat.shape)
    if wanted == min(flat.shape):
        _, s, v = torch.linalg.svd(centred, full_matrices=False)
        v = v.T
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            _, s, v = torch.svd_lowrank(centred, q=min(wanted + 10, *flat.shape), niter=3)
    s, v = s[:wanted], v[:, :wanted]
    live = s > 1e-5 * s.max().clamp_min(1e-12)
    total = centred.square().sum().item()
    deviation = s[live] / max(len(flat) - 1, 1) ** 0.5
    explained = s.square().sum().item() / total if total > 0 else 1.0
    return Projection(mean, v[:, live] / deviation, min(explained, 1.0))


def project(model: LayeredModel, projections: dict[str, Projection], view: View) -> dict[str, Floats]:
    """Features of every layer, shape [beat, feature], without ever keeping the outputs themselves."""
    features = collect(model, view, lambda name, out: projections[name](out))
    return {name: np.asarray(values.double().numpy()) for name, values in features.items()}
