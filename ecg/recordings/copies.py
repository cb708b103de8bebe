"""Synthetic copies of annotated recordings: the patient's own beats in rhythms that the patient did not have.

A recording is taken apart into its beats, each from the start of its P wave to the start of the next one, and put
together again with other RR intervals: premature beats and runs of them, pauses, atrial fibrillation, flutter, fusions.
Only beats of normal rhythm are moved and relabelled; the annotated ectopic beats stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from ecg.errors import EcgError
from ecg.recordings.planned_rhythm import SHORTEST_S, VENTRICULAR, Draw, Plan, planned
from ecg.recordings.recording import Annotations, Recording
from ecg.recordings.rhythms import FIBRILLATION, rhythms_at
from ecg.recordings.wfdb_files import require_annotations

VERSION = 4
"""Raised whenever the same recording would have other copies."""
_BEATS = frozenset("NLRejAaJSVEF/fQ")
BEFORE_S = 0.26
"""Where a beat's P wave begins, before its R peak; less where RR intervals are short."""
P_END_S = 0.06
T_END_S = 0.45
LEVELS = 2**24
FEWEST = 40
"""Annotated beats that a copy needs."""


def synthetic_copy(recording: Recording, number: int, seed: int = 0) -> Recording:
    """One copy of an annotated recording.

    Args:
        recording: with beat annotations; all of its leads are changed alike.
        number: of the copy; another number is another copy.
        seed: of all copies.

    Returns:
        A recording of the same patient, with the labels of its new rhythm, called `<record> copy <number>`.

    Raises:
        EcgError: it has too few annotated beats.
    """
    own, beat = require_annotations(recording), marked_beats(recording)
    if len(beat) < FEWEST:
        raise EcgError(f"record {recording.record}: {len(beat)} beats are too few to make a copy of")
    sample, symbol = own.sample[beat], own.symbol[beat]
    rng = np.random.default_rng([seed, number, *recording.record.encode()])
    fibrillating = np.isin(rhythms_at(own, sample), FIBRILLATION)
    plan = planned(sample / recording.fs, symbol, fibrillating, rng)
    signal = np.stack([recording.millivolts(row).astype(np.float64) for row in range(len(recording.leads))])
    leads = _Leads(signal, uniform_filter1d(signal, 5, axis=1))
    made, marks = _spliced(leads, sample, symbol, recording.fs, plan, rng)
    gain = LEVELS / np.maximum(np.abs(made).max(axis=1), 1e-6)
    return replace(
        recording,
        record=f"{recording.record} copy {number}",
        digital=np.rint(made * gain[:, None]).astype(np.int32),
        gain=gain,
        baseline=np.zeros(len(gain), dtype=np.int32),
        annotations=marks,
    )


def marked_beats(recording: Recording) -> npt.NDArray[np.intp]:
    """Positions of the annotations that mark a beat."""
    return np.flatnonzero(np.isin(require_annotations(recording).symbol, list(_BEATS)))


