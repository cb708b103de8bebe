"""What a recorder adds to the heart: muscles, mains and a wandering baseline."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from ecg.recordings.synthetic.model import Floats


def breathing_baseline(rng: np.random.Generator, n_leads: int, n: int, fs: float, breathing: float) -> Floats:
    """z0 of the model: a sine of about 0.15 mV at the `breathing` frequency in Hz, shape [lead, time] in mV."""
    t = np.arange(n) / fs
    amplitude = 0.15 * rng.uniform(0.3, 1.5, (n_leads, 1))
    return amplitude * np.sin(2 * np.pi * breathing * t + rng.uniform(0, 2 * np.pi))


def recorder_noise(rng: np.random.Generator, n_leads: int, n: int, fs: float, level: float = 1.0) -> Floats:
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
    slow: Floats = knots[:, left] * (1 - part) + knots[:, left + 1] * part
    return slow
