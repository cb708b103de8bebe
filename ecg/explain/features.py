"""Each layer's output as a small number of features, and how alike two models' layers are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
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


def gram(out: Tensor) -> Tensor:
    """Likeness of each two beats in a layer's output [beat, ...]: shape [beat, beat], centred, the diagonal zero."""
    flat = out.flatten(1).double()
    flat = flat - flat.mean(dim=0)
    return (flat @ flat.T).fill_diagonal_(0)


def linear_cka(k: Tensor, m: Tensor) -> float:
    """Linear CKA of two layers from their `gram`s: 1 is the same up to rotation and scale, about 0 unrelated.

    Kornblith et al. 2019 (arXiv 1905.00414) with the unbiased estimator of HSIC, since many units and few beats make
    the plain one call any two layers alike. NaN where a layer gives every beat the same.

    Raises:
        ValueError: fewer than four beats, or not the same number.
    """
    if len(k) != len(m) or len(k) < 4:
        raise ValueError(f"CKA needs the same four beats or more, got {len(k)} and {len(m)}")
    scale = _hsic(k, k) * _hsic(m, m)
    return _hsic(k, m) / scale**0.5 if scale > 0 else float("nan")


def _hsic(k: Tensor, m: Tensor) -> float:
    """Unbiased estimator of Song et al. 2012 (JMLR 13:1393), equation 5."""
    n = len(k)
    ones = k.sum() * m.sum() / ((n - 1) * (n - 2))
    cross = 2 / (n - 2) * (k.sum(dim=0) @ m.sum(dim=0))
    return float(((k * m).sum() + ones - cross) / (n * (n - 3)))


def compare_layers(model: LayeredModel, others: Mapping[str, LayeredModel], view: View) -> pd.DataFrame:
    """CKA of each layer of `model` with each layer of each of the others: the content of cka.csv.

    Args:
        model: its layers are the rows.
        others: by name.
        view: what all of them see of the same beats.
    """
    mine = {name: gram(out) for name, out in collect(model, view).items() if name in model.layers}
    rows = []
    for who, other in others.items():
        for its_name, out in collect(other, view).items():
            if its_name in other.layers:
                its = gram(out)
                rows += [(name, who, its_name, linear_cka(k, its)) for name, k in mine.items()]
    return pd.DataFrame(rows, columns=["layer", "other", "other_layer", "cka"])
