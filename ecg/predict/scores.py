"""Found and labelled beats against a reference, the EC57 way: R peaks first, then classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import AAMI_CLASSES
from ecg.errors import EcgError
from ecg.metrics.confusion import Scores, confusion_by_group, ratio
from ecg.metrics.ec57 import LEARNING_PERIOD_S, NO_BEAT, ec57_scores
from ecg.metrics.matching import match_beats
from ecg.metrics.records import mean_over_records, per_record

Ints = npt.NDArray[np.int64]

COUNTING = (
    "R peaks: matched one to one within 150 ms (EC57, as bxb). Classes: a beat that was not found, or found and not "
    "labelled, counts against Se; a found R peak where there is no beat counts against +P. EC57 rows leave out each "
    "record's first five minutes; F or Q called V and Q called S are no errors there. What is found within ventricular "
    "flutter is not counted."
)


@dataclass(frozen=True)
class BeatList:
    """Beats of one record as one side sees them.

    Attributes:
        sample: shape [beat], ascending.
        label: shape [beat], number among the AAMI classes; -1 for a beat without a label.
        flutter: shape [episode, 2], ventricular flutter or fibrillation, where no beats are marked; in samples.
    """

    sample: Ints
    label: Ints
    flutter: Ints


@dataclass(frozen=True)
class Compared:
    """Beats of one record as both sides see them; one entry for each beat that either side has.

    Attributes:
        record: name.
        target: class in the reference, -1 where it has no beat.
        predicted: class of the tested list, -1 where it has no beat or no label.
        real: whether the reference has the beat, of an AAMI class or not.
        found: whether the tested list has the beat, labelled or not.
        seconds: time in s, by the reference where it has the beat.
        left_out: tested beats within flutter, which are in none of the above.
    """

    record: str
    target: Ints
    predicted: Ints
    real: npt.NDArray[np.bool_]
    found: npt.NDArray[np.bool_]
    seconds: npt.NDArray[np.float64]
    left_out: int


def compare(record: str, reference: BeatList, test: BeatList, fs: float) -> Compared:
    """Match two lists of one record, both in samples at `fs` Hz.

    Raises:
        EcgError: the reference has no beats.
    """
    if not len(reference.sample):
        raise EcgError(f"record {record}: the reference marks no beats")
    match = match_beats(reference.sample, test.sample, fs)
    flutter = np.zeros(len(match.extra), dtype=np.bool_)
    for start, stop in reference.flutter:
        flutter |= (test.sample[match.extra] >= start) & (test.sample[match.extra] <= stop)
    extra = match.extra[~flutter]
    counts = [len(match.pairs), len(match.missed), len(extra)]
    paired_reference, paired_test = match.pairs[:, 0], match.pairs[:, 1]
    none_missed, none_extra = np.full(len(match.missed), NO_BEAT), np.full(len(extra), NO_BEAT)
    samples = (reference.sample[paired_reference], reference.sample[match.missed], test.sample[extra])
    return Compared(
        record=record,
        target=np.concatenate([reference.label[paired_reference], reference.label[match.missed], none_extra]),
        predicted=np.concatenate([test.label[paired_test], none_missed, test.label[extra]]),
        real=np.repeat([True, True, False], counts),
        found=np.repeat([True, False, True], counts),
        seconds=np.concatenate(samples) / fs,
        left_out=int(flutter.sum()),
    )


def score(records: Sequence[Compared], classes: Sequence[str] = AAMI_CLASSES) -> dict[str, float]:
    """All scores of one or more records; a score whose denominator is 0 is left out.

    Args:
        records: of `compare`, one or more.
        classes: names of the classes; none for a task whose labels are no AAMI classes, which gives R peaks only.

    Returns:
        `r_peaks/gross/se|ppv`, `r_peaks/average/se|ppv`, the counts `r_peaks/matched|missed|extra|in_flutter`;
        `beats/<class>/se|ppv|f1|support` over all beats and `beats/average/<class>/se|ppv|f1` as the mean of the
        records'; and what `ec57_scores` gives, `ec57/...`.
    """
    values = _detection(records)
    if not classes:
        return values
    target, predicted = _joined(records, "target"), _joined(records, "predicted")
    seconds = np.concatenate([r.seconds for r in records])
    record = np.concatenate([np.full(len(r.target), r.record) for r in records])
    none = len(classes)
    true, called = np.where(target == NO_BEAT, none, target), np.where(predicted == NO_BEAT, none, predicted)
    _, matrices = confusion_by_group(record, true, called, none + 1)
    matrix = matrices.sum(axis=0)
    gross = Scores.of(matrix)
    for i, name in enumerate(classes):
        values[f"beats/{name}/support"] = float(matrix[i].sum())
        values |= {f"beats/{name}/se": float(gross.se[i])} if matrix[i].sum() else {}
        values |= {f"beats/{name}/ppv": float(gross.ppv[i])} if matrix[:, i].sum() else {}
        values |= {f"beats/{name}/f1": float(gross.f1[i])} if matrix[i].sum() else {}
    if len(records) > 1:
        means = mean_over_records(per_record(record, true, called, [*classes, "none"]))
        values |= {f"beats/average/{key}": v for key, v in means.items() if key.partition("/")[0] in classes}
    unlabelled = _joined(records, "found") & (target != NO_BEAT) & (predicted == NO_BEAT)
    return {
        **values,
        "beats/not_labelled": float(unlabelled.sum()),
        **ec57_scores(target, predicted, seconds, record, classes, learning_s=LEARNING_PERIOD_S),
    }


def _joined(records: Sequence[Compared], name: str) -> Ints:
    return np.concatenate([getattr(record, name) for record in records])


def _detection(records: Sequence[Compared]) -> dict[str, float]:
    """R peaks, of all records together and as the mean of their own scores."""
    matched = np.array([(r.real & r.found).sum() for r in records])
    missed = np.array([(r.real & ~r.found).sum() for r in records])
    extra = np.array([(~r.real & r.found).sum() for r in records])
    values: Mapping[str, npt.NDArray[np.float64]] = {
        "se": ratio(matched, matched + missed),
        "ppv": ratio(matched, matched + extra),
    }
    total = {"matched": matched.sum(), "missed": missed.sum(), "extra": extra.sum()}
    return {
        "r_peaks/gross/se": float(total["matched"] / max(total["matched"] + total["missed"], 1)),
        "r_peaks/gross/ppv": float(total["matched"] / max(total["matched"] + total["extra"], 1)),
        **{f"r_peaks/average/{key}": float(value.mean()) for key, value in values.items()},
        **{f"r_peaks/{key}": float(value) for key, value in total.items()},
        "r_peaks/in_flutter": float(sum(r.left_out for r in records)),
    }
