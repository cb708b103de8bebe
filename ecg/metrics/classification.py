"""The metrics of a run: the full list on a test set, and the few that are followed during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchmetrics import Metric as TorchMetric
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassConfusionMatrix

from ecg.errors import EcgError
from ecg.metrics.confusion import FloatArray, Scores, class_indices
from ecg.metrics.registry import Metric, Scored, metrics


def scored(target: npt.ArrayLike, probabilities: npt.ArrayLike, classes: Sequence[str]) -> Scored:
    """Labelled beats, checked.

    Args:
        target: true class indices, shape [beat].
        probabilities: class probabilities, shape [beat, class], rows sum to 1. The largest is the prediction.
        classes: names of the task's classes, in the order of the columns.

    Raises:
        EcgError: no beats, or probabilities that are not finite.
        ValueError: shapes that do not fit, or rows that do not sum to 1.
    """
    probability = _checked(probabilities, len(classes))
    return Scored(class_indices(target, len(classes), "target"), probability, tuple(classes))


def test_metrics(target: npt.ArrayLike, probabilities: npt.ArrayLike, classes: Sequence[str]) -> dict[str, float]:
    """All metrics of one model on one set of beats, by the keys of `metrics.json`; arguments and errors as `scored`.

    Returns:
        `test/<metric>` for every one of `ecg.metrics.registry`, and `test/<class>/se|ppv|f1|fpr|support` (see
        `Scores`: a 0/0 is 0.0, absent classes stay in the means).
    """
    given = scored(target, probabilities, classes)
    values = {one.name: one.value(given) for one in metrics(classes)}
    values |= {name: float(value) for name, value in Scores.of(given.counts).by_class(classes).items()}
    return {f"test/{name}": value for name, value in values.items()}


def _checked(probabilities: npt.ArrayLike, n_classes: int) -> FloatArray:
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != n_classes:
        raise ValueError(f"probabilities: expected shape [beat, {n_classes}], got {array.shape}")
    if len(array) == 0:
        raise EcgError("there are no beats to score")
    if not np.isfinite(array).all():
        raise EcgError("the model's probabilities are not finite numbers: its training diverged (lower the lr?)")
    if np.abs(array.sum(axis=1) - 1).max() > 1e-2:  # half precision is off by 1e-3
        raise ValueError("probabilities: rows do not sum to 1; are these logits?")
    return array.clip(0.0, 1.0)  # torchmetrics takes anything outside 0..1, even by rounding, for logits


class ConfusionScore(MulticlassConfusionMatrix):
    """A metric that follows from the confusion matrix of all batches; absent classes count as 0.

    torchmetrics' own macro-F1 leaves out classes absent from both target and prediction, so that it jumps whenever a
    rare class comes and goes.

    Args:
        n_classes: number of the task's classes.
        metric: computed by its `counts`.
    """

    def __init__(self, n_classes: int, metric: Metric) -> None:
        super().__init__(n_classes, validate_args=False)
        self.own = metric
        self.classes: tuple[str, ...] = tuple(map(str, range(n_classes)))

    def compute(self) -> Tensor:
        """The metric of all beats since the last reset, a float32 scalar."""
        assert self.own.counts is not None
        value = self.own.counts(self.confmat.cpu().numpy(), self.classes)
        return torch.tensor(float(value), dtype=torch.float32, device=self.confmat.device)


def followed() -> tuple[Metric, ...]:
    """The metrics that training logs after each epoch."""
    return tuple(one for one in metrics() if one.followed and one.counts is not None and not one.classes)


def validation_metrics(n_classes: int, *, prefix: str | None = None) -> MetricCollection:
    """What training follows, `accuracy`, `balanced_accuracy`, `macro_f1` and one's own, updated batch by batch.

    All share one confusion matrix, so an update costs one count.

    Args:
        n_classes: number of the task's classes.
        prefix: put before the names as it is, for instance `val/`.
    """
    made: dict[str, TorchMetric | MetricCollection] = {one.name: ConfusionScore(n_classes, one) for one in followed()}
    return MetricCollection(made, prefix=prefix, compute_groups=[list(made)])
