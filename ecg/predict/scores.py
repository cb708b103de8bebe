"""Found and labelled beats against a reference, the EC57 way: R peaks first, then classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import AAMI_CLASSES, aami_labels
from ecg.errors import EcgError
from ecg.metrics.confusion import IntArray, ratio
from ecg.metrics.ec57 import NO_BEAT, ec57_scores
from ecg.metrics.matching import Match, match_beats
from ecg.metrics.records import mean_over_records, per_record

_QRS = frozenset("NLRBAaJSVrFejnE/fQ?")  # the annotation codes that mark a QRS complex, WFDB's ecgcodes.h

COUNTING = (
    "R peaks: matched one to one within 150 ms (EC57, as bxb). Classes: a beat that was not found, or found and not "
    "labelled, counts against Se; a found R peak where there is no beat counts against +P. EC57 rows leave out each "
    "record's first five minutes; F or Q as V and Q as S are no errors there. What is found within ventricular "
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

    sample: IntArray
    label: IntArray
    flutter: IntArray


def beat_list(sample: IntArray, symbol: npt.NDArray[np.str_]) -> BeatList:
    """The beats among annotations, with AAMI classes, and the episodes of flutter."""
    beats = np.isin(symbol, list(_QRS))
    end = int(sample[-1]) + 1 if len(sample) else 0
    starts = sample[symbol == "["]
    stops = [int(next(iter(sample[(symbol == "]") & (sample > start)]), end)) for start in starts]
    flutter = np.stack([starts, np.array(stops, dtype=np.int64)], axis=1)
    return BeatList(sample[beats], aami_labels(symbol[beats]), flutter)


@dataclass(frozen=True)
class Compared:
    """Beats of one record as both sides see them; one entry for each beat that either side has.

    Attributes:
        record: name.
        target: class in the reference, -1 where it has no beat.
        predicted: class of the tested list, -1 where it has no beat or no label.
        found: whether the tested list has the beat, labelled or not.
        seconds: time in s, by the reference where it has the beat.
        left_out: tested beats within flutter, which are in none of the above.
        match: which beat of the one list is which of the other.
    """

    record: str
    target: IntArray
    predicted: IntArray
    found: npt.NDArray[np.bool_]
    seconds: npt.NDArray[np.float64]
    left_out: int
    match: Match


def compare(record: str, reference: BeatList, test: BeatList, fs: float) -> Compared:
    """Match two lists of one record, both in samples at `fs` Hz.

    Raises:
        EcgError: the reference has no beats.
    """
    if not len(reference.sample):
        raise EcgError(f"record {record}: the reference marks no beats")
    match = match_beats(reference.sample, test.sample, fs)
    at, (start, stop) = test.sample[match.extra][:, None], reference.flutter.T
    flutter = ((at >= start) & (at <= stop)).any(axis=1)
    extra = match.extra[~flutter]
    of_reference = np.concatenate([match.pairs[:, 0], match.missed, np.full(len(extra), NO_BEAT)])
    of_test = np.concatenate([match.pairs[:, 1], np.full(len(match.missed), NO_BEAT), extra])
    sample = np.where(of_reference != NO_BEAT, reference.sample[of_reference], np.append(test.sample, 0)[of_test])
    target, predicted = np.append(reference.label, NO_BEAT)[of_reference], np.append(test.label, NO_BEAT)[of_test]
    return Compared(record, target, predicted, of_test != NO_BEAT, sample / fs, int(flutter.sum()), match)


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
    joined = ("target", "predicted", "seconds", "found")
    target, predicted, seconds, found = (np.concatenate([getattr(r, name) for r in records]) for name in joined)
    record = np.concatenate([np.full(len(r.target), r.record) for r in records])
    none, names = len(classes), [*classes, "none"]
    true, said = np.where(target == NO_BEAT, none, target), np.where(predicted == NO_BEAT, none, predicted)
    together = per_record(np.zeros(len(true)), true, said, names).iloc[0].dropna().to_dict()
    means = mean_over_records(per_record(record, true, said, names)) if len(records) > 1 else {}
    for kind, scores in (("beats", together), ("beats/average", means)):
        values |= {f"{kind}/{key}": float(v) for key, v in scores.items() if str(key).partition("/")[0] in classes}
    values["beats/not_labelled"] = float((found & (target != NO_BEAT) & (predicted == NO_BEAT)).sum())
    return values | ec57_scores(target, predicted, seconds, record, classes)


def _detection(records: Sequence[Compared]) -> dict[str, float]:
    """R peaks, of all records together and as the mean of their own scores."""
    each = np.array([[len(r.match.pairs), len(r.match.missed), len(r.match.extra) - r.left_out] for r in records])
    values: dict[str, float] = {}
    for kind, counts in (("gross", each.sum(axis=0, keepdims=True)), ("average", each)):
        matched, missed, extra = counts.T
        values[f"r_peaks/{kind}/se"] = float(ratio(matched, matched + missed).mean())
        values[f"r_peaks/{kind}/ppv"] = float(ratio(matched, matched + extra).mean())
    total = dict(zip(("matched", "missed", "extra"), each.sum(axis=0).tolist(), strict=True))
    values |= {f"r_peaks/{key}": float(n) for key, n in total.items()}
    return values | {"r_peaks/in_flutter": float(sum(r.left_out for r in records))}
