"""How alike two models' layers are: linear centred kernel alignment on the same beats."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from torch import Tensor

from ecg.explain.activations import collect
from ecg.explain.view import View
from ecg.models import LayeredModel


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
