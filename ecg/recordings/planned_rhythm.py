"""Other rhythms for the beats of a recording: drawn, and not yet made into a signal; see `ecg.recordings.copies`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

NORMAL, PREMATURE, FUSION, VENTRICULAR = "NLRej", "A", "F", "VE"
"""WFDB symbols: of beats that may be moved, and of what they become; V and E give the other part of a fusion."""
SHORTEST_S = 0.24


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
        local: shape [beat], local median RR interval of the original in s.
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


def planned(
    seconds: npt.NDArray[np.float64], symbol: npt.NDArray[np.str_], fibrillating: npt.NDArray[np.bool_], rng: Draw
) -> Plan:
    """Draw a new rhythm.

    Args:
        seconds: shape [beat], R peaks of the original.
        symbol: shape [beat], its annotations.
        fibrillating: shape [beat], whether it is marked as atrial fibrillation or flutter; such beats stay.
        rng: draws.
    """
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
    """A supraventricular tachycardia, and the pause behind it."""
    if (free := _stretch(plan, rng, 9, 201)) is None:
        return
    run = slice(free.start, free.stop - 1)  # the beat behind it moves too, so it must be free as well
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
