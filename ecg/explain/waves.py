"""Which wave of the beat each sample belongs to, by fixed windows around the R peak."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.explain.arrays import Floats, Floats32, Ints, Mask

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
