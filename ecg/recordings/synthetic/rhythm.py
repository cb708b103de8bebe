"""When the heart beats: sinus rhythm with breathing and Mayer waves, and beats that come too early."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.recordings.synthetic.model import Floats

FIRST_BEAT_S = 0.3

_GRID_HZ = 4.0

# Interval before each kind of beat, in units of the sinus interval: (shortest, longest) over patients.
# After V and F the sinus node, not being reached, keeps its own time: a compensatory pause.
_COUPLING = {"V": (0.55, 0.72), "A": (0.58, 0.80), "J": (0.65, 0.82), "F": (0.90, 0.98)}
_COMPENSATED = ("V", "F")
_EARLIEST_S = 0.34  # the ventricles cannot answer sooner


def sinus_intervals(rng: np.random.Generator, seconds: float, mean: float, sd: float, breathing: float) -> Floats:
    """RR intervals in s, shape [interval], that last for at least `seconds`.

    The spectrum of RR is that of McSharry et al. 2003, eqs. 3-5: two Gaussians, Mayer waves at 0.1 Hz and breathing at
    its own frequency (sd 0.01 Hz each, LF/HF power 0.5), with random phases.

    Args:
        rng: source of chance.
        seconds: how long the rhythm has to last.
        mean: mean RR in s.
        sd: standard deviation of RR in s.
        breathing: frequency in Hz.
    """
    n = max(
        int((seconds + 5) * _GRID_HZ) // 2 * 2, 240
    )  # below a minute the lines of the spectrum would be wider apart than its peaks
    f = np.fft.rfftfreq(n, 1 / _GRID_HZ)
    power = 0.5 * np.exp(-((f - 0.1) ** 2) / 2e-4) + np.exp(-((f - breathing) ** 2) / 2e-4)
    rr = np.fft.irfft(np.sqrt(power) * np.exp(2j * np.pi * rng.random(len(f))), n)
    rr = np.clip(mean + sd * (rr - rr.mean()) / rr.std(), 0.4, 2.0)
    turns = np.concatenate([[0], np.cumsum(1 / (rr * _GRID_HZ))])
    beats = np.interp(np.arange(int(turns[-1])), turns, np.arange(n + 1) / _GRID_HZ)
    return np.diff(beats)


def place(rng: np.random.Generator, base: str, n: int, share: dict[str, float]) -> npt.NDArray[np.str_]:
    """Decide which of `n` beats are what: shape [beat] of annotation symbols, `base` where nothing happens.

    Every symbol of `share` occurs at least three times where there is room; every second beat stays `base`, so that
    each early beat has a normal one before and after it.

    Args:
        rng: source of chance.
        base: symbol of the patient's usual beat.
        n: number of beats.
        share: wanted part of the beats for each other symbol.
    """
    kinds = np.full(n, base, dtype="<U1")
    free = rng.permutation(np.arange(2 + rng.integers(2), n - 1, 2))
    wanted = {symbol: max(3, round(part * n)) for symbol, part in share.items()}
    rest = [symbol for symbol, count in wanted.items() for _ in range(count - 1)]
    chosen = [*wanted, *rng.permutation(rest)][: len(free)]  # one of each first
    kinds[free[: len(chosen)]] = chosen
    return kinds


def beat_times(rng: np.random.Generator, intervals: Floats, kinds: npt.NDArray[np.str_]) -> Floats:
    """R times in s, shape [beat]: the sinus rhythm with its early beats moved.

    Args:
        rng: source of chance; the coupling of early beats is the patient's own and varies little.
        intervals: sinus RR in s, shape [beat - 1] or longer.
        kinds: annotation symbols, shape [beat].
    """
    rr = intervals[: len(kinds) - 1].copy()
    for symbol, (low, high) in _COUPLING.items():
        coupling = rng.uniform(low, high)
        beats = np.flatnonzero(kinds == symbol)
        factor = np.clip(coupling + rng.normal(0, 0.02, len(beats)), low - 0.03, high + 0.03)
        early = np.maximum(factor * rr[beats - 1], _EARLIEST_S)
        lost = rr[beats - 1] - early
        rr[beats - 1] = early
        after = beats < len(rr)
        pause = lost if symbol in _COMPENSATED else 0.05 * rr[beats - 1]  # an atrial beat resets the sinus node
        rr[beats[after]] += pause[after]
    return FIRST_BEAT_S + np.concatenate([[0], np.cumsum(rr)])
