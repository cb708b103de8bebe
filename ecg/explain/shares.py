"""How the attribution of a beat is shared out among its waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.explain.waves import NAMES
from ecg.explain.windows import mean_interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def wave_shares(map_: Floats, label: Ints) -> tuple[Floats, Floats]:
    """Each wave's share of a beat's absolute attribution, and of its samples; both of shape [beat, wave].

    Args:
        map_: shape [beat, sample].
        label: shape [beat, sample], as `waves` gives it.
    """
    size = np.abs(map_)
    total = np.maximum(size.sum(axis=1), np.finfo(np.float64).tiny)
    share = np.stack([(size * (label == w)).sum(axis=1) / total for w in range(len(NAMES))], axis=1)
    time = np.stack([(label == w).mean(axis=1) for w in range(len(NAMES))], axis=1)
    return share, time


def attribution_table(
    maps: Mapping[str, Floats], label: Ints, y: Ints, right: npt.NDArray[np.bool_], classes: Sequence[str], seed: int
) -> pd.DataFrame:
    """Attribution by class, wave and method: the content of attribution.csv.

    A class's rows are over its beats that were called right; where none was, over all of them. `ratio` is the share of
    attribution over the share of samples: 1 is what a map without preference gives.

    Args:
        maps: by method, shape [beat, sample].
        label: shape [beat, sample], waves.
        y: shape [beat], true class.
        right: shape [beat], whether the beat was called right.
        classes: class names.
        seed: of the bootstrap over beats.
    """
    rows = []
    for method, map_ in maps.items():
        share, time = wave_shares(map_, label)
        for c, name in enumerate(classes):
            mine = np.flatnonzero((y == c) & right)
            got_right = len(mine) > 0
            mine = mine if got_right else np.flatnonzero(y == c)
            if len(mine) == 0:
                continue
            for w, wave in enumerate(NAMES):
                if time[mine, w].max() == 0:
                    continue
                mean, low, high = mean_interval(share[mine, w], np.random.default_rng(seed))
                part = float(time[mine, w].mean())
                rows.append(
                    {
                        "class": name, "region": wave, "method": method, "share": mean, "low": low, "high": high,
                        "share_of_time": part, "ratio": mean / part, "beats": len(mine), "right": got_right,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)
