"""Deletion and insertion curves (Petsiuk et al. 2018, arXiv 1806.07421): do the marked samples matter to the model?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.trust import Footing
from ecg.explain.view import OfOneBeat
from ecg.explain.windows import windowed
from ecg.models import LayeredModel

RANDOM = "random order"
AREA = "area under {}"
"""The check's name in trust.csv; deletion or insertion goes in."""
AREA_LESS = AREA + f", less that of {RANDOM}"


Curves = dict[str, dict[str, Floats]]
"""By kind (`deletion`, `insertion`) and order: shape [beat, step], the probability of the predicted class."""


def area(curve: Floats) -> Floats:
    """Area under curves of shape [beat, step] over the share of windows, shape [beat]."""
    from scipy.integrate import trapezoid

    return np.asarray(trapezoid(curve, dx=1 / (curve.shape[1] - 1), axis=1))


def curves(
    model: LayeredModel, footing: Footing, maps: Mapping[str, Floats], baseline: Floats32, *, draws: int, seed: int
) -> Curves:
    """Delete and insert the windows of each beat in the order of each map, and in random order.

    Args:
        model: in eval mode.
        footing: beats and windows.
        maps: by method, shape [beat, sample]; the window with the most evidence goes first.
        baseline: shape [lead, sample], what takes the place of deleted samples, and is inserted into.
        draws: random orders per beat, averaged.
        seed: of the random orders.
    """
    rng = np.random.default_rng(seed)
    n, windows = footing.mask.shape
    orders = {name: [np.argsort(-windowed(map_, footing.index), axis=1, kind="stable")] for name, map_ in maps.items()}
    orders[RANDOM] = [rng.permuted(np.tile(np.arange(windows), (n, 1)), axis=1) for _ in range(draws)]
    return {
        kind: {
            name: np.mean([_curve(model, footing, order, baseline, insert) for order in some], axis=0)
            for name, some in orders.items()
        }
        for kind, insert in (("deletion", False), ("insertion", True))
    }


@torch.inference_mode()
def _curve(model: LayeredModel, footing: Footing, order: Ints, baseline: Floats32, insert: bool) -> Floats:
    """Probability of the target, shape [beat, step], after 0, 1, 2 ... windows of `order`, [beat, window]."""
    windows = order.shape[1]
    rank = np.argsort(order, axis=1)[:, footing.index]  # [beat, sample]: when its window goes
    out = np.empty((len(order), windows + 1))
    (x, *rest), *_ = footing.view.parts(len(order))
    base, of_one = torch.from_numpy(baseline)[None], OfOneBeat(model)
    target = torch.from_numpy(footing.target)[:, None]
    for step in range(windows + 1):
        gone = torch.from_numpy(rank < step)[:, None, :]
        shown = torch.where(gone, x, base) if insert else torch.where(gone, base, x)
        out[:, step] = of_one(shown, *rest).softmax(dim=1).gather(1, target)[:, 0].numpy()
    return out
