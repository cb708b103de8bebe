"""The results of a run: every score of its test beats, and the files that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.atomic import whole_file
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.metrics.bootstrap import bootstrap_intervals
from ecg.metrics.classification import test_metrics
from ecg.metrics.ec57 import ec57_scores
from ecg.metrics.records import mean_over_records, per_record, without_record
from ecg.metrics.subjects import SCORES, auroc_interval, subject_intervals, subject_metrics, subject_table
from ecg.report.style import Context
from ecg.runs.folder import RunFolder, write_json

INTERVAL_NOTE = {
    True: "Intervals: 95 %, by resampling whole patients.",
    False: "Intervals: 95 %, by resampling beats; too narrow for new patients.",
}


@dataclass(frozen=True)
class Results:
    """What a run's weights do on its test beats.

    Attributes:
        info: of the data.
        beats: the test beats.
        probabilities: shape [beat, class].
        metrics: keys as in `metrics.json`; fractions.
        intervals: 95 % intervals by the same keys.
        records: one row per test record; None where records are unknown or shared with training.
        subjects: one row per test patient; None where patients are unknown or shared with training, or where the label
            is the beat's own.
    """

    info: DataInfo
    beats: Beats
    probabilities: npt.NDArray[np.float32]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    records: pd.DataFrame | None
    subjects: pd.DataFrame | None = None

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Shape [beat], the class of highest probability."""
        best: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64)
        return best

    @property
    def interval_note(self) -> str:
        """How the intervals were made; empty where there are none."""
        return INTERVAL_NOTE[self.info.by_patient] if self.intervals else ""

    @property
    def table_context(self) -> Context:
        """`context`, with a word on the intervals below."""
        context = self.context
        return replace(context, footnote=f"{context.footnote} {self.interval_note}".strip())

    @property
    def context(self) -> Context:
        """The words above and below every figure and table of the run."""
        info, n = self.info, len(self.beats)
        return Context(
            title=f"{info.dataset}, split {info.split}, source {info.source}, cut {info.cut}: {n:,} {info.scored}",
            footnote=" ".join(info.notes),
            simulated=info.simulated,
        )


def score(
    info: DataInfo,
    beats: Beats,
    probabilities: npt.NDArray[np.float32],
    *,
    replicates: int,
    seed: int,
    baselines: Mapping[str, npt.NDArray[np.floating]] | None = None,
) -> Results:
    """All scores of test beats.

    By beat: the metrics of DESIGN section 7 with bootstrap intervals (over patients where the split keeps them apart);
    and, for tasks with S and V, the EC57 way of counting under `ec57/`. For a split by patients also the mean over
    records under `records/`, where there is a record 232 class S without it under `without_232/`, and where the label
    is the patient's one prediction per patient under `subject/`. Baselines stand under `baseline/<name>/`.

    Args:
        info: of the data.
        beats: the test beats.
        probabilities: shape [beat, class].
        replicates: of the bootstrap; 0 gives no intervals.
        seed: of the bootstrap.
        baselines: probabilities of what the model must beat, by name, shape [beat, class].
    """
    target, predicted = beats.y, probabilities.argmax(axis=1).astype(np.int64)
    metrics = test_metrics(target, probabilities, info.classes)
    has_ectopics = {"S", "V"} <= set(info.classes)
    if has_ectopics and np.isfinite(beats.seconds).all():
        metrics |= ec57_scores(target, predicted, beats.seconds, beats.record, info.classes)
    records = subjects = None
    if info.by_patient:
        records = per_record(beats.record, target, predicted, info.classes)
        metrics |= {f"records/{key}": value for key, value in mean_over_records(records).items()}
        if has_ectopics:
            alone = without_record(beats.record, target, predicted, info.classes)
            metrics |= {f"without_232/{key}": value for key, value in alone.items()}
        if info.patient_label:
            subjects = subject_table(beats.patient, target, probabilities, info.classes)
            metrics |= subject_metrics(subjects, info.classes)
    for name, given in (baselines or {}).items():
        metrics |= _baseline(name, given, info, beats)
    intervals = _intervals(info, beats, probabilities, subjects, replicates, seed) if replicates else {}
    return Results(info, beats, probabilities, metrics, intervals, records, subjects)


def _intervals(
    info: DataInfo,
    beats: Beats,
    probabilities: npt.NDArray[np.float32],
    subjects: pd.DataFrame | None,
    replicates: int,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """95 % intervals by the keys of the metrics, over patients where the split keeps them apart."""
    groups = beats.patient if info.by_patient else None
    predicted = probabilities.argmax(axis=1)
    found = bootstrap_intervals(beats.y, predicted, info.classes, groups=groups, replicates=replicates, seed=seed)
    if len(info.classes) == 2:
        area = auroc_interval(beats.y, probabilities[:, 1], groups=groups, replicates=replicates, seed=seed)
        found |= {} if area is None else {"auroc": area}
    intervals = {f"test/{key}": value for key, value in found.items()}
    if subjects is not None:
        intervals |= subject_intervals(subjects, info.classes, replicates=replicates, seed=seed)
    return intervals


def _baseline(name: str, given: npt.NDArray[np.floating], info: DataInfo, beats: Beats) -> dict[str, float]:
    """Headline scores of one baseline, by beat and where the model has them by patient."""
    found = test_metrics(beats.y, given, info.classes)
    kept = {f"test/{key}": found[f"test/{key}"] for key in SCORES}
    if info.by_patient and info.patient_label:
        table = subject_table(beats.patient, beats.y, given, info.classes)
        by_subject = subject_metrics(table, info.classes)
        kept |= {f"subject/{key}": by_subject[f"subject/{key}"] for key in SCORES}
    return {f"baseline/{name}/{key}": value for key, value in kept.items()}


def write_results(results: Results, folder: RunFolder, facts: dict[str, object]) -> None:
    """Write predictions.csv, records.csv and subjects.csv where there are such, and metrics.json last.

    Args:
        results: of the test beats.
        folder: the run's.
        facts: what else belongs into metrics.json: parameters, times.
    """
    beats = results.beats
    table = pd.DataFrame(
        {
            "record": beats.record,
            "patient": beats.patient,
            "sample": beats.sample,
            "label": np.array(results.info.classes)[beats.y],
            "predicted": np.array(results.info.classes)[results.predicted],
        }
    )
    for c, name in enumerate(results.info.classes):
        table[f"p_{name}"] = results.probabilities[:, c]
    tables = {
        folder.predictions: table.set_index("record"),
        folder.records: results.records,
        folder.subjects: results.subjects,
    }
    for path, found in tables.items():
        if found is not None:
            with whole_file(path) as temporary:
                found.to_csv(temporary, float_format="%.6f")
    words = ("dataset", "source", "simulated", "cut", "split", "notes", "facts")
    described = {name: getattr(results.info, name) for name in words}
    write_json(folder.metrics, {**described, **facts, **results.metrics, "intervals": results.intervals})


def write_split(info: DataInfo, split: Split, beats: Beats, folder: RunFolder) -> None:
    """Write split.json: counts per side and class, and per record a letter a beat (T train, V val, E test, - none)."""
    letters = np.full(len(beats), "-")
    for side, letter in (("train", "T"), ("val", "V"), ("test", "E")):
        letters[split.sides[side]] = letter
    by_record = {str(record): "".join(letters[beats.record == record]) for record in pd.unique(pd.Series(beats.record))}
    people = {side: sorted({str(p) for p in beats.patient[index]} - {""}) for side, index in split.sides.items()}
    content = {"split": split.name, "notes": split.notes, "counts": info.counts, "patients": people, "beats": by_record}
    write_json(folder.split, content)
