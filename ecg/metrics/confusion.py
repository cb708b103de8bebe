"""Confusion matrices and every score that follows from one, for one matrix or for thousands at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_BY_CLASS = ("se", "ppv", "f1", "fpr", "support")


def class_indices(values: npt.ArrayLike, n_classes: int, what: str) -> IntArray:
    """Check that `values` holds class indices, shape [beat], each in 0 ... n_classes - 1.

    Raises:
        ValueError: not one-dimensional, not integers, or out of range.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{what}: expected shape [beat], got {array.shape}")
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{what}: expected integer class indices, got {array.dtype}")
    if array.min() < 0 or array.max() >= n_classes:
        raise ValueError(f"{what}: class indices {array.min()} to {array.max()}, expected 0 to {n_classes - 1}")
    return array.astype(np.int64)


def confusion_matrix(target: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int) -> IntArray:
    """Count beats by true and predicted class.

    Args:
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        n_classes: number of the task's classes, absent ones included.

    Returns:
        Counts, shape [true, predicted].

    Raises:
        ValueError: shapes differ or an index is out of range.

    Example:
        >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], n_classes=3).tolist()
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    """
    one_group = np.zeros(len(np.asarray(target)), dtype=np.int64)
    _, matrices = confusion_by_group(one_group, target, predicted, n_classes)
    return np.asarray(matrices.sum(axis=0), dtype=np.int64)


def confusion_by_group(
    group: npt.ArrayLike, target: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int
) -> tuple[list[str], IntArray]:
    """Count beats by true and predicted class within each record or patient.

    Args:
        group: name of each beat's record or patient, shape [beat].
        target: true class indices, shape [beat].
        predicted: predicted class indices, shape [beat].
        n_classes: number of the task's classes, absent ones included.

    Returns:
        The names in sorted order, and counts of shape [group, true, predicted].

    Raises:
        ValueError: shapes differ or an index is out of range.
    """
    true, said = class_indices(target, n_classes, "target"), class_indices(predicted, n_classes, "predicted")
    names, member = np.unique(np.asarray(group), return_inverse=True)
    if not len(true) == len(said) == len(member):
        raise ValueError(f"{len(member)} groups, {len(true)} targets and {len(said)} predictions: not one per beat")
    cell = (member * n_classes + true) * n_classes + said
    counts = np.bincount(cell, minlength=len(names) * n_classes**2)
    return [str(name) for name in names], counts.reshape(len(names), n_classes, n_classes).astype(np.int64)


def ratio(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> FloatArray:
    """`part / whole` element by element; 0.0 where `whole` is 0."""
    numerator, denominator = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator != 0)


@dataclass(frozen=True)
class Scores:
    """What one confusion matrix says, or an array of them with leading shape [...].

    Any 0/0 is 0.0: a class never predicted has +P 0, one absent from the target has Se 0, and kappa is 0 where chance
    alone explains everything. Absent classes stay in the means.

    Attributes:
        se: sensitivity (recall), shape [..., class].
        ppv: positive predictivity +P (precision), shape [..., class].
        f1: harmonic mean of the two, shape [..., class].
        fpr: false positive rate, beats of other classes predicted as this one, shape [..., class].
        support: beats of the class in the target, shape [..., class].
        accuracy: share of beats predicted correctly, shape [...].
        balanced_accuracy: mean se over all the task's classes, shape [...].
        macro_f1: mean f1 over all the task's classes, shape [...].
        kappa: Cohen's kappa, shape [...].
    """

    se: FloatArray
    ppv: FloatArray
    f1: FloatArray
    fpr: FloatArray
    support: FloatArray
    accuracy: FloatArray
    balanced_accuracy: FloatArray
    macro_f1: FloatArray
    kappa: FloatArray

    @classmethod
    def of(cls, confusion: npt.ArrayLike) -> Scores:
        """Compute all scores of `confusion`, counts of shape [..., true, predicted].

        Raises:
            ValueError: the last two axes are not square.

        Example:
            >>> scores = Scores.of([[8, 2], [1, 9]])
            >>> scores.se.tolist(), round(float(scores.macro_f1), 4)
            ([0.8, 0.9], 0.8496)
        """
        counts = np.asarray(confusion, dtype=np.float64)
        if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
            raise ValueError(f"expected counts of shape [..., class, class], got {counts.shape}")
        hit = np.diagonal(counts, axis1=-2, axis2=-1)
        support, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
        total = support.sum(axis=-1)
        se, f1 = ratio(hit, support), ratio(2 * hit, support + predicted)
        agreed, chance = total * hit.sum(axis=-1), (support * predicted).sum(axis=-1)
        return cls(
            se=se,
            ppv=ratio(hit, predicted),
            f1=f1,
            fpr=ratio(predicted - hit, total[..., None] - support),
            support=support,
            accuracy=ratio(hit.sum(axis=-1), total),
            balanced_accuracy=se.mean(axis=-1),
            macro_f1=f1.mean(axis=-1),
            kappa=ratio(agreed - chance, total**2 - chance),
        )

    def jk(self, classes: Sequence[str]) -> FloatArray | None:
        """The jk index, shape [...]; None for tasks without the classes S and V.

        jk = 0.5 kappa + 0.125 (Se_S + Se_V + +P_S + +P_V), see Mar et al., IEEE Trans. Biomed. Eng. 58 (2011) 2168,
        doi 10.1109/TBME.2011.2113395. Kappa is taken over all the task's classes.
        """
        if not {"S", "V"} <= set(classes):
            return None
        ectopic = [classes.index("S"), classes.index("V")]
        j = self.se[..., ectopic].sum(axis=-1) + self.ppv[..., ectopic].sum(axis=-1)
        return np.asarray(0.5 * self.kappa + 0.125 * j, dtype=np.float64)

    def by_class(self, classes: Sequence[str]) -> dict[str, FloatArray]:
        """The scores of each class by the names of a run's metrics: `<class>/se`, `ppv`, `f1`, `fpr` and `support`.

        Raises:
            ValueError: not one name per class.
        """
        if len(classes) != self.se.shape[-1]:
            raise ValueError(f"{len(classes)} class names for {self.se.shape[-1]} classes")
        return {
            f"{name}/{score}": getattr(self, score)[..., index]
            for index, name in enumerate(classes)
            for score in _BY_CLASS
        }
