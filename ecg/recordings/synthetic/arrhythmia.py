"""Simulated patients with arrhythmias, in files like those of the MIT-BIH Arrhythmia Database."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.checks import in_range
from ecg.recordings.synthetic import files, rhythm, shapes, strip
from ecg.recordings.synthetic.model import Floats

FS = 360.0
LEADS = ("MLII", "V5")
GAIN = 200.0
BASELINE = 1024
_CHANNEL = {"fmt": "212", "adc_gain": GAIN, "baseline": BASELINE, "adc_zero": BASELINE, "adc_res": 11, "units": "mV"}
_RECORDER = {"fs": FS, "sig_name": list(LEADS), **{name: [value] * len(LEADS) for name, value in _CHANNEL.items()}}

_SPIKE_LEAD_S = 0.06  # from the pacemaker's spike to the peak of the QRS

# Six kinds of patients that take turns, so that any six neighbours hold all AAMI classes, each class at least twice.
# Usual beat and, for every other symbol, the share of all beats (lowest, highest), drawn evenly on a log scale.
_ROLES: tuple[tuple[str, dict[str, tuple[float, float]]], ...] = (
    ("N", {"A": (0.002, 0.01)}),
    ("N", {"V": (0.03, 0.25), "F": (0.01, 0.06)}),
    ("N", {"A": (0.03, 0.25), "J": (0.005, 0.03)}),
    ("/", {"f": (0.02, 0.15), "Q": (0.005, 0.02), "V": (0.005, 0.03)}),
    ("N", {"V": (0.01, 0.10), "A": (0.01, 0.10), "F": (0.01, 0.04)}),
    ("LR", {"V": (0.005, 0.05), "A": (0.01, 0.05), "Q": (0.005, 0.01)}),
)


def write_arrhythmia(folder: Path, *, patients: int = 40, minutes: float = 5.0, seed: int = 0) -> list[str]:
    """Write simulated recordings sim000, sim001 ... and a RECORDS file in the layout of MIT-BIH.

    Format 212, 360 Hz, leads MLII and V5, annotations at the QRS peaks. Any six consecutive patients hold all five AAMI
    classes, each in two or more of them. A patient depends on `seed`, `minutes` and its own number only.

    Args:
        folder: made if missing; files of the same name are replaced.
        patients: number of patients, one recording each.
        minutes: length of each recording.
        seed: start of the random numbers.

    Returns:
        Record names.

    Raises:
        EcgError: an argument is out of range, or `folder` is a file.
    """
    in_range("minutes", minutes, 0.2, 1440)

    def simulate(index: int) -> tuple[files.Samples, list[str], tuple[files.Samples, files.Symbols]]:
        signal, sample, symbol = _simulate(index, round(minutes * 60 * FS), seed)
        digital = np.clip(np.round(signal * GAIN) + BASELINE, 0, 2047).astype(np.int64)  # an 11-bit converter
        return digital, [], (sample, symbol)

    return files.write_all(folder, "sim{:03d}", patients, seed, _RECORDER, simulate)


def _simulate(index: int, n: int, seed: int) -> tuple[Floats, files.Samples, files.Symbols]:
    """Signal [lead, time] in mV, QRS peaks [beat] in samples and symbols [beat] of one patient."""
    rng = np.random.default_rng([seed, index, 360])
    base, ranges = _ROLES[index % len(_ROLES)]
    if base == "LR":
        base = base[index // len(_ROLES) % 2]
    forms = _forms(rng, base)
    mean_rr = 60 / rng.uniform(62, 80) if base == "/" else 60 / np.clip(rng.normal(74, 11), 52, 105)
    share = {symbol: float(np.exp(rng.uniform(*np.log(limits)))) for symbol, limits in ranges.items()}
    sd_rr = 0.004 if base == "/" else mean_rr * rng.lognormal(np.log(0.035), 0.4)
    breathing = rng.uniform(0.18, 0.32)
    spike = rng.uniform(0.3, 1.2, len(LEADS)) * rng.choice([-1, 1])
    noise = rng.lognormal(0, 0.3)
    seconds = n / FS
    intervals = rhythm.sinus_intervals(rng, 1.5 * seconds + 10, mean_rr, sd_rr, breathing)
    usual = int(np.searchsorted(np.cumsum(intervals), seconds - 0.6)) + 1  # beats that fit if none comes early
    kinds = np.full(len(intervals) + 1, base)
    kinds[:usual] = rhythm.place(rng, base, usual, share)
    times = rhythm.beat_times(rng, intervals, kinds)
    beats = [_components(rng, forms, str(kind)) for kind in kinds]
    n_beats = int((times < seconds - 0.1).sum())
    # The first beat after the end is simulated too, for the sake of its P wave.
    train = strip.assemble(rng, times[: n_beats + 1], beats[: n_beats + 1], breathing)
    signal, heart = strip.record(rng, train, n, FS, breathing, noise)
    times, kinds = times[:n_beats], kinds[:n_beats]
    _add_spikes(signal, times[np.isin(kinds, ["/", "f"])], spike)
    return signal, strip.qrs_peaks(heart[0], times, FS), kinds


def _forms(rng: np.random.Generator, base: str) -> dict[str, list[shapes.Shape]]:
    """The shapes of each symbol's beats in a patient whose usual beat is `base`; fusion (F, f) has none of its own."""
    own = shapes.normal(rng, LEADS)
    if base == "N" and rng.random() < 0.15:
        own = shapes.turned_axis(rng, own)
    usual = own
    if base in "LR":
        usual = shapes.bundle_branch(rng, own, base)
    elif base == "/":
        usual = shapes.paced(rng, own, atrial=rng.random() < 0.4)
    sinus = own if base == "/" else usual
    return {
        "V": [shapes.ventricular(rng, own) for _ in range(rng.choice([1, 2], p=[0.7, 0.3]))],
        "A": [shapes.atrial(rng, sinus) for _ in range(2)],
        "J": [shapes.junctional(rng, sinus)],
        "Q": [shapes.distorted(rng, usual) for _ in range(4)],
        "N": [own],
        base: [usual],
    }


def _components(rng: np.random.Generator, forms: dict[str, list[shapes.Shape]], symbol: str) -> list[strip.Component]:
    """The shapes that meet in one beat, with weights."""
    if symbol in "Ff":
        return shapes.fused(rng, forms["N"][0], forms["V" if symbol == "F" else "/"][0])
    return [(forms[symbol][rng.integers(len(forms[symbol]))], 1.0)]


def _add_spikes(signal: Floats, times: Floats, height: Floats) -> None:
    """Add the pacemaker's spike, two samples up and an overshoot, in place before each beat that it made or shared."""
    start = np.round((times - _SPIKE_LEAD_S) * FS).astype(np.int64)
    for step, part in enumerate([0.8, 1.0, -0.2]):
        signal[:, start + step] += part * height[:, None]
