"""Simulated patients with arrhythmias, in files like those of the MIT-BIH Arrhythmia Database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.checks import in_range
from ecg.recordings.synthetic import files, rhythm, shapes, strip
from ecg.recordings.synthetic.model import Floats

FS = 360.0
LEADS = ("MLII", "V5")
GAIN = 200.0
BASELINE = 1024
_CHANNEL = {"fmt": "212", "adc_gain": GAIN, "baseline": BASELINE, "adc_zero": BASELINE, "adc_res": 11, "units": "mV"}
_RECORDER = files.Recorder(FS, LEADS, _CHANNEL)

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


@dataclass(frozen=True)
class Patient:
    """What is constant in one simulated patient.

    Attributes:
        base: symbol of the usual beat.
        share: part of the beats for each other symbol.
        forms: the shapes of each symbol's beats; fusion (F, f) has none of its own.
        mean_rr: in s.
        sd_rr: in s.
        breathing: in Hz.
        spike: height of the pacemaker's spike in mV, shape [lead].
        noise: factor on the recorder's noise.
    """

    base: str
    share: dict[str, float]
    forms: dict[str, list[shapes.Shape]]
    mean_rr: float
    sd_rr: float
    breathing: float
    spike: Floats
    noise: float


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
    files.check(folder, patients, seed)
    in_range("minutes", minutes, 0.2, 1440)
    names = [f"sim{index:03d}" for index in range(patients)]

    def simulate(index: int) -> files.Signals:
        signal, sample, symbol = _simulate(index, round(minutes * 60 * FS), seed)
        digital = np.clip(np.round(signal * GAIN) + BASELINE, 0, 2047).astype(np.int64)  # an 11-bit converter
        return digital, [files.origin(seed, index)], (sample, symbol)

    return files.write_all(folder, names, "simulating arrhythmias", _RECORDER, simulate)


def _simulate(index: int, n: int, seed: int) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    """Signal [lead, time] in mV, QRS peaks [beat] in samples and symbols [beat] of one patient."""
    rng = np.random.default_rng([seed, index, 360])
    patient = _patient(rng, index)
    seconds = n / FS
    intervals = rhythm.sinus_intervals(rng, 1.5 * seconds + 10, patient.mean_rr, patient.sd_rr, patient.breathing)
    usual = int(np.searchsorted(np.cumsum(intervals), seconds - 0.6)) + 1  # beats that fit if none comes early
    kinds = rhythm.place(rng, patient.base, usual, patient.share)
    kinds = np.concatenate([kinds, np.full(len(intervals) + 1 - usual, patient.base)])
    times = rhythm.beat_times(rng, intervals, kinds)
    keep = times < seconds - 0.1
    beats = [_components(rng, patient, str(kind)) for kind in kinds[: len(times)]]
    # The first beat after the end is simulated too, for the sake of its P wave.
    last = int(keep.sum()) + 1
    train = strip.assemble(rng, times[:last], beats[:last], patient.breathing)
    signal, heart = strip.record(rng, train, n, FS, patient.breathing, patient.noise)
    _add_spikes(signal, times[keep], kinds[: len(times)][keep], patient.spike)
    return signal, strip.qrs_peaks(heart[0], times[keep], FS), kinds[: len(times)][keep]


def _patient(rng: np.random.Generator, index: int) -> Patient:
    """Draw the patient number `index`."""
    base, ranges = _ROLES[index % len(_ROLES)]
    if base == "LR":
        base = base[index // len(_ROLES) % 2]
    own = shapes.normal(rng, LEADS)
    if base == "N" and rng.random() < 0.15:
        own = shapes.turned_axis(rng, own)
    usual = {
        "N": lambda: own,
        "L": lambda: shapes.bundle_branch(rng, own, "L"),
        "R": lambda: shapes.bundle_branch(rng, own, "R"),
        "/": lambda: shapes.paced(rng, own, atrial=rng.random() < 0.4),
    }[base]()
    sinus = own if base == "/" else usual
    ectopic = [shapes.ventricular(rng, own) for _ in range(rng.choice([1, 2], p=[0.7, 0.3]))]
    forms = {
        "N": [own],
        base: [usual],
        "V": ectopic,
        "A": [shapes.atrial(rng, sinus) for _ in range(2)],
        "J": [shapes.junctional(rng, sinus)],
        "Q": [shapes.distorted(rng, usual) for _ in range(4)],
    }
    mean_rr = 60 / rng.uniform(62, 80) if base == "/" else 60 / np.clip(rng.normal(74, 11), 52, 105)
    return Patient(
        base=base,
        share={symbol: float(np.exp(rng.uniform(*np.log(limits)))) for symbol, limits in ranges.items()},
        forms=forms,
        mean_rr=float(mean_rr),
        sd_rr=0.004 if base == "/" else float(mean_rr * rng.lognormal(np.log(0.035), 0.4)),
        breathing=float(rng.uniform(0.18, 0.32)),
        spike=rng.uniform(0.3, 1.2, len(LEADS)) * rng.choice([-1, 1]),
        noise=float(rng.lognormal(0, 0.3)),
    )


def _components(rng: np.random.Generator, patient: Patient, symbol: str) -> list[strip.Component]:
    """The shapes that meet in one beat, with weights."""
    if symbol in "Ff":
        return shapes.fused(rng, patient.forms["N"][0], patient.forms["V" if symbol == "F" else "/"][0])
    forms = patient.forms[symbol]
    return [(forms[rng.integers(len(forms))], 1.0)]


def _add_spikes(signal: Floats, times: Floats, kinds: npt.NDArray[np.str_], height: Floats) -> None:
    """Add the pacemaker's spike, two samples up and an overshoot, in place before every beat it made or shared."""
    fired = times[np.isin(kinds, ["/", "f"])]
    start = np.round((fired - _SPIKE_LEAD_S) * FS).astype(np.int64)
    for step, part in enumerate([0.8, 1.0, -0.2]):
        signal[:, start + step] += part * height[:, None]
