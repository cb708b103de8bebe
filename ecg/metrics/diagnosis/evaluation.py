"""Scores of a diagnosis with intervals by resampling patients, matched by age and sex, and against other diagnoses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.metrics.confusion import FloatArray
from ecg.metrics.diagnosis.table import Columns
from ecg.metrics.resampling import percentiles, resamplings, weighted_auroc
from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, OTHER

SPECIFICITY = 0.9
NEAR_YEARS = 5.0
"""A patient is matched with those of the same sex who are at most so much older or younger."""
FEWEST = 5
"""MI patients, and those with a match: of fewer nothing is said with an interval, or of matches."""
FEWEST_AT_SPECIFICITY = 10
"""Others: of fewer, none can be at a specificity of 90 %."""
AGES: Mapping[str, tuple[float, float]] = {"under_50": (0, 50), "50_to_64": (50, 65), "from_65": (65, 200)}

Mask = npt.NDArray[np.bool_]
Weights = FloatArray
"""How often each patient counts, shape [replicate, patient]; the first row is all ones."""


class Estimate(NamedTuple):
    """A number with its 95 % interval; both ends are NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Every score of every scorer on one group of patients.

    Attributes:
        estimates: by scorer and name of the score.
        better: by scorer, AUROC of the model less that of the scorer, on resampled patients alike.
        counts: patients by diagnosis, of each class (`0`, `1`), and of each class by age group, e.g. `from_65/1`.
    """

    estimates: Mapping[str, Mapping[str, Estimate]]
    better: Mapping[str, Estimate]
    counts: Mapping[str, int]


def evaluate(columns: Columns, *, model: str, replicates: int, seed: int) -> Evaluation:
    """Everything that is known of one group of patients.

    By scorer: `auroc`, `balanced_accuracy` (at the threshold that was chosen in training), `se_at_sp90`;
    `auroc_matched` (MI patients against others of their class of the same sex within five years: the age-adjusted AUROC
    of Janes & Pepe 2009, doi 10.1093/biomet/asp002); `auroc_<ages>` and `false_alarms_<ages>` at a specificity of 90 %;
    `auroc_normal` and `auroc_other` against those of each diagnosis, and `flagged_other`, the share of other diagnoses
    above the threshold of 90 % specificity. Over several columns of scores each is the mean of the columns' own.

    Args:
        columns: the patients and their scores.
        model: the scorer that the others are compared with.
        replicates: resampled sets of patients; 0: no intervals.
        seed: of the resampling.
    """
    n = len(columns.people)
    drawn = resamplings(n, replicates, np.random.default_rng(seed), held=n) if replicates else ()
    weights = np.concatenate([np.ones((1, n), dtype=np.int64), *drawn]).astype(np.float64)
    values: dict[str, dict[str, FloatArray]] = {}
    for name, scores in columns.scores.items():
        each = [
            _scores(columns.people, scores[:, column], columns.above[name][:, column], weights)
            for column in range(scores.shape[1])
        ]
        values[name] = {
            key: np.mean([one[key] for one in each], axis=0) for key in each[0] if all(key in one for one in each)
        }
    counts = _counts(columns.people)
    known = slice(None) if min(counts["0"], counts["1"]) >= FEWEST else slice(1)  # resampling one patient says nothing
    estimates = {name: {key: _estimate(x[known]) for key, x in found.items()} for name, found in values.items()}
    better = {}
    if "auroc" in values.get(model, {}):
        own = values[model]["auroc"]
        better = {name: _estimate((own - found["auroc"])[known]) for name, found in values.items() if name != model}
    return Evaluation(estimates, better, counts)


def _estimate(values: FloatArray) -> Estimate:
    drawn = values[1:]
    found = percentiles(drawn, np.isfinite(drawn), 0.95) if len(drawn) else None
    low, high = found if found is not None and found[0] < found[1] else (float("nan"), float("nan"))
    return Estimate(float(values[0]), low, high)


def _counts(people: pd.DataFrame) -> dict[str, int]:
    counts = {f"{name}": int((people["diagnosis"] == name).sum()) for name in (INFARCTION, NORMAL, OTHER)}
    for group, (low, high) in AGES.items():
        own = (people["age"] >= low) & (people["age"] < high)
        counts |= {f"{group}/{c}": int((own & (people["label"] == c)).sum()) for c in (0, 1)}
    return counts | {"0": int((people["label"] == 0).sum()), "1": int((people["label"] == 1).sum())}


def _scores(people: pd.DataFrame, score: FloatArray, above: FloatArray, weights: Weights) -> dict[str, FloatArray]:
    """Each score for each row of weights, [replicate]."""
    label, age = people["label"].to_numpy(dtype=np.float64), people["age"].to_numpy(dtype=np.float64)
    diagnosis, known = people["diagnosis"].to_numpy(), np.isfinite(score)
    positive, negative = known & (label == 1), known & (label == 0)
    found: dict[str, FloatArray] = {}

    def against(name: str, mine: Mask, theirs: Mask) -> None:
        if mine.any() and theirs.any():
            both = mine | theirs
            found[name] = weighted_auroc(mine[both].astype(np.int64), score[both], weights[:, both])

    against("auroc", positive, negative)
    if not found:
        return {}
    limit = _limit(score[negative], weights[:, negative])
    share = _share_above(score, limit, weights)
    limited = negative.sum() >= FEWEST_AT_SPECIFICITY
    if limited:
        found["se_at_sp90"] = share(positive)
    decided = np.isfinite(above)
    if (decided & positive).any() and (decided & negative).any():
        found["balanced_accuracy"] = (
            _mean(above == 1, weights, decided & positive) + _mean(above == 0, weights, decided & negative)
        ) / 2
    sex = people["sex"].to_numpy()
    pairs = (np.abs(age[positive][:, None] - age[negative]) <= NEAR_YEARS) & (sex[positive][:, None] == sex[negative])
    if pairs.any(axis=1).sum() >= FEWEST:
        found["auroc_matched"] = _matched(score, positive, negative, pairs, weights)
    for group, (low, high) in AGES.items():
        own = (age >= low) & (age < high)
        against(f"auroc_{group}", positive & own, negative & own)
        if limited and (negative & own).any():
            found[f"false_alarms_{group}"] = share(negative & own)
    for name in (NORMAL, OTHER):
        those = known & (diagnosis == name)
        if (those != negative).any():
            against(f"auroc_{name}", positive, those)
    others = known & (diagnosis == OTHER)
    if limited and others.any() and not (others == negative).all():
        found["flagged_other"] = share(others)
    return found


def _limit(score: FloatArray, weights: Weights) -> FloatArray:
    """The least of these scores that the wanted share of them does not exceed, [replicate]."""
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    place = (reached >= SPECIFICITY * reached[:, -1:] - 1e-9).argmax(axis=1)
    return np.asarray(score[order][place])


def _share_above(score: FloatArray, limit: FloatArray, weights: Weights) -> Callable[[Mask], FloatArray]:
    def share(those: Mask) -> FloatArray:
        given = weights[:, those]
        above = (score[those][None] > limit[:, None]) * given
        return _over(above.sum(axis=1), given.sum(axis=1))

    return share


def _mean(true: Mask, weights: Weights, those: Mask) -> FloatArray:
    return _over(weights[:, those] @ true[those].astype(np.float64), weights[:, those].sum(axis=1))


def _matched(score: FloatArray, positive: Mask, negative: Mask, pairs: Mask, weights: Weights) -> FloatArray:
    """Mean over MI patients of the share of their matches that score lower; ties count half."""
    mine, theirs = score[positive][:, None], score[negative]
    won = ((mine > theirs) + 0.5 * (mine == theirs)) * pairs
    total = weights[:, negative] @ pairs.T.astype(np.float64)
    place = _over(weights[:, negative] @ won.T, total)
    own = weights[:, positive] * (total > 0)
    return _over(np.nansum(own * np.nan_to_num(place), axis=1), own.sum(axis=1))


def _over(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0))
