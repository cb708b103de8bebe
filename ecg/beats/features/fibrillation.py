"""What tells atrial fibrillation and flutter from other rhythms: RR intervals and P waves of a stretch of beats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.features import rolling
from ecg.beats.features.feature import Feature, columns
from ecg.beats.features.rolling import Column
from ecg.beats.features.templates import QRS, Wave, Waves, correlation, part

REACHES = (10, 20)
"""Beats to each side of a stretch's middle, one logistic regression each."""
STEP = 4
"""Beats from one stretch's middle to the next."""
SHORT, BACK, LONG = 0.87, 0.97, 1.15
MODE = 0.06
PERIODS_S = np.linspace(0.16, 0.28, 25)
P = part(-0.26, -0.06)
P_FREE_S = 0.42
"""Below this RR interval the P wave lies in the T wave before it."""
LIMIT = 4.0
Table = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FIBRILLATION_FEATURES: tuple[Feature, ...] = (
    Feature("median", "log s", "median RR interval of the stretch, by which all others are divided"),
    Feature("counted", "1", "share of RR intervals between two beats of normal shape; only these count"),
    Feature("change", "1", "mean change from one interval to the next, at most 0.5"),
    Feature("change-median", "1", "median change"),
    Feature("change-clean", "1", "mean change without premature beats"),
    Feature("change-median-clean", "1", "median change without premature beats"),
    Feature("steady4", "1", "share of changes below 0.04"),
    Feature("steady10", "1", "share of changes below 0.10"),
    Feature("clean", "1", "share of intervals that belong to no premature beat"),
    Feature("mode1", "1", "share of intervals within 6 % of one interval, the most frequent"),
    Feature("mode2", "1", "the same for the next one, without those"),
    Feature("mode3", "1", "the same for the third"),
    Feature("modes2", "1", "sum of the first two"),
    Feature("modes3", "1", "sum of the three"),
    Feature("entropy", "nat", "entropy of the histogram of intervals"),
    Feature("entropy-change", "nat", "entropy of the histogram of changes"),
    Feature("turning", "1", "share of intervals longer or shorter than both neighbours by 1.5 %"),
    Feature("sample-entropy", "nat", "sample entropy of length 1, tolerance 0.06"),
    Feature("alike", "1", "share of pairs of intervals within 0.06"),
    Feature("autocorrelation", "1", "correlation of each interval with the next, around the median"),
    Feature("short", "1", "share of intervals below 0.87"),
    Feature("long", "1", "share of intervals above 1.15"),
    Feature("short-then-back", "1", "share of short intervals that a normal or longer one follows"),
    Feature("premature", "1", "share of intervals that are short, with such a one behind them"),
    Feature("spread", "log", "85th against 15th percentile"),
    Feature("skew", "log", "90th percentile times 10th"),
    Feature("multiples", "1", "how well the intervals are multiples of one period of 0.16 to 0.28 s, as in flutter"),
    Feature("p-alike", "1", "mean correlation of pairs of P waves"),
    Feature("p-alike-weighted", "1", "the same, weighted by their size"),
    Feature("p-mean", "log", "size of the mean P wave in QRS heights"),
    Feature("p-size", "log", "mean size of P waves in QRS heights"),
    Feature("p-slow", "1", "size of the slow template's P wave in the mean P wave"),
    Feature("p-slow-correlation", "1", "mean correlation of P waves with the slow template's"),
    Feature("p-used", "1", "share of beats whose P wave can be used"),
    Feature("p-alike-late", "1", "mean correlation of pairs of P waves after longer RR intervals"),
)
"""RR irregularity after Moody & Mark 1983 and Lake & Moorman 2011 (doi 10.1152/ajpheart.00561.2010), P waves after
Babaeizadeh et al. 2009 (doi 10.1016/j.jelectrocard.2009.07.002)."""


