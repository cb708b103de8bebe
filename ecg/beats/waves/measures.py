"""What is measured on each lead of a median beat, and over all of them; amplitudes stay in millivolts.

Every number is compressed as asinh(value / scale): linear below its scale, logarithmic above, with its sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecg.beats.features.feature import Feature
from ecg.beats.waves.axes import AXES, axes
from ecg.beats.waves.median_beat import FS, MedianBeat, Wave

EARLY_S, NEGATIVE_S = 0.04, 0.05
"""The first 40 ms of the QRS complex show what an old infarction takes away (Selvester's score counts them)."""
AFTER_ONSET_S = (0.016, 0.026, 0.040, 0.060)
AFTER_J_S = (0.0, 0.04, 0.08)
T_FROM_S, T_TO_S = 0.06, 0.46
"""The T wave: from so long after the J point to so long after the QRS onset, at an RR interval of 1 s."""
RR_S = (0.4, 1.4)
LEAST_MV = 0.05
"""Ratios are against an amplitude of this at least."""


class Scaled(NamedTuple):
    """One number.

    Attributes:
        feature: its name, unit and meaning.
        scale: the number is given as asinh(value / scale).
    """

    feature: Feature
    scale: float


def _mv(name: str, meaning: str, scale: float) -> Scaled:
    return Scaled(Feature(name, "mV", meaning), scale)


def _ratio(name: str, meaning: str) -> Scaled:
    return Scaled(Feature(name, "1", meaning), 1.0)


_PER_LEAD = (
    _mv("q", "depth of the Q wave", 0.1),
    Scaled(Feature("q-duration", "s", "how long the Q wave lasts"), 0.02),
    _ratio("q/r", "depth of the Q wave over the height of the R wave"),
    _mv("r", "height of the R wave", 0.5),
    _mv("s", "depth of the S wave", 0.5),
    _mv("lowest", "lowest value of the QRS complex", 0.5),
    _ratio("polarity", "(R - S) / (R + S)"),
    Scaled(Feature("early-area", "mV s", "signed area of the first 40 ms of the QRS complex"), 0.004),
    Scaled(Feature("early-negative-area", "mV s", "area below zero in the first 50 ms"), 0.002),
    _mv("qrs-mean", "mean of the QRS complex", 0.2),
    *(
        _mv(f"onset+{round(1000 * s)}", f"value {round(1000 * s)} ms after the QRS onset", scale)
        for s, scale in zip(AFTER_ONSET_S, (0.1, 0.2, 0.3, 0.5), strict=True)
    ),
    _mv("st", "ST level at the J point", 0.05),
    *(_mv(f"st+{round(1000 * s)}", f"ST level {round(1000 * s)} ms after it", 0.05) for s in AFTER_J_S[1:]),
    _mv("st-slope", "ST level 80 ms after the J point less that at it", 0.05),
    _mv("t", "extreme of the T wave, with its sign", 0.2),
    _mv("t-positive", "highest value of the T wave", 0.2),
    _mv("t-negative", "lowest value of the T wave", 0.1),
    _mv("t-mean", "mean of the T wave", 0.1),
    _mv("t-late", "mean of its last third", 0.1),
    _ratio("t/qrs", "T wave over the height of the QRS complex"),
    _ratio("st/qrs", "ST level at 40 ms over the height of the QRS complex"),
    Scaled(Feature("early-area/qrs", "s", "early area over the height of the QRS complex"), 0.01),
    Scaled(Feature("r-time", "s", "when the R wave peaks, after the QRS onset"), 0.04),
)
_OF_RECORDING = (
    Scaled(Feature("qrs-width", "s", "QRS onset to J point"), 0.1),
    Scaled(Feature("rr", "s", "median RR interval"), 0.8),
)

MEASURES: tuple[Feature, ...] = tuple(one.feature for one in _PER_LEAD)
"""What the last axis of the input `measures` [lead, 27] is."""
GLOBALS: tuple[Feature, ...] = (*(one.feature for one in _OF_RECORDING), *AXES)
"""What the input `global` is: [25] where all twelve leads are there, else the first two."""
WAVES: Mapping[str, tuple[Feature, ...]] = {"measures": MEASURES, "global": GLOBALS}
"""Names, units and meanings of the columns of `dataset.segmentation=record`, by input."""


def lead_measures(found: MedianBeat) -> npt.NDArray[np.float32]:
    """Shape [lead, 27], in the order of `MEASURES`, compressed."""
    beat, onset, j = found.beat, found.onset, found.j
    qrs = beat[:, onset:j]
    r = np.maximum(qrs.max(axis=1), 0.0)
    r_at = qrs.argmax(axis=1)
    s = np.array([max(-row[at:].min(), 0.0) for row, at in zip(qrs, r_at, strict=True)])
    q, q_s = _q_wave(qrs, r_at)
    height = np.maximum(np.ptp(qrs, axis=1), LEAST_MV)
    early = beat[:, onset : onset + round(EARLY_S * FS)].sum(axis=1) / FS
    negative = np.minimum(beat[:, onset : onset + round(NEGATIVE_S * FS)], 0.0).sum(axis=1) / FS
    st = [_near(beat, j + round(after * FS)) for after in AFTER_J_S]
    t = t_wave(found)
    extreme = np.take_along_axis(t, np.abs(t).argmax(axis=1)[:, None], axis=1)[:, 0]
    values = (
        q,
        q_s,
        q / np.maximum(r, LEAST_MV),
        r,
        s,
        qrs.min(axis=1),
        (r - s) / np.maximum(r + s, LEAST_MV),
        early,
        negative,
        qrs.mean(axis=1),
        *(_near(beat, onset + round(after * FS)) for after in AFTER_ONSET_S),
        *st,
        st[2] - st[0],
        extreme,
        t.max(axis=1),
        t.min(axis=1),
        t.mean(axis=1),
        t[:, -(t.shape[1] // 3) :].mean(axis=1),
        extreme / height,
        st[1] / height,
        early / height,
        r_at / FS,
    )
    scale = np.array([one.scale for one in _PER_LEAD])
    return np.asarray(np.arcsinh(np.stack(values, axis=1) / scale), dtype=np.float32)


def global_measures(found: MedianBeat, leads: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Shape [25] where `leads` are all twelve, else [2]; in the order of `GLOBALS`."""
    scale = np.array([one.scale for one in _OF_RECORDING])
    own = np.arcsinh(np.array([(found.j - found.onset) / FS, found.rr_s]) / scale)
    return np.concatenate([own, axes(found.beat, found.onset, found.j, t_wave(found), leads)]).astype(np.float32)


def t_wave(found: MedianBeat) -> Wave:
    """The part of the beat that holds the T wave, shape [lead, sample]; it ends later where the heart is slow."""
    stretch = np.sqrt(np.clip(found.rr_s, *RR_S))
    first = found.j + round(T_FROM_S * FS)
    last = min(found.onset + round(T_TO_S * stretch * FS), found.beat.shape[1])
    return found.beat[:, first : max(last, first + 3)]


def _q_wave(qrs: Wave, r_at: npt.NDArray[np.intp]) -> tuple[Wave, Wave]:
    """Depth in mV and duration in s of what lies below zero before the R wave; a QRS complex without R is all Q."""
    depth, duration = np.zeros(len(qrs)), np.zeros(len(qrs))
    for i, (row, at) in enumerate(zip(qrs, r_at, strict=True)):
        before = row[:at] if row[at] > LEAST_MV else row
        if len(before) and before.min() < 0:
            depth[i] = -before.min()
            below = np.flatnonzero(before < -0.2 * depth[i])
            duration[i] = (below[-1] - below[0] + 1) / FS
    return depth, duration


def _near(beat: Wave, at: int) -> Wave:
    """Mean of 6 ms around a sample, per lead."""
    at = min(at, beat.shape[1] - 2)
    return np.asarray(beat[:, max(at - 1, 0) : at + 2].mean(axis=1))
