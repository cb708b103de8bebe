"""Episodes of a rhythm, found against marked: how many, and how much of their time (EC57, as `epicmp` counts)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import ratio

Intervals = npt.NDArray[np.int64]
"""Shape [episode, 2], start and stop, in order and apart from each other."""


def overlap(ones: Intervals, others: Intervals) -> npt.NDArray[np.int64]:
    """How much of each of `ones` lies in any of `others`, shape [episode]."""
    low, high = np.maximum(ones[:, None, 0], others[None, :, 0]), np.minimum(ones[:, None, 1], others[None, :, 1])
    return np.asarray(np.maximum(high - low, 0).sum(axis=1), dtype=np.int64)


def episode_scores(records: Sequence[tuple[Intervals, Intervals, float]]) -> dict[str, float]:
    """Scores of one or more records together; a score whose denominator is 0 is left out.

    Args:
        records: marked episodes, found ones, and the sampling rate in Hz of both, of each record.

    Returns:
        `episodes/se|ppv`: share of marked (found) episodes that any found (marked) one overlaps; `duration/se|ppv`:
        share of the marked (found) time that is found (marked); `episodes/marked|found`, counts; `duration/marked_s`.
    """
    hit, total, shared, time = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)
    for marked, found, fs in records:
        for side, (ones, others) in enumerate(((marked, found), (found, marked))):
            common = overlap(ones, others)
            hit[side] += (common > 0).sum()
            total[side] += len(ones)
            shared[side] += common.sum() / fs
            time[side] += (ones[:, 1] - ones[:, 0]).sum() / fs
    values = {"episodes/marked": total[0], "episodes/found": total[1], "duration/marked_s": time[0]}
    for kind, part, whole in (("episodes", hit, total), ("duration", shared, time)):
        shares = ratio(part, whole)
        values |= {f"{kind}/{name}": shares[i] for i, name in enumerate(("se", "ppv")) if whole[i] > 0}
    return {name: float(value) for name, value in values.items()}