@dataclass(frozen=True)
class Regression:
    """A logistic regression on standardised features.

    Attributes:
        mean, scale: shape [feature], of the training stretches.
        weight: shape [feature].
        bias: the constant.
    """

    mean: Table
    scale: Table
    weight: Table
    bias: float

    def __call__(self, features: npt.NDArray[np.floating]) -> Table:
        """Log-odds of fibrillation or flutter, shape [stretch]."""
        x = np.clip((features - self.mean) / self.scale, -LIMIT, LIMIT)
        return np.asarray(x @ self.weight + self.bias)


@cache
def regressions() -> dict[int, Regression]:
    """Those that come with ecg, by reach; `experiments/new_patients/rhythm_state.py` made them."""
    with np.load(Path(__file__).with_name("fibrillation.npz"), allow_pickle=False) as stored:
        return {
            reach: Regression(
                stored[f"mean{reach}"], stored[f"scale{reach}"], stored[f"weight{reach}"], float(stored[f"bias{reach}"])
            )
            for reach in REACHES
        }


STATE_FEATURES: tuple[Feature, ...] = (
    Feature("fibrillation10", "log", "odds of atrial fibrillation or flutter from the 21 beats around this one"),
    Feature("fibrillation20", "log", "odds of it from the 41 beats around this one"),
    Feature("fibrillation-wide", "log", "the last averaged over 121 beats"),
    Feature("fibrillation-record", "1", "mean probability of it over the record, from -2 to 2"),
)


def state_features(beats: Waves, rr: Column, following: Column, typical: Wave, slow: Wave) -> npt.NDArray[np.float32]:
    """The columns of `STATE_FEATURES`, shape [beat, feature]; arguments as of `stretches`."""
    near, wide = (
        log_odds(len(beats), *stretches(beats, rr, following, typical, slow, reach), regressions()[reach])
        for reach in REACHES
    )
    probability = 1 / (1 + np.exp(-wide))
    values = {
        "fibrillation10": np.clip(near, -6, 6),
        "fibrillation20": np.clip(wide, -6, 6),
        "fibrillation-wide": np.clip(rolling.mean(wide, 121), -6, 6),
        "fibrillation-record": np.full(len(beats), probability.mean() * 4 - 2),
    }
    return columns(STATE_FEATURES, values)


def log_odds(count: int, middle: npt.NDArray[np.int64], features: npt.NDArray[np.float32], by: Regression) -> Column:
    """Of each of `count` beats, by straight lines between the stretches' middles."""
    return np.interp(np.arange(count), middle, by(features))


