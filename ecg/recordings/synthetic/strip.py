"""From a list of beats to a signal with R-peak marks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.recordings.synthetic import noise
from ecg.recordings.synthetic.model import BeatTrain, Floats, integrate
from ecg.recordings.synthetic.shapes import Shape, adapted

Component = tuple[Shape, float]

PEAK_WINDOW_S = 0.04
"""How far from phase 0 the peak of the QRS is looked for."""


def assemble(
    rng: np.random.Generator, times: Floats, beats: list[list[Component]], breathing: float, wobble: float = 0.03
) -> BeatTrain:
    """Lay out the beats, each adapted to the interval before it and a little different from the last.

    Args:
        rng: source of chance.
        times: R times in s, shape [beat].
        beats: for each beat the shapes that meet in it, with their weights; one shape but for fusion.
        breathing: frequency in Hz at which the heart's axis swings, 6 % up and down.
        wobble: relative standard deviation of the heights from beat to beat.
    """
    rr = np.diff(times, prepend=2 * times[0] - times[1])
    settled = np.sqrt(rr * np.median(rr))  # repolarisation follows the rate with a lag
    rows = [
        (time, *adapted(shape, interval), weight * shape.height)
        for time, interval, components in zip(times, settled, beats, strict=True)
        for shape, weight in components
    ]
    time, theta, width, height = (np.array(column) for column in zip(*rows, strict=True))
    swing = 1 + 0.06 * np.sin(2 * np.pi * breathing * time)
    height = height * swing[:, None, None] * rng.normal(1, wobble, (len(rows), 1, height.shape[2]))
    return BeatTrain(time, theta * rng.normal(1, 0.01, theta.shape), width, height)


def record(
    rng: np.random.Generator, train: BeatTrain, n: int, fs: float, breathing: float, level: float
) -> tuple[Floats, Floats]:
    """Integrate the model and add noise.

    Returns:
        The signal as recorded and the heart's part of it, each of shape [lead, time] in mV.
    """
    n_leads = train.height.shape[1]
    z0 = noise.breathing_baseline(rng, n_leads, n, fs, breathing)
    heart = integrate(train, z0, fs)
    return heart + noise.recorder_noise(rng, n_leads, n, fs, level), heart


def qrs_peaks(heart: Floats, times: Floats, fs: float) -> npt.NDArray[np.int64]:
    """Sample of each QRS peak, shape [beat]: the largest deflection of `heart` near the R times.

    Args:
        heart: shape [time], in mV, without noise.
        times: shape [beat], in s, none nearer to an end than the window.
        fs: sampling rate in Hz.
    """
    reach = round(PEAK_WINDOW_S * fs)
    at = np.round(times * fs).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    height = np.abs(heart[at] - np.median(heart))
    peaks: npt.NDArray[np.int64] = at[np.arange(len(at)), height.argmax(axis=1)]
    return peaks
