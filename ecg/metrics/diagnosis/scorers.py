"""What a model is compared with: trees on wave measurements, and the patient's age and sex alone.

scikit-learn loads when a baseline is first fitted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import FloatArray, IntArray

MODEL, TREES, AGE_SEX, AGE = "model", "trees", "age_and_sex", "age_alone"
SCORERS: Mapping[str, str] = {MODEL: "this model", TREES: "trees on waves", AGE_SEX: "age and sex", AGE: "age alone"}
"""Every scorer by the name that its keys have in metrics.json, with the name that people read."""

N_TREES = 300
LEAST_LEAF = 3
SHARE_OF_FEATURES = 0.1
INNER_FOLDS = 3
BOOTSTRAPS = 40
RAREST = 1e-7
"""How far a net's probability is held from 0 and 1 before its log odds are taken; that of trees, half a vote."""

Fit = Callable[[FloatArray, IntArray, FloatArray, int], Callable[[FloatArray], FloatArray]]
"""From features [row, feature], classes [row], weights [row] and a seed to what scores rows."""


def log_odds(probability: npt.ArrayLike, rarest: float = RAREST) -> FloatArray:
    """Log odds of probabilities, finite."""
    p = np.clip(np.asarray(probability, dtype=np.float64), rarest, 1 - rarest)
    return np.asarray(np.log(p / (1 - p)))


def fit_trees(x: FloatArray, y: IntArray, weight: FloatArray, seed: int) -> Callable[[FloatArray], FloatArray]:
    """Extremely randomised trees (Geurts et al. 2006, doi 10.1007/s10994-006-6226-1): log odds of their mean vote."""
    from sklearn.ensemble import ExtraTreesClassifier

    trees = ExtraTreesClassifier(
        N_TREES, min_samples_leaf=LEAST_LEAF, max_features=SHARE_OF_FEATURES, random_state=seed, n_jobs=1
    )
    trees.fit(x, y, sample_weight=weight)
    return lambda rows: log_odds(trees.predict_proba(rows)[:, 1], 0.5 / N_TREES)


def fit_logistic(x: FloatArray, y: IntArray, weight: FloatArray, seed: int) -> Callable[[FloatArray], FloatArray]:
    """Logistic regression on standardised features: log odds."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    fitted = LogisticRegression(random_state=seed).fit((x - mean) / spread, y, sample_weight=weight)
    return lambda rows: np.asarray(fitted.decision_function((rows - mean) / spread), dtype=np.float64)


def fit_nothing(x: FloatArray, y: IntArray, weight: FloatArray, seed: int) -> Callable[[FloatArray], FloatArray]:
    """The first feature is the score."""
    return lambda rows: rows[:, 0]


_MOST_KNOWN = 8
_known: dict[Hashable, tuple[FloatArray, float]] = {}
"""What was fitted last: the jobs of a sweep over k fit the same trees to the same rows, seconds each time."""


def fitted_scores(
    fit: Fit,
    x: FloatArray,
    y: IntArray,
    patient: npt.NDArray[np.str_],
    wanted: FloatArray,
    *,
    seed: int,
) -> tuple[FloatArray, float]:
    """Scores of other rows, and the threshold that inner folds of the training patients give.

    Every patient counts once, and both classes half.

    Args:
        fit: a kind of model.
        x: training rows, shape [row, feature].
        y: classes 0 and 1, shape [row], one a patient.
        patient: shape [row].
        wanted: rows to be scored, shape [other row, feature].
        seed: of the model, the inner folds and the threshold.
    """
    rows = b"".join(hashlib.sha256(one.tobytes()).digest() for one in (x, y, patient, wanted))
    mark = (fit, seed, x.shape, wanted.shape, str(patient.dtype), rows)
    if mark not in _known:
        while len(_known) >= _MOST_KNOWN:
            _known.pop(next(iter(_known)))
        _known[mark] = _fitted_scores(fit, x, y, patient, wanted, seed)
    return _known[mark]


def _fitted_scores(
    fit: Fit, x: FloatArray, y: IntArray, patient: npt.NDArray[np.str_], wanted: FloatArray, seed: int
) -> tuple[FloatArray, float]:
    score = fit(x, y, patient_weights(patient, y), seed)(wanted)
    names, first, member = np.unique(patient, return_index=True, return_inverse=True)
    inner, fold = np.full(len(y), np.nan), _inner_folds(y[first], seed)[member]
    for k in range(INNER_FOLDS):
        own, other = fold == k, fold != k
        if own.any() and len(np.unique(y[other])) == 2:
            inner[own] = fit(x[other], y[other], patient_weights(patient[other], y[other]), seed)(x[own])
    known = np.isfinite(inner)
    total = np.bincount(member[known], inner[known], minlength=len(names))
    mean = total / np.maximum(np.bincount(member[known], minlength=len(names)), 1)
    held = np.unique(member[known])
    return score, best_threshold(mean[held], y[first][held], seed=seed)


def patient_weights(patient: npt.NDArray[np.str_], y: IntArray) -> FloatArray:
    """Shape [row]: every patient counts once, both classes half, and the mean is 1."""
    _, member, count = np.unique(patient, return_inverse=True, return_counts=True)
    weight = 1.0 / count[member]
    for c in np.unique(y):
        weight[y == c] /= weight[y == c].sum()
    return np.asarray(weight * len(y) / weight.sum())


def _inner_folds(y: IntArray, seed: int) -> IntArray:
    """Fold of each patient, the classes dealt out one after the other."""
    rng, fold, at = np.random.default_rng([seed, INNER_FOLDS]), np.zeros(len(y), dtype=np.int64), 0
    for c in (0, 1):
        own = rng.permutation(np.flatnonzero(y == c))
        fold[own] = (at + np.arange(len(own))) % INNER_FOLDS
        at += len(own)
    return fold


def best_threshold(score: FloatArray, target: IntArray, *, seed: int = 0) -> float:
    """The mean, over resampled patients, of the thresholds of best balanced accuracy.

    Args:
        score: shape [patient].
        target: 0 or 1, shape [patient].
        seed: of the resampling.

    Returns:
        what scores must be above; NaN where a class has nobody.
    """
    if not len(score) or target.min() == target.max():
        return float("nan")
    rng, found = np.random.default_rng([seed, BOOTSTRAPS]), []
    for _ in range(BOOTSTRAPS):
        drawn = rng.integers(0, len(score), len(score))
        s, y = score[drawn], target[drawn]
        if y.min() == y.max():
            continue
        edges = np.unique(s)
        cuts = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]])
        above = s[None] > cuts[:, None]
        balanced = above[:, y == 1].mean(axis=1) + (~above[:, y == 0]).mean(axis=1)
        found.append(float(cuts[np.isclose(balanced, balanced.max())].mean()))
    return float(np.mean(found)) if found else float("nan")
