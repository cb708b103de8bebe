"""Synthetic copies of annotated recordings: the patient's own beats in rhythms that the patient did not have.

A recording is taken apart into its beats, each from the start of its P wave to the start of the next one, and put
together again with other RR intervals: premature beats and runs of them, pauses, atrial fibrillation, flutter, fusions.
Only beats of normal rhythm are moved and relabelled; the annotated ectopic beats stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from ecg.errors import EcgError
from ecg.recordings.recording import Annotations, Recording
from ecg.recordings.rhythms import FIBRILLATION, rhythms_at
from ecg.recordings.wfdb_files import require_annotations

VERSION = 3
"""Raised whenever the same recording would have other copies."""
NORMAL, PREMATURE, FUSION, VENTRICULAR = "NLRej", "A", "F", "VE"
_BEATS = frozenset("NLRejAaJSVEF/fQ")
BEFORE_S = 0.26
"""Where a beat's P wave begins, before its R peak; less where RR intervals are short."""
P_END_S = 0.06
T_END_S = 0.45
SHORTEST_S = 0.24
LEVELS = 2**24
FEWEST = 40
"""Annotated beats that a copy needs."""


@dataclass
class Plan:
    """What becomes of each beat of a recording.

    Attributes:
        rr: shape [beat], new RR interval before each in s.
        symbol: shape [beat], its new annotation.
        p: shape [beat], factor on its P wave.
        wave_s: shape [beat], period of an atrial wave from this beat to the next in s; 0: none.
        wave: shape [beat], its size against the QRS complex.
        irregular: shape [beat], whether that wave is fibrillation's, which has no fixed period.
        blend: shape [beat], share of the own beat in a fusion with a ventricular one; 1: no fusion.
        free: shape [beat], whether the beat is in normal rhythm and nothing has become of it yet.
    """

    rr: npt.NDArray[np.float64]
    symbol: npt.NDArray[np.str_]
    p: npt.NDArray[np.float64]
    wave_s: npt.NDArray[np.float64]
    wave: npt.NDArray[np.float64]
    irregular: npt.NDArray[np.bool_]
    blend: npt.NDArray[np.float64]
    free: npt.NDArray[np.bool_]
    local: npt.NDArray[np.float64]


Draw = np.random.Generator


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
    marks, beat = require_annotations(recording), marked_beats(recording)
    if len(beat) < FEWEST:
        raise EcgError(f"record {recording.record}: {len(beat)} beats are too few to make a copy of")
    sample, symbol = marks.sample[beat], marks.symbol[beat]
    rng = np.random.default_rng([seed, number, *recording.record.encode()])
    fibrillating = np.isin(rhythms_at(marks, sample), FIBRILLATION)
    plan = _planned(sample / recording.fs, symbol, fibrillating, rng)
    signal = np.stack([recording.millivolts(row).astype(np.float64) for row in range(len(recording.leads))])
    leads = _Leads(signal, uniform_filter1d(signal, 5, axis=1))
    made, peaks = _spliced(leads, sample, symbol, recording.fs, plan, rng)
    gain = LEVELS / np.maximum(np.abs(made).max(axis=1), 1e-6)
    return replace(
        recording,
        record=f"{recording.record} copy {number}",
        digital=np.rint(made * gain[:, None]).astype(np.int32),
        gain=gain,
        baseline=np.zeros(len(gain), dtype=np.int32),
        annotations=Annotations(peaks, plan.symbol),
    )


def marked_beats(recording: Recording) -> npt.NDArray[np.intp]:
    """Positions of the annotations that mark a beat."""
    return np.flatnonzero(np.isin(require_annotations(recording).symbol, list(_BEATS)))


def _planned(
    seconds: npt.NDArray[np.float64], symbol: npt.NDArray[np.str_], fibrillating: npt.NDArray[np.bool_], rng: Draw
) -> Plan:
    """Draw a new rhythm."""
    n = len(seconds)
    rr = np.diff(seconds, prepend=seconds[0] - np.median(np.diff(seconds)))
    rr = np.clip(rr, SHORTEST_S, 4.0)
    normal = np.array([one in NORMAL for one in symbol]) & ~fibrillating
    alone = normal & np.roll(normal, 1) & np.roll(normal, -1)
    alone[[0, 1, -2, -1]] = False
    plan = Plan(
        rr, symbol.copy(), np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool), np.ones(n), alone,
        median_filter(rr, size=17, mode="nearest"),
    )  # fmt: skip
    if rng.random() < 0.25:
        _tachy_brady(plan, rng)
    if rng.random() < 0.35:
        for _ in range(rng.integers(1, 3)):
            _flutter(plan, rng)
    if rng.random() < 0.5:
        _fibrillation(plan, rng)
    if rng.random() < 0.4:
        for _ in range(rng.integers(1, 5)):
            _long_run(plan, rng)
    if (np.isin(symbol, list(VENTRICULAR))).sum() >= 5 and rng.random() < 0.5:
        _often(plan, rng, rng.uniform(0.002, 0.05), _fusion)
    _often(plan, rng, np.exp(rng.uniform(np.log(0.004), np.log(0.25))), _premature)
    return plan