@dataclass(frozen=True)
class _Leads:
    """Signals that beats are cut out of.

    Attributes:
        signal: shape [lead, time], mV.
        level: shape [lead, time], the same averaged over a few samples, where beats are cut.
    """

    signal: npt.NDArray[np.float64]
    level: npt.NDArray[np.float64]

    def unit(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """One beat without the line between its ends, so that it can be laid beside any other; shape [lead, sample]."""
        first, last = self.level[:, start, None], self.level[:, min(stop, self.level.shape[1] - 1), None]
        return self.signal[:, start:stop] - (first + (last - first) * (np.arange(stop - start) / (stop - start)))


def _spliced(
    leads: _Leads,
    sample: npt.NDArray[np.int64],
    symbol: npt.NDArray[np.str_],
    fs: float,
    plan: Plan,
    rng: Draw,
) -> tuple[npt.NDArray[np.float64], Annotations]:
    """The signal of a plan, shape [lead, time], and its beats: without the first and last one, which are not whole."""
    rr = np.maximum(np.rint(plan.rr * fs).astype(np.int64), round(SHORTEST_S * fs))
    peaks = np.cumsum(rr) - rr[0] + round(fs)
    own_rr = np.diff(sample, append=sample[-1] + int(np.median(np.diff(sample))))
    early = np.minimum(round(BEFORE_S * fs), (0.4 * np.concatenate([own_rr[:1], own_rr[:-1]])).astype(np.int64))
    signal = leads.signal
    made = np.zeros((len(signal), int(peaks[-1]) + 2 * round(fs)))
    donors = sample[np.isin(symbol, list(VENTRICULAR))]
    became, laid = plan.symbol.copy(), np.zeros(len(sample), dtype=bool)
    for k in range(1, len(sample) - 1):
        start, stop = sample[k] - early[k], sample[k + 1] - early[k + 1]
        if start < 0 or stop > signal.shape[1] or stop - sample[k] < 3:
            continue
        unit = leads.unit(int(start), int(stop))
        if plan.blend[k] < 1:
            starts = donors - early[k]
            whole = starts[(starts >= 0) & (starts + unit.shape[1] <= signal.shape[1])]
            if len(whole):
                unit = _fused(unit, leads, int(early[k]), int(rng.choice(whole)), float(plan.blend[k]), fs)
            else:
                became[k] = symbol[k]
        if plan.p[k] != 1:
            _scale_p(unit, int(early[k]), float(plan.p[k]), fs)
        unit = _fitted(unit, int(early[k]), int(rr[k + 1] if k + 1 < len(rr) else own_rr[k]), int(early[k + 1]), fs)
        at = int(peaks[k] - early[k])
        made[:, at : at + unit.shape[1]] += unit[:, : made.shape[1] - at]
        laid[k] = True
    height = np.median(
        np.ptp(signal[:, np.clip(sample[:, None] + np.arange(-8, 9), 0, signal.shape[1] - 1)], axis=2), axis=1
    )
    _add_waves(made, peaks, plan, height, fs, rng)
    return made, Annotations(peaks[laid], became[laid])


def _fused(
    unit: npt.NDArray[np.float64], leads: _Leads, early: int, start: int, share: float, fs: float
) -> npt.NDArray[np.float64]:
    """The unit blended around its R peak with the ventricular beat whose unit begins at `start`."""
    other = leads.unit(start, start + unit.shape[1])
    at = (np.arange(unit.shape[1]) - early) / fs
    weight = (1 - share) * np.clip((at + 0.12) / 0.06, 0, 1) * np.clip((0.45 - at) / 0.1, 0, 1)
    return np.asarray(unit * (1 - weight) + other * weight)


def _scale_p(unit: npt.NDArray[np.float64], early: int, factor: float, fs: float) -> None:
    """Scale what lies before the QRS complex around the line between its ends."""
    stop = max(early - round(P_END_S * fs), 2)
    p = unit[:, :stop]
    line = np.linspace(0, 1, stop)
    straight = p[:, :1] * (1 - line) + p[:, -1:] * line
    unit[:, :stop] = straight + factor * (p - straight)


def _fitted(unit: npt.NDArray[np.float64], early: int, rr: int, early_next: int, fs: float) -> npt.NDArray[np.float64]:
    """The unit with its time between T and P stretched to a longer RR interval, or faded into the next QRS complex."""
    wanted, length = early + rr - early_next, unit.shape[1]
    if wanted > length:
        t_end = min(early + round(T_END_S * fs), length - 2)
        old = np.linspace(0, length - 1 - t_end, wanted - t_end)
        tail = np.stack([np.interp(old, np.arange(length - t_end), row[t_end:]) for row in unit])
        return np.concatenate([unit[:, :t_end], tail], axis=1)
    stop = min(length, early + rr + round(0.02 * fs))
    faded = unit[:, :stop].copy()
    over = min(round(0.08 * fs), stop)
    if stop < length:
        faded[:, -over:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, over))
    return faded


def _add_waves(
    made: npt.NDArray[np.float64],
    peaks: npt.NDArray[np.int64],
    plan: Plan,
    height: npt.NDArray[np.float64],
    fs: float,
    rng: Draw,
) -> None:
    """Lay flutter or fibrillation waves under the beats that have them."""
    has = np.flatnonzero(plan.wave > 0)
    other = (np.diff(has) > 1) | (np.diff(plan.wave_s[has]) != 0) | np.diff(plan.irregular[has])
    for run in np.split(has, np.flatnonzero(other) + 1) if len(has) else []:
        start, stop = int(peaks[run[0]]), int(peaks[min(run[-1] + 1, len(peaks) - 1)])
        n, period, size = stop - start, plan.wave_s[run[0]], plan.wave[run[0]]
        drift = np.cumsum(rng.normal(0, 0.35 if plan.irregular[run[0]] else 0.03, n)) / np.sqrt(fs)
        phase = 2 * np.pi * np.arange(n) / fs / period + drift
        swell = 1 + (0.4 * np.sin(2 * np.pi * np.arange(n) / fs * 0.3) if plan.irregular[run[0]] else 0)
        wave = swell * (
            np.sin(phase) + rng.uniform(0, 0.6) * np.sin(2 * phase + rng.uniform(0, 6)) + 0.15 * np.sin(3 * phase)
        )
        sign = rng.choice([-1.0, 1.0], len(height)) * rng.uniform(0.4, 1.0, len(height))
        made[:, start:stop] += 0.5 * size * (height * sign)[:, None] * wave