def stretches(
    beats: Waves, rr: Column, following: Column, typical: Wave, slow: Wave, reach: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The middle beat of each stretch, and its columns of `FIBRILLATION_FEATURES`.

    Args:
        beats: shape [beat, sample], in units of the template's QRS height.
        rr: shape [beat], RR interval before each in s.
        following: shape [beat], the one after it.
        typical: shape [sample], the template.
        slow: shape [sample], the template of slow beats.
        reach: beats to each side of the middle.
    """
    size = np.ptp(beats[:, QRS], axis=1) / max(float(np.ptp(typical[QRS])), 1e-6)
    normal = (correlation(beats[:, QRS], typical[QRS]) > 0.85) & (size > 0.55) & (size < 1.7)
    middle = np.arange(0, len(beats), STEP)
    values: dict[str, npt.NDArray[np.floating]] = {}
    parts = [_intervals(following, normal, middle[i : i + 256], reach) for i in range(0, len(middle), 256)]
    values |= {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
    values |= _p_waves(beats, rr, normal, slow, middle, reach)
    return middle, columns(FIBRILLATION_FEATURES, values)


def _intervals(following: Column, normal: Mask, middle: npt.NDArray[np.int64], reach: int) -> dict[str, Table]:
    """Statistics of the RR intervals of each stretch, shape [stretch] each."""
    local = rolling.percentile(following, 50, 17)
    short = following < SHORT * local
    back = rolling.shifted(following >= BACK * local, 1) & short
    clean = ~(back | rolling.shifted(back, -1))
    at = middle[:, None] + np.arange(-reach, reach)
    there = (at >= 0) & (at < len(following) - 1)
    at = np.clip(at, 0, max(len(following) - 2, 0))
    counts = there & (normal & rolling.shifted(normal, 1))[at]
    raw = following[at]
    median = _quantile(raw, counts, 0.5)
    x = raw / median[:, None]
    steps, both = x[:, 1:] - x[:, :-1], counts[:, 1:] & counts[:, :-1]
    change = np.minimum(np.abs(steps), 0.5)
    undisturbed = both & clean[at][:, 1:] & clean[at][:, :-1]
    n, pairs = np.maximum(counts.sum(axis=1), 1), np.maximum(both.sum(axis=1), 1)
    few = counts & (x < SHORT)
    then_back = few[:, :-1] & both & (x[:, 1:] >= BACK)
    values = {
        "median": np.log(median),
        "counted": counts.sum(axis=1) / np.maximum(there.sum(axis=1), 1),
        "change": (change * both).sum(axis=1) / pairs,
        "change-median": _quantile(change, both, 0.5, 0.0),
        "change-clean": (change * undisturbed).sum(axis=1) / np.maximum(undisturbed.sum(axis=1), 1),
        "change-median-clean": _quantile(change, undisturbed, 0.5, 0.0),
        "steady4": ((change < 0.04) & both).sum(axis=1) / pairs,
        "steady10": ((change < 0.10) & both).sum(axis=1) / pairs,
        "clean": (clean[at] & counts).sum(axis=1) / n,
        "entropy": _entropy(x, counts, 0.4, 1.9),
        "entropy-change": _entropy(steps, both, -0.6, 0.6),
        "short": few.sum(axis=1) / n,
        "long": (counts & (x > LONG)).sum(axis=1) / n,
        "short-then-back": then_back.sum(axis=1) / np.maximum(few.sum(axis=1), 1),
        "premature": then_back.sum(axis=1) / pairs,
        "spread": np.log(_quantile(x, counts, 0.85) / _quantile(x, counts, 0.15)),
        "skew": np.log(_quantile(x, counts, 0.90) * _quantile(x, counts, 0.10)),
        "multiples": _multiples(raw, counts),
    }
    turns = both[:, 1:] & both[:, :-1] & (steps[:, 1:] * steps[:, :-1] < 0)
    turns &= np.minimum(np.abs(steps[:, 1:]), np.abs(steps[:, :-1])) > 0.015
    values["turning"] = turns.sum(axis=1) / pairs
    centred = np.where(counts, x - 1, 0.0)
    power = np.maximum(np.square(centred).sum(axis=1) / n, 1e-6)
    values["autocorrelation"] = (centred[:, 1:] * centred[:, :-1] * both).sum(axis=1) / pairs / power
    return values | _pairs(x, counts)


def _pairs(x: Table, counts: Mask) -> dict[str, Table]:
    """What comparing every interval of a stretch with every other one tells."""
    two = counts[:, :, None] & counts[:, None, :]
    difference = np.abs(x[:, :, None] - x[:, None, :])
    n = np.maximum(counts.sum(axis=1), 1)
    near = (difference < MODE) & two
    off = ~np.eye(x.shape[1], dtype=bool)
    close = near & off
    alike = close.sum(axis=(1, 2)) / np.maximum((two & off).sum(axis=(1, 2)), 1)
    again = (close[:, :-1, :-1] & close[:, 1:, 1:]).sum(axis=(1, 2)) + 1.0
    first = (close[:, :-1, :-1] & two[:, 1:, 1:]).sum(axis=(1, 2)) + 1.0
    values = {"alike": alike, "sample-entropy": np.log(first / again)}
    left, row, within = counts.copy(), np.arange(len(x)), difference < MODE * x[:, :, None]
    modes = []
    for _ in range(3):
        size = (within & left[:, None, :]).sum(axis=2) * left
        place = size.argmax(axis=1)
        modes.append(size[row, place] / n)
        left &= ~within[row, place]
    values |= {f"mode{i}": mode for i, mode in enumerate(modes, start=1)}
    return values | {"modes2": modes[0] + modes[1], "modes3": modes[0] + modes[1] + modes[2]}


def _quantile(x: Table, counts: Mask, q: float, nothing: float = 1.0) -> Table:
    """Quantile of what counts in each row, the lower of two neighbours; `nothing` where nothing does."""
    n = counts.sum(axis=1)
    ordered = np.sort(np.where(counts, x, np.inf), axis=1)
    value = ordered[np.arange(len(x)), np.maximum(np.ceil(q * n).astype(np.int64) - 1, 0)]
    return np.where(n > 0, value, nothing)


def _entropy(x: Table, counts: Mask, low: float, high: float, bins: int = 20) -> Table:
    place = np.clip(((x - low) / (high - low) * bins).astype(np.int64), 0, bins - 1)
    row = np.broadcast_to(np.arange(len(x))[:, None], x.shape)
    number = np.bincount((row * bins + place)[counts], minlength=len(x) * bins).reshape(len(x), bins)
    share = number / np.maximum(number.sum(axis=1, keepdims=True), 1)
    return np.asarray(-(share * np.log(np.maximum(share, 1e-12))).sum(axis=1))


def _multiples(raw: Table, counts: Mask) -> Table:
    """Largest resultant of the intervals as angles on circles of several lengths; 1: all are multiples of one."""
    n = np.maximum(counts.sum(axis=1), 1)
    best = np.zeros(len(raw))
    for period in PERIODS_S:
        angle = (2 * np.pi / period * raw).astype(np.float32)
        along, across = ((f(angle) * counts).sum(axis=1) for f in (np.cos, np.sin))
        best = np.maximum(best, np.hypot(along, across) / n)
    return best


def _p_waves(
    beats: Waves, rr: Column, normal: Mask, slow: Wave, middle: npt.NDArray[np.int64], reach: int
) -> dict[str, Table]:
    """How alike the P waves of each stretch are, shape [stretch] each."""
    waves = beats[:, P].astype(np.float64)
    waves = waves - waves.mean(axis=1, keepdims=True)
    size = np.maximum(np.linalg.norm(waves, axis=1), 1e-4)
    unit = waves / size[:, None]
    used = (normal & (rr > P_FREE_S)).astype(np.float64)
    late = used * (rr > rolling.percentile(rr, 50, 41))
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, len(beats))

    def total(x: Table) -> Table:
        sums = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
        return np.asarray(sums[high] - sums[low])

    def alike(weight: Column, direction: Table, length: Column) -> Table:
        together = np.square(total(direction * weight[:, None])).sum(axis=1)
        alone, norm = total(np.square(length) * weight), total(length * weight)
        return np.asarray((together - alone) / np.maximum(np.square(norm) - alone, 1e-9))

    one = np.ones(len(beats))
    n = np.maximum(total(used), 1.0)
    mean = total(waves * used[:, None]) / n[:, None]
    other = slow[P] - slow[P].mean()
    norm = max(float(np.linalg.norm(other)), 1e-4)
    return {
        "p-alike": alike(used, unit, one),
        "p-alike-weighted": alike(used, waves, size),
        "p-mean": np.log(np.linalg.norm(mean, axis=1) + 1e-3),
        "p-size": np.log(total(size * used) / n + 1e-3),
        "p-slow": np.clip(mean @ other / norm**2, -3, 3),
        "p-slow-correlation": total((unit @ other / norm) * used) / n,
        "p-used": total(used) / (high - low),
        "p-alike-late": alike(late, unit, one),
    }
