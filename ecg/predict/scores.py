"""Found and labelled beats against a reference, the EC57 way: R peaks first, then classes; also of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.labels import AAMI_CLASSES, aami_labels
from ecg.errors import EcgError
from ecg.metrics.confusion import IntArray, ratio
from ecg.metrics.ec57 import NO_BEAT, ec57_scores
from ecg.metrics.episodes import episode_scores
from ecg.metrics.matching import Match, match_beats
from ecg.metrics.records import ectopic_scores, over_records, per_record
from ecg.recordings.recording import Annotations
from ecg.recordings.rhythms import fibrillation_intervals, flutter_intervals
from ecg.recordings.wfdb_files import read_annotations

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
        fibrillation: shape [episode, 2], atrial fibrillation or flutter, in samples; None where no rhythm is told.
    """

    sample: IntArray
    label: IntArray
    flutter: IntArray
    fibrillation: IntArray | None = None


def beat_list(marks: Annotations, n_samples: int | None = None) -> BeatList:
    """The beats among annotations, with AAMI classes, and the episodes of flutter and of atrial fibrillation.

    Args:
        marks: of one record.
        n_samples: its length; None: up to the last annotation.
    """
    end = n_samples or (int(marks.sample[-1]) + 1 if len(marks) else 0)
    sample, symbol = marks.sample[marks.beats], marks.symbol[marks.beats]
    return BeatList(sample, aami_labels(symbol), flutter_intervals(marks, end), fibrillation_intervals(marks, end))


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
        fibrillation: episodes in the reference and in the tested list, and their sampling rate; None where either
            tells no rhythm.
    """

    record: str
    target: IntArray
    predicted: IntArray
    found: npt.NDArray[np.bool_]
    seconds: npt.NDArray[np.float64]
    left_out: int
    match: Match
    fibrillation: tuple[IntArray, IntArray, float] | None = None


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
    both = None
    if reference.fibrillation is not None and test.fibrillation is not None:
        both = reference.fibrillation, test.fibrillation, fs
    return Compared(record, target, predicted, of_test != NO_BEAT, sample / fs, int(flutter.sum()), match, both)


def score(records: Sequence[Compared], classes: Sequence[str] = AAMI_CLASSES) -> dict[str, float]:
    """All scores of one or more records; a score whose denominator is 0 is left out.

    Args:
        records: of `compare`, one or more.
        classes: names of the classes; none for a task whose labels are no AAMI classes, which gives R peaks only.

    Returns:
        `r_peaks/gross/se|ppv`, `r_peaks/average/se|ppv`, the counts `r_peaks/matched|missed|extra|in_flutter`;
        `beats/<class>/se|ppv|f1|support` over all beats, `beats/jk` with kappa over the classes and none, and
        `beats/average/<class>/se|ppv|f1` as the mean of the records'; what `ec57_scores` gives, `ec57/...`; and of
        atrial fibrillation, where both sides tell the rhythm, what `episode_scores` gives, `fibrillation/...`.
    """
    values = _detection(records)
    if told := [one.fibrillation for one in records if one.fibrillation is not None]:
        values |= {f"fibrillation/{key}": value for key, value in episode_scores(told).items()}
    if not classes:
        return values
    joined = ("target", "predicted", "seconds", "found")
    target, predicted, seconds, found = (np.concatenate([getattr(r, name) for r in records]) for name in joined)
    record = np.concatenate([np.full(len(r.target), r.record) for r in records])
    none, names = len(classes), [*classes, "none"]
    true, said = np.where(target == NO_BEAT, none, target), np.where(predicted == NO_BEAT, none, predicted)
    together = per_record(np.zeros(len(true)), true, said, names).iloc[0].dropna().to_dict()
    means = over_records(per_record(record, true, said, names)) if len(records) > 1 else {}
    for kind, scores in (("beats", together), ("beats/average", means)):
        values |= {f"{kind}/{key}": float(v) for key, v in scores.items() if str(key).partition("/")[0] in classes}
    values |= {"beats/jk": ectopic_scores(true, said, names)["jk"]} if {"S", "V"} <= set(classes) else {}
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


def compare_files(where: Path, reference: str, test: str, data_dir: Path | None) -> tuple[list[Compared], list[str]]:
    """Match the annotation files of one record, or of all records of a folder.

    Args:
        where: a folder with test annotations, or one record without ending.
        reference: annotator of the reference, e.g. `atr`.
        test: annotator to be scored, e.g. `ecg`.
        data_dir: folder that holds the reference files, or `mitdb/` with them; None looks beside the test files.

    Returns:
        The matched records, and a line for each that could not be scored.

    Raises:
        EcgError: there is nothing to score.
    """
    for name in (reference, test):
        if not name.isalpha():
            raise EcgError(f"{name!r}: the name of an annotator is the ending of its files: letters only, e.g. atr")
    folder, records = _records(where.expanduser(), test)
    done, problems = [], []
    for record in records:
        try:
            done.append(_one(folder, record, reference, test, data_dir))
        except EcgError as error:
            problems.append(str(error))
    return done, problems


def _records(where: Path, test: str) -> tuple[Path, list[str]]:
    if not where.is_dir():
        stem = where.with_suffix("") if where.suffix in (f".{test}", ".hea") else where
        return stem.parent, [stem.name]
    records = sorted(file.stem for file in where.glob(f"*.{test}"))
    if not records:
        raise EcgError(f"{where} has no annotation files of {test!r} (no file that ends in .{test})")
    return where, records


def _one(folder: Path, record: str, reference: str, test: str, data_dir: Path | None) -> Compared:
    places = [folder] if data_dir is None else [data_dir, data_dir / "mitdb", folder]
    file = next((p / f"{record}.{reference}" for p in places if (p / f"{record}.{reference}").is_file()), None)
    if file is None:
        looked = ", ".join(str(place) for place in places)
        raise EcgError(f"record {record}: no {record}.{reference} in {looked}; name its folder with --data-dir")
    (wanted, wanted_fs), (given, test_fs) = map(read_annotations, (file, folder / f"{record}.{test}"))
    headers = [_header(place / f"{record}.hea") for place in (file.parent, folder)]
    fs = next((found for found in (*(rate for rate, _ in headers), wanted_fs, test_fs) if found), None)
    length = next((found for _, found in headers if found), None)
    if fs is None:
        raise EcgError(f"record {record}: its sampling rate is unknown: {record}.hea is not there, no file says it")
    if test_fs is not None and abs(test_fs - fs) > 1e-6:
        raise EcgError(f"record {record}: {test} counts time at {test_fs:g} Hz, {reference} at {fs:g} Hz")
    return compare(record, beat_list(wanted, length), beat_list(given, length), fs)


def _header(header: Path) -> tuple[float | None, int | None]:
    """Sampling rate and length of a header's first line: `100 2 360 650000`, perhaps `360/...` or `360(...)`."""
    text = header.read_text(encoding="ascii", errors="ignore") if header.is_file() else ""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = re.match(r"\s*\S+\s+\S+\s+(\d+\.?\d*)\S*(?:\s+(\d+))?", lines[0]) if lines else None
    if found is None:
        return None, None
    return float(found[1]), int(found[2]) if found[2] and int(found[2]) else None


def score_table(records: Sequence[Compared], classes: Sequence[str]) -> pd.DataFrame:
    """One row for each record, and `all` at the end."""
    rows = [{"record": one.record, **score([one], classes)} for one in records]
    return pd.DataFrame([*rows, {"record": "all", **score(records, classes)}])
