"""Every metric in one place: its name, direction, how it is shown, how it is computed and bootstrapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.metrics.confusion import FloatArray, IntArray, Scores, confusion_matrix
from ecg.metrics.resampling import Pair, auroc_interval

CALIBRATION_BINS = 15  # Guo et al., ICML 2017, and most since


@dataclass(frozen=True)
class Scored:
    """Labelled beats (or patients) and what a model says of them.

    Attributes:
        target: true class indices, shape [beat].
        probability: shape [beat, class], rows add up to 1; the largest is the prediction.
        classes: names of the classes, in the order of the columns.
    """

    target: IntArray
    probability: FloatArray
    classes: tuple[str, ...]

    @cached_property
    def predicted(self) -> IntArray:
        """Predicted class indices, shape [beat]."""
        return np.asarray(self.probability.argmax(axis=1), dtype=np.int64)

    @cached_property
    def counts(self) -> IntArray:
        """The confusion matrix, shape [true, predicted]."""
        return confusion_matrix(self.target, self.predicted, len(self.classes))


Interval = Callable[[Scored, "npt.ArrayLike | None", int, int], "Pair | None"]
"""From labelled beats, the patient of each (None resamples beats), a number of replicates and a seed to an interval."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number that says how good a model is.

    Attributes:
        name: its key in metrics.json, behind `test/`.
        title: as people say it.
        counts: from confusion matrices [..., true, predicted] and class names to values [...]; whatever depends on the
            predictions alone is said so, which makes thousands of resamplings quick.
        of: for all else, from labelled beats to a value.
        short: the title where there is little room.
        higher_is_better: its direction.
        percent: whether it is a share, shown in percent.
        classes: the task must have these; their absence from a resampling says nothing about it.
        averages: whether it averages over all classes of the task.
        headline: whether it stands in the table of a run.
        followed: whether training logs it after each epoch, so that `monitor=val/NAME` can choose the best one; it
            can if it has `counts`, and takes any classes.
        by_patient: whether it is also computed over patients, where the label is the patient's.
        bootstrap: whether it has an interval, by resampling.
        interval: its own interval, for what `counts` does not give.
    """

    name: str
    title: str
    counts: Callable[[npt.NDArray[Any], Sequence[str]], FloatArray] | None = None
    of: Callable[[Scored], float] | None = None
    short: str = ""
    higher_is_better: bool = True
    percent: bool = True
    classes: tuple[str, ...] = ()
    averages: bool = False
    headline: bool = True
    followed: bool = True
    by_patient: bool = True
    bootstrap: bool = True
    interval: Interval | None = None

    def __post_init__(self) -> None:
        if (self.counts is None) == (self.of is None):
            raise EcgError(f"metric {self.name}: is computed by `counts` or by `of`, one of the two")

    def value(self, scored: Scored) -> float:
        """Of these beats."""
        if self.counts is not None:
            return float(self.counts(scored.counts, scored.classes))
        assert self.of is not None
        return float(self.of(scored))

    def shown(self) -> dict[str, Any]:
        """What a reader of metrics.json must know to show it."""
        names = ("title", "higher_is_better", "percent", "headline")
        return {name: getattr(self, name) for name in names}


def _score(name: str, matrices: npt.NDArray[Any], classes: Sequence[str]) -> FloatArray:
    found: FloatArray = getattr(Scores.of(matrices), name)
    return found


def _overall(score: str) -> Callable[[npt.NDArray[Any], Sequence[str]], FloatArray]:
    return partial(_score, score)  # no function of its own: classifiers hold it, and travel to other processes


def _jk(matrices: npt.NDArray[Any], classes: Sequence[str]) -> FloatArray:
    found = Scores.of(matrices).jk(classes)
    assert found is not None
    return found


def _auroc(scored: Scored) -> float:
    """One class against the rest, mean over the classes in the target; NaN where it holds fewer than two."""
    import torch  # here, since whoever only asks for a metric's name waits for no torch
    from torchmetrics.functional.classification import binary_auroc

    target, probability = scored.target, scored.probability
    present = np.unique(target)
    if len(present) < 2:
        return float("nan")
    # A loop, since multiclass_auroc counts a class absent from the target as 0.
    positives = [1] if probability.shape[1] == 2 else present.tolist()
    areas = [
        float(binary_auroc(torch.from_numpy(probability[:, one].copy()), torch.from_numpy((target == one).astype(int))))
        for one in positives
    ]
    return float(np.mean(areas))


def _auroc_interval(scored: Scored, groups: npt.ArrayLike | None, replicates: int, seed: int) -> Pair | None:
    """For tasks of two classes."""
    if len(scored.classes) != 2:
        return None
    positive = scored.probability[:, 1]
    return auroc_interval(scored.target, positive, groups=groups, replicates=replicates, seed=seed)


def _ece(scored: Scored) -> float:
    """Expected calibration error: equal-width bins on the largest probability, weighted mean gap to the accuracy."""
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    given, right = torch.from_numpy(scored.probability), torch.from_numpy(scored.target)
    return float(multiclass_calibration_error(given, right, len(scored.classes), n_bins=CALIBRATION_BINS))


def _own(scored: Scored) -> FloatArray:
    """Probability of the true class, shape [beat]."""
    return np.asarray(scored.probability[np.arange(len(scored.target)), scored.target])


def _nll(scored: Scored) -> float:
    """Mean negative log likelihood in nats."""
    eps = float(np.finfo(np.float64).eps)  # a probability of 0 costs 36 nats, not infinity
    return float(-np.log(_own(scored).clip(eps, 1.0)).mean())


def _brier(scored: Scored) -> float:
    """Squared distance to the one-hot target, summed over classes, so 0 to 2 (Brier 1950)."""
    return float((np.square(scored.probability).sum(axis=1) - 2 * _own(scored) + 1).mean())


_PLAIN: dict[str, Any] = {"by_patient": False, "bootstrap": False}
_REGISTERED = (
    Metric(name="accuracy", title="accuracy", counts=_overall("accuracy")),
    Metric(
        name="balanced_accuracy",
        title="balanced accuracy",
        short="bal. acc.",
        counts=_overall("balanced_accuracy"),
        averages=True,
    ),
    Metric(name="macro_f1", title="macro-F1", counts=_overall("macro_f1"), averages=True),
    Metric(name="auroc", title="AUROC", of=_auroc, interval=_auroc_interval),
    Metric(name="ece", title="ECE", of=_ece, higher_is_better=False, **_PLAIN),
    Metric(name="jk", title="jκ index", counts=_jk, classes=("S", "V"), by_patient=False),
    Metric(name="nll", title="NLL", of=_nll, higher_is_better=False, percent=False, headline=False, **_PLAIN),
    Metric(
        name="brier", title="Brier score", of=_brier, higher_is_better=False, percent=False, headline=False, **_PLAIN
    ),
)
_METRICS: dict[str, Metric] = {metric.name: metric for metric in _REGISTERED}


PER_CLASS: Mapping[str, str] = {"se": "Se", "ppv": "+P", "f1": "F1", "fpr": "FPR"}
"""Titles of the scores that each class has, under `<class>/<name>`; shares, and but for the FPR better the higher."""


def metrics(classes: Sequence[str] | None = None) -> tuple[Metric, ...]:
    """Every metric there is now; with `classes`, those that a task of these classes has."""
    every = tuple(_METRICS.values())
    return every if classes is None else tuple(one for one in every if set(one.classes) <= set(classes))


def counted(matrices: npt.NDArray[Any], classes: Sequence[str]) -> dict[str, FloatArray]:
    """All that follows from confusion matrices [..., true, predicted]: metrics by name, and each class's own scores."""
    overall = {one.name: one.counts(matrices, classes) for one in metrics(classes) if one.counts is not None}
    return overall | Scores.of(matrices).by_class(classes)


def metric(name: str) -> Metric | None:
    """The metric called `name`, if there is one."""
    return _METRICS.get(name)


@contextmanager
def also(own: Sequence[Metric]) -> Iterator[None]:
    """Have one's own metrics beside the registered ones.

    Raises:
        EcgError: one has the name of another.
    """
    before = dict(_METRICS)
    for one in own:
        if one.name in _METRICS and _METRICS[one.name] != one:
            raise EcgError(f"metrics: there is a metric called {one.name} already; choose another name")
        _METRICS[one.name] = one
    try:
        yield
    finally:
        _METRICS.clear()
        _METRICS.update(before)
