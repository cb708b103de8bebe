"""How the attribution of a beat is shared out among its waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ecg.explain.arrays import Floats, Ints, Mask
from ecg.explain.waves import NAMES
from ecg.explain.windows import mean_interval


def wave_shares(map_: Floats, label: Ints) -> tuple[Floats, Floats]:
    """Each wave's share of a beat's absolute attribution, and of its samples; both of shape [beat, wave].

    Args:
        map_: shape [beat, sample].
        label: shape [beat, sample], as `waves` gives it.
    """
    size = np.abs(map_)
    total = np.maximum(size.sum(axis=1), np.finfo(np.float64).tiny)
    within = label[:, None] == np.arange(len(NAMES))[:, None]  # [beat, wave, sample]
    return (size[:, None] * within).sum(axis=2) / total[:, None], within.mean(axis=2)


def attribution_table(
    maps: Mapping[str, Floats], label: Ints, y: Ints, right: Mask, classes: Sequence[str], seed: int
) -> pd.DataFrame:
    """Attribution by class, wave and method: the content of attribution.csv.

    A class's rows are over its beats that were predicted correctly; where none was, over all of them. `ratio` is the
    share of attribution over the share of samples: 1 is what a map without preference gives.

    Args:
        maps: by method, shape [beat, sample].
        label: shape [beat, sample], waves.
        y: shape [beat], true class.
        right: shape [beat], whether the beat was predicted correctly.
        classes: class names.
        seed: of the bootstrap over beats.
    """
    rows = []
    for method, map_ in maps.items():
        share, time = wave_shares(map_, label)
        for c in np.unique(y):
            got_right = bool((right & (y == c)).any())
            mine = np.flatnonzero((y == c) & (right | (not got_right)))
            for w in np.flatnonzero(time[mine].max(axis=0)):
                mean, low, high = mean_interval(share[mine, w], np.random.default_rng(seed))
                part = float(time[mine, w].mean())
                numbers = (mean, low, high, part, mean / part, len(mine), got_right)
                rows.append((classes[c], NAMES[w], method, *numbers))
    columns = ["class", "region", "method", "share", "low", "high", "share_of_time", "ratio", "beats", "right"]
    return pd.DataFrame(rows, columns=columns)
