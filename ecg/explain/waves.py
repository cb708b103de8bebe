"""Which wave of the beat each sample belongs to, by fixed windows around the R peak; how attribution is shared out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.explain.arrays import Floats, Floats32, Ints, Mask
from ecg.explain.windows import mean_interval

P_S, QRS_S, ST_END_S, T_END_S = (-0.25, -0.05), (-0.05, 0.10), 0.15, 0.50
QTC_S = 0.45

WAVES = {
    "before": "earlier than 0.25 s before the R peak",
    "P": "0.25 to 0.05 s before the R peak: a PR interval is at most 0.20 s",
    "QRS": "0.05 s before to 0.10 s after the R peak (de Chazal 2004)",
    "ST": "0.10 to 0.15 s after it",
    "T": "from 0.15 s to 0.45 s times the square root of the RR interval (Bazett's QT at the upper normal QTc), "
    "at most 0.50 s, which is de Chazal's T window",
    "T to P": "from there to the next beat's P wave",
    "next P": "0.25 to 0.05 s before the next R peak",
    "next beat": "from 0.05 s before the next R peak on",
    "padding": "zeros that only fill the row",
}
"""Every wave in order of time, with its window."""

NAMES: tuple[str, ...] = tuple(WAVES)


def seconds(info: DataInfo, samples: int | Floats) -> Floats:
    """Seconds from the R peak, of each of so many samples or at places in samples from a beat's first."""
    return (np.arange(samples) if isinstance(samples, int) else samples) / info.fs - info.r_peak_s


def signal_mask(x: Floats32) -> Mask:
    """True up to the last sample that is not zero in any channel; the rest is padding.

    Args:
        x: shape [beat, lead, sample].

    Returns:
        shape [beat, sample].
    """
    used = (x != 0).any(axis=1)
    return np.flip(np.logical_or.accumulate(np.flip(used, axis=1), axis=1), axis=1)


def waves(beats: Beats, info: DataInfo) -> Ints:
    """Number of the wave (position in `NAMES`) of each sample of each beat, shape [beat, sample]; see `label_waves`."""
    return label_waves(beats.rr_after, signal_mask(beats.signal), seconds(info, beats.signal.shape[2]))


def label_waves(rr_after: npt.NDArray[np.floating[Any]], signal: Mask, t: Floats) -> Ints:
    """Number of the wave (position in `NAMES`) of each sample.

    Where windows meet in a fast rhythm the earlier wave keeps its samples. Without a known RR interval there is no
    next beat, and the T window ends at 0.50 s. The windows are the same for all beats: a broad QRS runs into ST.

    Args:
        rr_after: shape [beat], seconds to the next beat; NaN where unknown.
        signal: shape [beat, sample], False in padding.
        t: shape [sample], seconds from the R peak.

    Returns:
        shape [beat, sample].
    """
    rr = rr_after.astype(np.float64)[:, None]
    known = np.isfinite(rr)
    rr = np.where(known, np.maximum(rr, 0.0), np.inf)
    t_end = np.where(known, np.clip(QTC_S * np.sqrt(rr), ST_END_S, T_END_S), T_END_S)
    label = np.full(signal.shape, NAMES.index("T to P"), dtype=np.int64)
    windows = (  # the later line wins
        ("next P", t >= rr + P_S[0]),
        ("next beat", t >= rr + P_S[1]),
        ("T", (t >= ST_END_S) & (t < t_end)),
        ("ST", (t >= QRS_S[1]) & (t < ST_END_S)),
        ("QRS", (t >= QRS_S[0]) & (t < QRS_S[1])),
        ("P", t < P_S[1]),
        ("before", t < P_S[0]),
        ("padding", ~signal),
    )
    for name, where in windows:
        label[np.broadcast_to(where, label.shape)] = NAMES.index(name)
    return label


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