def _often(plan: Plan, rng: Draw, density: float, change: Callable[[Plan, int, Draw], None]) -> None:
    """Change beats here and there."""
    for k in np.flatnonzero(rng.random(len(plan.rr)) < density):
        if k + 8 < len(plan.rr) and plan.free[k : k + 2].all():
            change(plan, int(k), rng)


def _p_factor(rng: Draw) -> float:
    """P waves of ectopic atrial beats are absent, inverted or of another size."""
    return float(rng.choice([0.0, -1.0, rng.uniform(0.3, 1.6), 1.0], p=[0.35, 0.25, 0.3, 0.1]))


def _premature(plan: Plan, k: int, rng: Draw) -> None:
    """One premature beat, or a short run, and the pause behind it."""
    count = 1 if rng.random() < 0.75 else int(rng.integers(2, 7))
    if not plan.free[k : k + count + 1].all():
        count = 1
    local, coupling, p = plan.local[k], rng.uniform(0.45, 0.87), _p_factor(rng)
    plan.rr[k] = coupling * local
    plan.rr[k + 1 : k + count] = rng.uniform(0.45, 0.8) * local * np.exp(rng.normal(0, 0.03, count - 1))
    plan.symbol[k : k + count], plan.p[k : k + count] = PREMATURE, p
    plan.rr[k + count] = local * (2 - coupling if rng.random() < 0.3 else rng.uniform(0.95, 1.3))
    plan.free[k : k + count + 1] = False


