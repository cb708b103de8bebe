"""The metrics of a run: the full list on a test set, and the few that are followed during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassConfusionMatrix
from torchmetrics.functional.classification import binary_auroc, multiclass_calibration_error

from ecg.errors import EcgError
from ecg.metrics.confusion import OVERALL, FloatArray, IntArray, Scores, class_indices, confusion_matrix

CALIBRATION_BINS = 15  # Guo et al., ICML 2017, and most since


def test_metrics(target: npt.ArrayLike, probabilities: npt.ArrayLike, classes: Sequence[str]) -> dict[str, float]:
    """All metrics of one model on one set of beats, by the keys of `metrics.json`.

    Args:
        target: true class indices, shape [beat].
        probabilities: class probabilities, shape [beat, class], rows sum to 1. The largest is the prediction.
        classes: names of the task's classes, in the order of the columns.

    Returns:
        `test/accuracy`, `balanced_accuracy`, `macro_f1`, `<class>/se|ppv|f1|fpr|support`, for tasks with S and V
        `jk` (see `Scores`: a 0/0 is 0.0, absent classes stay in the means), and of the probabilities
        `auroc` (one class against the rest, mean over the classes in the target; two classes: the second one; nan
        where the target holds fewer than two classes),
        `ece` (15 equal-width bins on the largest probability, weighted mean gap to the accuracy),
        `nll` (mean negative log likelihood in nats) and
        `brier` (squared distance to the one-hot target, summed over classes, so 0 to 2; Brier 1950).

    Raises:
        EcgError: no beats, or probabilities that are not finite.
        ValueError: shapes that do not fit, or rows that do not sum to 1.
    """
    probability = _checked(probabilities, len(classes))
    true = class_indices(target, len(classes), "target")
    predicted = probability.argmax(axis=1).astype(np.int64)
    scores = Scores.of(confusion_matrix(true, predicted, len(classes)))
    values = {name: float(value) for name, value in scores.named(classes).items()}

    own = probability[np.arange(len(true)), true]
    eps = float(np.finfo(np.float64).eps)  # a probability of 0 costs 36 nats, not infinity
    values["auroc"] = _auroc(true, probability)
    given, right = torch.from_numpy(probability), torch.from_numpy(true)
    values["ece"] = float(multiclass_calibration_error(given, right, len(classes), n_bins=CALIBRATION_BINS))
    values["nll"] = float(-np.log(own.clip(eps, 1.0)).mean())
    values["brier"] = float((np.square(probability).sum(axis=1) - 2 * own + 1).mean())
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


def _auroc(target: IntArray, probability: FloatArray) -> float:
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


class ConfusionScore(MulticlassConfusionMatrix):
    """One of the `Scores` of the confusion matrix of all batches; the class set is fixed, absent classes count as 0.

    torchmetrics' own macro-F1 leaves out classes absent from both target and prediction, so that it jumps whenever a
    rare class comes and goes.

    Args:
        n_classes: number of the task's classes.
        score: a scalar of `Scores`: `accuracy`, `balanced_accuracy`, `macro_f1` or `kappa`.
    """

    higher_is_better = True

    def __init__(self, n_classes: int, score: str) -> None:
        super().__init__(n_classes, validate_args=False)
        self.score = score

    def compute(self) -> Tensor:
        """The score of all beats since the last reset, a float32 scalar."""
        value = getattr(Scores.of(self.confmat.cpu().numpy()), self.score)
        return torch.tensor(float(value), dtype=torch.float32, device=self.confmat.device)


def validation_metrics(n_classes: int, *, prefix: str | None = None) -> MetricCollection:
    """What training follows: `accuracy`, `balanced_accuracy`, `macro_f1`, updated batch by batch.

    The three share one confusion matrix, so an update costs one count.

    Args:
        n_classes: number of the task's classes.
        prefix: put before the three names as it is, for instance `val/`.
    """
    metrics: dict[str, Metric | MetricCollection] = {name: ConfusionScore(n_classes, name) for name in OVERALL}
    return MetricCollection(metrics, prefix=prefix, compute_groups=[list(OVERALL)])
