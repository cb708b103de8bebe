"""Stretches of atrial fibrillation or flutter in a recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.beats.features import FEATURES, rolling
from ecg.beats.quality import stretches
from ecg.beats.segmentations.window import RHYTHM
from ecg.beats.table import Beats

STATE = "fibrillation20"
SMOOTHED = 21
"""Beats over which the log-odds are averaged before they are compared with 0."""
FEWEST = 10
"""Beats without which nothing is said."""
SHORTEST_S = 30.0
"""What is shorter is no episode (ESC guidelines 2020, doi 10.1093/eurheartj/ehaa612), but for recordings shorter than
twice that: there it is half of the recording."""

MOST_VENTRICULAR = 0.3
"""A stretch with a larger share of ventricular beats is none: bigeminy and runs of them are irregular too. On DS1 all
five true stretches have 0.17 or less, all three false ones 0.35 or more."""

Intervals = npt.NDArray[np.int64]
"""Shape [stretch, 2], first sample and the one behind the last."""


def fibrillation(beats: Beats, n_samples: int, fs: float) -> Intervals | None:
    """Where there is atrial fibrillation or flutter.

    None where the beats' segmentation gives no state of the rhythm, or there are too few beats to tell.

    Args:
        beats: of one recording.
        n_samples: its length.
        fs: its sampling rate in Hz.
    """
    names = [one.name for one in FEATURES[RHYTHM]]
    values = beats.inputs.get(RHYTHM)
    if values is None or values.shape[1:] != (len(names),) or len(values) < FEWEST:
        return None
    odds = rolling.mean(values[:, names.index(STATE)].astype(np.float64), SMOOTHED)
    middle = (beats.sample[1:] + beats.sample[:-1]) // 2
    edge = np.concatenate([[0], middle, [n_samples]])  # of a beat's share of the time
    found = edge[stretches(odds > 0)]
    least = min(SHORTEST_S * fs, n_samples / 2)
    return np.asarray(found[found[:, 1] - found[:, 0] >= least], dtype=np.int64).reshape(-1, 2)


def without_ectopy(found: Intervals, sample: npt.NDArray[np.int64], ventricular: npt.NDArray[np.bool_]) -> Intervals:
    """Those stretches whose irregular rhythm is not that of ventricular beats.

    Args:
        found: of `fibrillation`.
        sample: shape [beat], R peaks.
        ventricular: shape [beat], which are labelled so.
    """
    first, last = np.searchsorted(sample, found[:, 0]), np.searchsorted(sample, found[:, 1])
    total = np.concatenate([[0], np.cumsum(ventricular)])
    share = (total[last] - total[first]) / np.maximum(last - first, 1)
    return np.asarray(found[share <= MOST_VENTRICULAR], dtype=np.int64)