def _stretch(plan: Plan, rng: Draw, shortest: int, longest: int) -> slice | None:
    """A stretch of free beats, as long as drawn or as there are."""
    length = int(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
    starts = np.flatnonzero(plan.free)
    if not len(starts):
        return None
    start = int(rng.choice(starts))
    stop = min(start + length, len(plan.rr) - 3)
    taken = np.flatnonzero(~plan.free[start:stop])
    stop = start + int(taken[0]) if len(taken) else stop
    return slice(start, stop) if stop - start >= min(shortest, 6) else None


def _long_run(plan: Plan, rng: Draw) -> None:
    """A supraventricular tachycardia."""
    if (run := _stretch(plan, rng, 8, 200)) is None:
        return
    n = run.stop - run.start
    plan.rr[run] = rng.uniform(0.4, 0.66) * plan.local[run.start] * np.exp(rng.normal(0, rng.uniform(0.005, 0.04), n))
    plan.symbol[run], plan.p[run], plan.free[run] = PREMATURE, _p_factor(rng), False
    plan.rr[run.stop] = plan.local[run.start] * rng.uniform(1.0, 1.8)
    plan.free[run.stop] = False


def _tachy_brady(plan: Plan, rng: Draw) -> None:
    """Runs of ectopic atrial beats, each followed by a pause and a sinus beat, again and again.

    They go through the whole record, or a stretch. Runs are regular and most of their beats have a P wave of another
    shape, which is what tells them from fibrillation.
    """
    share, pace, pause, p = rng.uniform(0.3, 0.9), rng.uniform(0.6, 0.95), rng.uniform(1.2, 2.2), _p_factor(rng)
    first, last = 2, len(plan.rr) - 3
    if rng.random() < 0.5:
        length = int(np.exp(rng.uniform(np.log(150), np.log(1500))))
        first = int(rng.integers(2, max(last - length, 3)))
        last = min(first + length, last)
    k = first
    while k < last:
        run = slice(k, min(k + 1 + int(rng.geometric(1 - share)), last))
        k = min(run.stop + 1 + int(rng.random() < 0.3), last)
        sinus = slice(run.stop, k)
        if not plan.free[run].all() or not plan.free[sinus].all():
            continue
        local, early = plan.local[run.start], pace * float(np.exp(rng.normal(0, 0.08)))
        plan.rr[run] = early * local * np.exp(rng.normal(0, 0.03, run.stop - run.start))
        plan.symbol[run], plan.p[run] = PREMATURE, p
        plan.rr[sinus] = local * min(pause * float(np.exp(rng.normal(0, 0.12))), 2.6)
        plan.free[run] = plan.free[sinus] = False


def _fibrillation(plan: Plan, rng: Draw) -> None:
    """Irregular intervals, no P waves, a trembling baseline; its beats are N."""
    if (run := _stretch(plan, rng, 40, 2500)) is None:
        return
    n, level = run.stop - run.start, rng.uniform(0.6, 1.05) * float(np.median(plan.local[run]))
    noise = rng.normal(0, 1, n)
    walk = np.exp(rng.uniform(0.12, 0.28) * noise + 0.1 * np.convolve(rng.normal(0, 0.3, n), np.ones(30))[:n] / 3)
    plan.rr[run] = np.clip(level * walk, 0.3, 2.5)
    plan.p[run], plan.free[run], plan.irregular[run] = 0.0, False, True
    plan.wave_s[run], plan.wave[run] = 1 / rng.uniform(4.5, 8.0), rng.uniform(0.0, 0.08)


def _flutter(plan: Plan, rng: Draw) -> None:
    """Intervals are multiples of the atrial wave's period; its beats are N."""
    if (run := _stretch(plan, rng, 60, 500)) is None:
        return
    n, period = run.stop - run.start, rng.uniform(0.175, 0.265)
    low = int(np.ceil(0.34 / period))
    kind = rng.integers(3)
    if kind == 0:
        each = np.full(n, rng.integers(low, 6))
    elif kind == 1:
        each = np.resize(rng.integers(low, 6, int(rng.integers(2, 5))), n)
    else:
        stay, each = rng.uniform(0.4, 0.9), rng.integers(low, 6, n)
        for i in range(1, n):
            each[i] = each[i - 1] if rng.random() < stay else each[i]
    plan.rr[run] = each * period + rng.normal(0, rng.uniform(0.004, 0.018), n)
    plan.p[run], plan.free[run] = 0.0, False
    plan.wave_s[run], plan.wave[run] = period, rng.uniform(0.02, 0.14)


def _fusion(plan: Plan, k: int, rng: Draw) -> None:
    """A blend of the own beat and a ventricular one, a little early."""
    plan.rr[k] = rng.uniform(0.85, 1.0) * plan.local[k]
    plan.symbol[k], plan.blend[k], plan.free[k] = FUSION, rng.uniform(0.3, 0.75), False


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
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The signal of a plan, shape [lead, time], and its R peaks, in samples."""
    rr = np.maximum(np.rint(plan.rr * fs).astype(np.int64), round(SHORTEST_S * fs))
    peaks = np.cumsum(rr) - rr[0] + round(fs)
    own_rr = np.diff(sample, append=sample[-1] + int(np.median(np.diff(sample))))
    early = np.minimum(round(BEFORE_S * fs), (0.4 * np.concatenate([own_rr[:1], own_rr[:-1]])).astype(np.int64))
    signal = leads.signal
    made = np.zeros((len(signal), int(peaks[-1]) + 2 * round(fs)))
    donors = np.flatnonzero(np.isin(symbol, list(VENTRICULAR)))
    for k in range(1, len(sample) - 1):
        start, stop = sample[k] - early[k], sample[k + 1] - early[k + 1]
        if start < 0 or stop > signal.shape[1] or stop - sample[k] < 3:
            continue
        unit = leads.unit(int(start), int(stop))
        if plan.blend[k] < 1:
            unit = _fused(unit, leads, int(early[k]), sample, int(rng.choice(donors)), float(plan.blend[k]), fs)
        if plan.p[k] != 1:
            _scale_p(unit, int(early[k]), float(plan.p[k]), fs)
        unit = _fitted(unit, int(early[k]), int(rr[k + 1] if k + 1 < len(rr) else own_rr[k]), int(early[k + 1]), fs)
        at = int(peaks[k] - early[k])
        made[:, at : at + unit.shape[1]] += unit[:, : made.shape[1] - at]
    height = np.median(
        np.ptp(signal[:, np.clip(sample[:, None] + np.arange(-8, 9), 0, signal.shape[1] - 1)], axis=2), axis=1
    )
    _add_waves(made, peaks, plan, height, fs, rng)
    return made, peaks


def _fused(
    unit: npt.NDArray[np.float64],
    leads: _Leads,
    early: int,
    sample: npt.NDArray[np.int64],
    donor: int,
    share: float,
    fs: float,
) -> npt.NDArray[np.float64]:
    """The unit blended with a ventricular beat around its R peak."""
    start = int(sample[donor]) - early
    stop = start + unit.shape[1]
    if start < 0 or stop > leads.signal.shape[1]:
        return unit
    other = leads.unit(start, stop)
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
    for run in np.split(has, np.flatnonzero(np.diff(has) > 1) + 1) if len(has) else []:
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
