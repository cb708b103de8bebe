"""Simulated patients with and without myocardial infarction, in files like those of the PTB Diagnostic Database."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.checks import in_range
from ecg.recordings.synthetic import files, rhythm, shapes, strip
from ecg.recordings.synthetic.model import Floats
from ecg.recordings.synthetic.shapes import ST, T2, Q, R, Shape, T

FS = 1000.0
LEADS = ("i", "ii", "v5")
GAIN = 2000.0
_CHANNEL = {"fmt": "16", "adc_gain": GAIN, "baseline": 0, "adc_zero": 0, "adc_res": 16, "units": "mV"}
_RECORDER = {"fs": FS, "sig_name": list(LEADS), **{name: [value] * len(LEADS) for name, value in _CHANNEL.items()}}

_TURN = (True, False, True, False, True)  # infarction or not, taking turns; two patients are enough for both


def write_mi(folder: Path, *, patients: int = 60, seconds: float = 30.0, seed: int = 0) -> list[str]:
    """Write simulated recordings patient000/sim000 ... and a RECORDS file in the layout of PTB Diagnostic.

    Format 16, 1000 Hz, leads i, ii and v5, no annotations. Three in five patients have an infarction, as the header's
    line `Reason for admission` says. A patient depends on `seed`, `seconds` and its own number only.

    Args:
        folder: made if missing; files of the same name are replaced.
        patients: number of patients, one recording each.
        seconds: length of each recording.
        seed: start of the random numbers.

    Returns:
        Record names with their folder, as in RECORDS.

    Raises:
        EcgError: an argument is out of range, or `folder` is a file.
    """
    in_range("seconds", seconds, 5, 3600)

    def simulate(index: int) -> tuple[files.Samples, list[str], None]:
        sick = _TURN[index % len(_TURN)]
        signal = _simulate(index, round(seconds * FS), seed, sick)
        digital = np.clip(np.round(signal * GAIN), -32767, 32767).astype(np.int64)
        return digital, [f"Reason for admission: {'Myocardial infarction' if sick else 'Healthy control'}"], None

    return files.write_all(folder, "patient{0:03d}/sim{0:03d}", patients, seed, _RECORDER, simulate)


def _simulate(index: int, n: int, seed: int, sick: bool) -> Floats:
    """Signal of one patient, shape [lead, time] in mV."""
    rng = np.random.default_rng([seed, index, 1000])
    shape = shapes.normal(rng, LEADS, spread=0.35)  # wide enough that weak T and small Q occur in healthy people too
    shape = _infarcted(rng, shape) if sick else _healthy(rng, shape)
    mean_rr = 60 / np.clip(rng.normal(75 if sick else 70, 11), 50, 110)
    breathing = rng.uniform(0.18, 0.32)
    sd_rr = mean_rr * rng.lognormal(np.log(0.025 if sick else 0.035), 0.4)
    intervals = rhythm.sinus_intervals(rng, n / FS, mean_rr, sd_rr, breathing)
    times = rhythm.FIRST_BEAT_S + np.concatenate([[0], np.cumsum(intervals)])
    times = times[times < n / FS + 0.5]
    train = strip.assemble(rng, times, [[(shape, 1.0)]] * len(times), breathing)
    signal, _ = strip.record(rng, train, n, FS, breathing, level=0.6)
    return signal


def _healthy(rng: np.random.Generator, shape: Shape) -> Shape:
    """A healthy heart: some early repolarisation (ST up with a tall T), some flat T."""
    height = shape.height.copy()
    height[:, ST] += rng.normal(0.01, 0.02)
    if rng.random() < 0.15:
        height[:, ST] += rng.uniform(0.05, 0.12)
    if rng.random() < 0.15:
        height[:, [T, T2]] *= rng.uniform(0.1, 0.4)
    return Shape(shape.theta, shape.width, height)


def _infarcted(rng: np.random.Generator, shape: Shape) -> Shape:
    """Add the signs of infarction: a deep wide Q with loss of R, a shifted ST, a T turned over.

    Which signs, how strong and in which leads differ between patients; in the weakest cases little is to be seen.
    """
    width, height = shape.width.copy(), shape.height.copy()
    signs = rng.random(3)
    q, st, t = rng.uniform(0.15, 1.1) * signs / signs.max()
    seen = rng.uniform(0.35, 1.0, len(height))  # by each lead
    r = height[:, R].copy()
    height[:, Q] -= 0.5 * q * seen * r
    width[Q] *= 1 + 0.9 * q
    height[:, R] *= 1 - 0.45 * q * seen
    height[:, ST] += rng.choice([0.35, -0.2], p=[0.65, 0.35]) * st * seen
    height[:, [T, T2]] *= (1 - 1.9 * t * seen)[:, None]
    return Shape(shape.theta, width, height)
