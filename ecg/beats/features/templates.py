"""A record's own typical beat, and its typical beat after a long pause."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.beats.features import rolling
from ecg.beats.features.rolling import Column

FS = 128.0
"""Sampling rate of beats and templates in Hz."""
BEFORE, AFTER = 80, 96
"""Samples of a beat before its R peak, and from it on: -0.625 to +0.75 s."""
SAMPLES = BEFORE + AFTER
REGULAR = 0.15
ROUNDS, KEPT = 6, 0.6
ENOUGH = 600
"""Beats that a template is made of at most, evenly spaced."""

Wave = npt.NDArray[np.float32]
"""Shape [sample]."""
Waves = npt.NDArray[np.float32]
"""Shape [beat, sample]."""


def part(start_s: float, stop_s: float) -> slice:
    """Samples of a beat from one time to another, in s from its R peak."""
    return slice(BEFORE + round(start_s * FS), BEFORE + round(stop_s * FS))


QRS, WIDE_QRS = part(-0.08, 0.09), part(-0.12, 0.14)
CORE = part(-0.25, 0.40)


def template(beats: Waves, rr: Column, following: Column) -> Wave:
    """The dominant beat: median of the regular beats that are most alike.

    Args:
        beats: shape [beat, sample].
        rr: shape [beat], RR interval before each in s.
        following: shape [beat], the one after it.

    Returns:
        shape [sample].
    """
    local = rolling.percentile(rr, 50, 17)
    regular = (np.abs(rr / local - 1) < REGULAR) & (np.abs(following / local - 1) < REGULAR)
    chosen = _spaced(np.flatnonzero(regular) if regular.sum() >= 10 else np.arange(len(beats)))
    core = beats[chosen, CORE]
    core = core - core.mean(axis=1, keepdims=True)
    near = np.arange(len(chosen))
    for _ in range(ROUNDS):
        middle = np.median(core[near], axis=0)
        distance = np.square(core - middle).sum(axis=1)
        near = np.argsort(distance, kind="stable")[: max(round(KEPT * len(chosen)), 1)]
    return np.asarray(np.median(beats[chosen[near]], axis=0), dtype=np.float32)


def slow_template(beats: Waves, rr: Column, typical: Wave) -> Wave:
    """The typical beat after a long RR interval, which shows the sinus P wave where most beats are ectopic.

    Args:
        beats: shape [beat, sample].
        rr: shape [beat], RR interval before each in s.
        typical: shape [sample], see `template`.

    Returns:
        shape [sample]; the template itself where too few beats are like it.
    """
    size = np.ptp(beats[:, QRS], axis=1) / max(float(np.ptp(typical[QRS])), 1e-6)
    alike = np.flatnonzero((correlation(beats[:, QRS], typical[QRS]) > 0.9) & (size > 0.6) & (size < 1.6))
    if len(alike) < 8:
        return typical
    slow = alike[rr[alike] >= np.percentile(rr[alike], 75)]
    return np.asarray(np.median(beats[_spaced(slow)], axis=0), dtype=np.float32)


def correlation(beats: Waves, wave: Wave) -> npt.NDArray[np.float32]:
    """Pearson's correlation of each beat with one wave, shape [beat]; 0 where one is flat."""
    centred, other = beats - beats.mean(axis=1, keepdims=True), wave - wave.mean()
    size = np.sqrt(np.square(centred).sum(axis=1) * np.square(other).sum())
    return np.asarray(centred @ other / np.maximum(size, 1e-9), dtype=np.float32)


def _spaced(chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    step = max(len(chosen) / ENOUGH, 1.0)
    return chosen[(np.arange(int(len(chosen) / step)) * step).astype(np.intp)]
