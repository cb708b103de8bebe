"""Axes and angles of QRS complex and T wave, for recordings of all twelve leads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.beats.features.feature import Feature
from ecg.recordings.leads import TWELVE

Wave = npt.NDArray[np.float64]

KORS_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
KORS = np.array(
    [
        (0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54),
        (-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13),
        (0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31),
    ]
)
"""Frank's X, Y, Z from eight leads, by regression (Kors et al. 1990, Eur Heart J 11:1083,
doi 10.1093/oxfordjournals.eurheartj.a059647)."""
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
LEAST_MV = 0.05

AXES: tuple[Feature, ...] = (
    *(
        Feature(f"{wave}-axis-{part}", "1", f"{part} of the {said}'s axis in the frontal plane")
        for wave, said in (("qrs", "QRS complex"), ("t", "T wave"))
        for part in ("sine", "cosine")
    ),
    Feature("frontal-angle", "1", "cosine of the angle between both axes in the frontal plane"),
    Feature("spatial-angle", "1", "cosine of the angle between mean QRS and mean T vector (Kors)"),
    Feature("peak-angle", "1", "cosine of the angle between the largest QRS and the largest T vector"),
    Feature("qrs-vector", "asinh mV", "length of the largest QRS vector"),
    Feature("t-vector", "asinh mV", "length of the largest T vector, over 0.2 mV"),
    *(
        Feature(f"{wave}-{name}", "1", f"{name} part of the mean {said} vector's direction")
        for wave, said in (("qrs", "QRS"), ("t", "T"))
        for name in ("left", "down", "back")
    ),
    *(Feature(f"r-share-{lead}", "1", f"R / (R + S) of {lead}") for lead in CHEST),
    Feature("transition", "1", "where R first outgrows S, V1 = 0 to V6 = 1"),
    Feature("r-growth", "asinh mV", "R of V4 less R of V1, over 0.5 mV"),
)


def axes(beat: Wave, onset: int, j: int, t: Wave, leads: tuple[str, ...]) -> Wave:
    """Shape [23], in the order of `AXES`; [0] where any of the twelve standard leads is missing.

    Args:
        beat: shape [lead, sample], mV.
        onset: first sample of the QRS complex.
        j: the first one behind it.
        t: shape [lead, sample], the T wave.
        leads: their names.
    """
    row = {name.upper(): i for i, name in enumerate(leads)}
    if not {name.upper() for name in TWELVE} <= set(row):
        return np.zeros(0)
    qrs = beat[:, onset:j]
    eight = [row[name] for name in KORS_LEADS]
    space, t_space = KORS @ qrs[eight], KORS @ t[eight]
    frontal = [_frontal(wave.mean(axis=1)[[row["I"], row["AVF"]]]) for wave in (qrs, t)]
    mean, t_mean = _direction(space.mean(axis=1)), _direction(t_space.mean(axis=1))
    largest, t_largest = (_largest(one) for one in (space, t_space))
    chest = qrs[[row[name] for name in CHEST]]
    r, s = np.maximum(chest.max(axis=1), 0), np.maximum(-chest.min(axis=1), 0)
    share = r / np.maximum(r + s, LEAST_MV)
    over = np.flatnonzero(share > 0.5)
    return np.array(
        [
            *frontal[0],
            *frontal[1],
            float(frontal[0] @ frontal[1]),
            float(mean @ t_mean),
            float(_direction(largest) @ _direction(t_largest)),
            np.arcsinh(np.linalg.norm(largest)),
            np.arcsinh(np.linalg.norm(t_largest) / 0.2),
            *mean,
            *t_mean,
            *share,
            (over[0] if len(over) else len(CHEST)) / (len(CHEST) - 1),
            np.arcsinh((r[3] - r[0]) / 0.5),
        ]
    )


def _frontal(limb: Wave) -> Wave:
    """Sine and cosine of the axis by leads I and aVF, whose unit is sqrt(3)/2 of that of I (Goldberger's leads)."""
    return _direction(np.array([limb[1] * 2 / np.sqrt(3), limb[0]]))


def _direction(vector: Wave) -> Wave:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-9 else np.zeros_like(vector)


def _largest(vectors: Wave) -> Wave:
    """The longest of [3, sample]."""
    return np.asarray(vectors[:, np.linalg.norm(vectors, axis=0).argmax()])
