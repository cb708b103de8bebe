"""Counting as in ANSI/AAMI EC57 and PhysioNet's `bxb`: ventricular (VEB) and supraventricular (SVEB) ectopic beats.

The rules are those of bxb.c (function print_results; WFDB applications, G. Moody, revision of 10 August 2010), in its
letters: capital the reference, small the test, O/o a beat that one side lacks.

    VEB    TP = Vv    FN = Vn+Vs+Vf+Vq+Vo    FP = Nv+Sv+Ov    TN = all other pairs without V, v or o
    SVEB   TP = Ss    FN = Sn+Sv+Sf+Sq+So    FP = Ns+Vs+Fs+Os
    Se = TP/(TP+FN)   +P = TP/(TP+FP)        FPR = FP/(TN+FP)

So F or Q predicted as V is no false VEB, Q predicted as S no false SVEB (nor a TN); F predicted as S is false.
FPR of SVEB is not in bxb: it follows the same pattern as in de Chazal et al., IEEE Trans. Biomed. Eng. 51 (2004) 1196,
doi 10.1109/TBME.2004.827359, as does accuracy = (TP+TN)/(TP+TN+FP+FN). "Gross" statistics are of the summed counts,
"average" ones the mean of the records' own, over records where the denominator is not 0 (sumstats.c, EC57 3.5.2 and
3.5.3 in the edition of 1998). No statistics for N are defined there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.metrics.confusion import FloatArray, IntArray, confusion_by_group

LEARNING_PERIOD_S = 300.0
NO_BEAT = -1  # in place of a class: the other side has a beat here, this one has none

# Class letter, its name in the standard, and the true classes that may be predicted so without being an error.
_ECTOPIC = (("V", "VEB", ("F", "Q")), ("S", "SVEB", ("Q",)))


def ec57_scores(
    target_class: npt.ArrayLike,
    predicted_class: npt.ArrayLike,
    seconds: npt.ArrayLike,
    record: npt.ArrayLike,
    classes: Sequence[str],
) -> dict[str, float]:
    """VEB and SVEB statistics by the rules above.

    Args:
        target_class: true class indices, shape [beat]; -1 for a detection where there is no beat.
        predicted_class: predicted class indices, shape [beat]; -1 for a beat that was not detected. A classifier that
            is given the annotated R peaks has no -1 on either side.
        seconds: time of each beat from the start of its record in s, shape [beat].
        record: record name of each beat, shape [beat].
        classes: names of the task's classes; S and V among them.

    Returns:
        `ec57/gross/VEB/se|ppv|fpr|accuracy`, the same for SVEB and for `average`; `ec57/beats` and `ec57/records`, how
        many are counted: beats of the first five minutes of their record are not. Statistics with denominator 0 are
        left out (bxb prints `-`); with recordings shorter than the learning period that is all of them.

    Raises:
        EcgError: the task has no class S or no class V.
        ValueError: shapes that do not fit or an index out of range.
    """
    if not {"S", "V"} <= set(classes):
        raise EcgError(f"EC57 scores need the classes S and V; this task has {', '.join(classes)}")
    time = np.asarray(seconds, dtype=np.float64)
    target, predicted = np.asarray(target_class), np.asarray(predicted_class)
    if not len(time) == len(target) == len(predicted):
        raise ValueError(f"{len(time)} times, {len(target)} targets, {len(predicted)} predictions: not one per beat")
    counted = time >= LEARNING_PERIOD_S
    none = len(classes)  # NO_BEAT becomes one more class
    names, matrices = confusion_by_group(
        np.asarray(record)[counted],
        np.where(target == NO_BEAT, none, target)[counted],
        np.where(predicted == NO_BEAT, none, predicted)[counted],
        none + 1,
    )
    values = {"ec57/beats": float(counted.sum()), "ec57/records": float(len(names))}
    for letter, name, excused in _ECTOPIC:
        allowed = [classes.index(other) for other in excused if other in classes]
        gross = _statistics(matrices.sum(axis=0, keepdims=True), classes.index(letter), allowed)
        each = _statistics(matrices, classes.index(letter), allowed)
        for key in gross:
            for kind, found in (("gross", gross[key]), ("average", each[key])):
                if len(defined := found[~np.isnan(found)]):
                    values[f"ec57/{kind}/{name}/{key}"] = float(defined.mean())
    return values


def _statistics(matrices: IntArray, positive: int, excused: list[int]) -> dict[str, FloatArray]:
    """Se, +P, FPR and accuracy of each matrix [record, class + 1, class + 1]; nan where undefined."""
    none = matrices.shape[-1] - 1
    others = [row for row in range(none + 1) if row != positive]
    strict = [row for row in others if row not in excused]
    negative = [column for column in range(none) if column != positive]
    hit = matrices[:, positive, positive].astype(np.float64)
    missed = matrices[:, positive].sum(axis=1) - hit
    false = matrices[:, strict, positive].sum(axis=1)
    right = matrices[:, others][:, :, negative].sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        return {
            "se": hit / (hit + missed),
            "ppv": hit / (hit + false),
            "fpr": false / (false + right).astype(np.float64),
            "accuracy": (hit + right) / (hit + right + missed + false),
        }
