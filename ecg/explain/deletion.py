"""Deletion and insertion curves (Petsiuk et al. 2018, arXiv 1806.07421): do the marked samples matter to the model?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ecg.explain.trust import Footing
from ecg.explain.windows import Floats, windowed
from ecg.models import LayeredModel

RANDOM = "random order"


@dataclass(frozen=True)
class Curves:
    """Probability of the predicted class while windows of a beat are replaced by, or put into, the average beat.

    Attributes:
        fraction: shape [step], share of windows replaced or put in.
        deletion: by order, shape [beat, step].
        insertion: by order, shape [beat, step].
    """

    fraction: Floats
    deletion: dict[str, Floats]
    insertion: dict[str, Floats]

    def areas(self, kind: str) -> dict[str, Floats]:
        """Area under each curve, shape [beat], by order; `kind` is `deletion` or `insertion`."""
        from scipy.integrate import trapezoid

        curves: dict[str, Floats] = getattr(self, kind)
        return {name: np.asarray(trapezoid(values, self.fraction, axis=1)) for name, values in curves.items()}


def curves(
    model: LayeredModel,
    footing: Footing,
    maps: Mapping[str, Floats],
    baseline: npt.NDArray[np.float32],
    *,
    draws: int,
    seed: int,
) -> Curves:
    """Delete and insert the windows of each beat in the order of each map, and in random order.

    Args:
        model: in eval mode.
        footing: beats and windows.
        maps: by method, shape [beat, sample]; the window with the most evidence goes first.
        baseline: shape [channel, sample], what takes the place of deleted samples.
        draws: random orders per beat, averaged.
        seed: of the random orders.
    """
    rng = np.random.default_rng(seed)
    n, windows = footing.mask.shape
    orders = {name: [np.argsort(-windowed(map_, footing.index), axis=1, kind="stable")] for name, map_ in maps.items()}
    orders[RANDOM] = [rng.permuted(np.tile(np.arange(windows), (n, 1)), axis=1) for _ in range(draws)]
    both = {
        kind: {
            name: np.mean([_curve(model, footing, order, baseline, kind == "insertion") for order in some], axis=0)
            for name, some in orders.items()
        }
        for kind in ("deletion", "insertion")
    }
    return Curves(np.linspace(0, 1, windows + 1), both["deletion"], both["insertion"])


@torch.inference_mode()
def _curve(
    model: LayeredModel,
    footing: Footing,
    order: npt.NDArray[np.int64],
    baseline: npt.NDArray[np.float32],
    insert: bool,
) -> Floats:
    """Probability of the target, shape [beat, step], after 0, 1, 2 ... windows of `order`, [beat, window]."""
    windows = order.shape[1]
    rank = np.argsort(order, axis=1)[:, footing.index]  # [beat, sample]: when its window goes
    out = np.empty((len(order), windows + 1))
    x, base = torch.from_numpy(footing.x), torch.from_numpy(baseline)[None]
    target = torch.from_numpy(footing.target)[:, None]
    for step in range(windows + 1):
        gone = torch.from_numpy(rank < step)[:, None, :]
        shown = torch.where(gone, x, base) if insert else torch.where(gone, base, x)
        out[:, step] = model(shown).softmax(dim=1).gather(1, target)[:, 0].numpy()
    return out
