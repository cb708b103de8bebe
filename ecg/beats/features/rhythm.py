"""How early and how late each beat comes, and how regular the rhythm around it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ecg.beats.features import rolling
from ecg.beats.features.feature import Feature, columns
from ecg.beats.features.rolling import Column

SHORTEST_S, LONGEST_S = 0.15, 4.0
"""RR intervals beyond are taken for these: a missed beat, or a gap."""
LOCAL = 17
"""Beats whose median RR interval is the local one: some fifteen seconds."""
RANKED = 50


def _log_of(name: str, what: str) -> tuple[Feature, Feature]:
    return (
        Feature(f"before/{name}", "log", f"RR interval before the beat against {what}"),
        Feature(f"after/{name}", "log", f"RR interval after the beat against {what}"),
    )


RHYTHM_FEATURES: tuple[Feature, ...] = (
    Feature("before", "log s", "RR interval before the beat"),
    Feature("after", "log s", "RR interval after the beat"),
    Feature("before/after", "log", "RR interval before the beat against the one after it"),
    *_log_of("median9", "the median of 9 beats"),
    *_log_of("median17", "the median of 17 beats"),
    *_log_of("median41", "the median of 41 beats"),
    *_log_of("median301", "the median of 301 beats"),
    *_log_of("record", "the record's median"),
    *_log_of("slow31", "the 75th percentile of 31 beats"),
    *_log_of("previous10", "the mean of the 10 intervals before"),
    *_log_of("slow", "the record's 90th percentile"),
    Feature("compensation", "log", "both RR intervals together against twice the local median"),
    Feature("before-2", "log", "the interval two before this beat's own against the local median"),
    Feature("before-1", "log", "the interval before this beat's own against the local median"),
    Feature("after+1", "log", "the interval after the next beat against the local median"),
    Feature("after+2", "log", "the interval after that against the local median"),
    Feature("irregular11", "1", "mean change from one RR interval to the next over 11 beats, in local medians"),
    Feature("irregular-median11", "1", "median of such changes over 11 beats"),
    Feature("irregular-median31", "1", "median of such changes over 31 beats"),
    Feature("irregular-median61", "1", "median of such changes over 61 beats"),
    Feature("irregular-record", "1", "median of such changes over the record"),
    Feature("irregular-low31", "1", "25th percentile of such changes over 31 beats"),
    Feature("local", "log s", "local median RR interval"),
    Feature("local/slow", "log", "local median against the record's 90th percentile"),
    Feature("spread61", "log", "75th against 25th percentile of RR over 61 beats"),
    Feature("spread-record", "log", "90th against 10th percentile of RR over the record"),
    Feature("rank", "1", "share of the 50 intervals around it that are shorter than the one before the beat"),
    Feature("rank-after", "1", "share of the 50 intervals around it that are shorter than the one after the beat"),
)
"""After de Chazal et al. 2004 (doi 10.1109/TBME.2004.827359), who use four such ratios; all logs are natural."""

ABSOLUTE = tuple(i for i, one in enumerate(RHYTHM_FEATURES) if one.unit == "log s")
"""Positions of those that tell the heart rate itself."""


def known_rr(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> tuple[Column, Column]:
    """RR intervals before and after each beat in s, within bounds; at a record's ends the other one, or 0.8 s."""
    one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    one, other = np.where(np.isfinite(one), one, other), np.where(np.isfinite(other), other, one)
    return tuple(np.clip(np.nan_to_num(x, nan=0.8), SHORTEST_S, LONGEST_S) for x in (one, other))  # type: ignore[return-value]


def rhythm_features(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """The columns of `RHYTHM_FEATURES`, shape [beat, feature].

    Args:
        before: shape [beat], seconds since the previous beat of the record, NaN for its first.
        after: shape [beat], seconds to the next one, NaN for the last.
    """
    rr, following = known_rr(before, after)
    local = rolling.percentile(rr, 50, LOCAL)
    typical = {f"median{n}": rolling.percentile(rr, 50, n) for n in (9, LOCAL, 41, 301)}
    slow, fast = np.percentile(rr, [90, 10])
    typical |= {
        "record": np.full(len(rr), np.median(rr)),
        "slow31": rolling.percentile(rr, 75, 31),
        "previous10": rolling.previous_mean(rr, 10),
        "slow": np.full(len(rr), slow),
    }
    change = np.minimum(np.abs(rr - rolling.shifted(rr, -1)) / local, 1.0)
    values = {
        "before": np.log(rr),
        "after": np.log(following),
        "before/after": np.log(rr / following),
        "compensation": np.log((rr + following) / (2 * local)),
        "before-2": np.log(rolling.shifted(rr, -2) / local),
        "before-1": np.log(rolling.shifted(rr, -1) / local),
        "after+1": np.log(rolling.shifted(rr, 2) / local),
        "after+2": np.log(rolling.shifted(rr, 3) / local),
        "irregular11": rolling.mean(change, 11),
        **{f"irregular-median{n}": rolling.percentile(change, 50, n) for n in (11, 31, 61)},
        "irregular-record": np.full(len(rr), np.median(change)),
        "irregular-low31": rolling.percentile(change, 25, 31),
        "local": np.log(local),
        "local/slow": np.log(local / slow),
        "spread61": np.log(rolling.percentile(rr, 75, 61) / rolling.percentile(rr, 25, 61)),
        "spread-record": np.full(len(rr), np.log(slow / fast)),
    }
    for name, other in typical.items():
        values |= {f"before/{name}": np.log(rr / other), f"after/{name}": np.log(following / other)}
    near = sliding_window_view(np.pad(rr, RANKED // 2, mode="reflect" if len(rr) > RANKED // 2 else "edge"), RANKED + 1)
    values |= {"rank": (near < rr[:, None]).mean(axis=1), "rank-after": (near < following[:, None]).mean(axis=1)}
    return columns(RHYTHM_FEATURES, values)
