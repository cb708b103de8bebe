"""From a list of beats to a signal as a recorder stores it, with muscles, mains and a wandering baseline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

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
    """Integrate the model, around a baseline of about 0.15 mV that breathes, and add noise.

    Returns:
        The signal as recorded and the heart's part of it, each of shape [lead, time] in mV.
    """
    n_leads = train.height.shape[1]
    amplitude = 0.15 * rng.uniform(0.3, 1.5, (n_leads, 1))
    baseline = amplitude * np.sin(2 * np.pi * breathing * np.arange(n) / fs + rng.uniform(0, 2 * np.pi))
    heart = integrate(train, baseline, fs)
    return heart + recorder_noise(rng, n_leads, n, fs, level), heart


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


def recorder_noise(rng: np.random.Generator, n_leads: int, n: int, fs: float, level: float) -> Floats:
    """Noise of one recording, shape [lead, time] in mV; its parts have amplitudes of the patient's own.

    Muscle noise (20-120 Hz, in swells), mains at 50 or 60 Hz and wander below 0.3 Hz.

    Args:
        rng: source of chance.
        n_leads: number of leads.
        n: samples.
        fs: sampling rate in Hz.
        level: factor on everything; resting recordings are quieter than a day's.
    """
    white = rng.standard_normal((n_leads, n))
    muscle = sosfilt(butter(2, [20, 120], "bandpass", fs=fs, output="sos"), white, axis=-1)
    swell = np.exp(0.5 * _slow(rng, 1, n, fs, 0.2))
    muscle *= rng.lognormal(np.log(0.012), 0.5) * swell / muscle.std()
    phase = 2 * np.pi * (rng.choice([50.0, 60.0]) * np.arange(n) / fs + rng.random())
    mains = rng.lognormal(np.log(0.005), 0.7) * rng.uniform(0.5, 1.5, (n_leads, 1)) * np.sin(phase)
    wander = rng.lognormal(np.log(0.06), 0.5, (n_leads, 1)) * _slow(rng, n_leads, n, fs, 0.3)
    noise: Floats = level * (muscle + mains + wander)
    return noise


def _slow(rng: np.random.Generator, n_leads: int, n: int, fs: float, cutoff: float) -> Floats:
    """Chance below `cutoff` Hz with standard deviation about 1, shape [lead, time]: one knot a half period, joined."""
    t = np.arange(n) / fs * 2 * cutoff
    knots = rng.standard_normal((n_leads, int(t[-1]) + 3))
    part = (1 - np.cos(np.pi * (t % 1))) / 2
    left = t.astype(np.int64)
    return knots[:, left] * (1 - part) + knots[:, left + 1] * part
