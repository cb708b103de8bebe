"""The results of a run: every score of its test beats, and the files that hold them."""

from __future__ import annotations

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
from ecg.report.style import Context
from ecg.training.folder import RunFolder, write_json

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
    """

    info: DataInfo
    beats: Beats
    probabilities: npt.NDArray[np.float32]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    records: pd.DataFrame | None

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Shape [beat], the class of highest probability."""
        best: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64)
        return best

    @property
    def table_context(self) -> Context:
        """`context`, with a word on the intervals below."""
        context = self.context
        note = INTERVAL_NOTE[self.info.split == "patients"] if self.intervals else ""
        return replace(context, footnote=f"{context.footnote} {note}".strip())

    @property
    def context(self) -> Context:
        """The words above and below every figure and table of the run."""
        info, n = self.info, len(self.beats)
        return Context(
            title=f"{info.dataset}, split {info.split}, source {info.source}, cut {info.cut}: {n:,} test beats",
            footnote=" ".join(info.notes),
            simulated=info.simulated,
        )


def score(
    info: DataInfo, beats: Beats, probabilities: npt.NDArray[np.float32], *, replicates: int, seed: int
) -> Results:
    """All scores of test beats.

    By beat: the metrics of DESIGN section 7 with bootstrap intervals (over patients where the split keeps them apart);
    and the EC57 way of counting under `ec57/`. For a split by patients also the mean over records under `records/` and,
    where there is a record 232, class S without it under `without_232/`.

    Args:
        info: of the data.
        beats: the test beats.
        probabilities: shape [beat, class].
        replicates: of the bootstrap; 0 gives no intervals.
        seed: of the bootstrap.
    """
    target, predicted = beats.y, probabilities.argmax(axis=1).astype(np.int64)
    metrics = test_metrics(target, probabilities, info.classes)
    by_patient = info.split == "patients"
    intervals = {}
    if replicates:
        groups = beats.patient if by_patient else None
        found = bootstrap_intervals(target, predicted, info.classes, groups=groups, replicates=replicates, seed=seed)
        intervals = {f"test/{key}": value for key, value in found.items()}
    if np.isfinite(beats.seconds).all():
        metrics |= ec57_scores(target, predicted, beats.seconds, beats.record, info.classes)
    records = None
    if by_patient:
        records = per_record(beats.record, target, predicted, info.classes)
        metrics |= {f"records/{key}": value for key, value in mean_over_records(records).items()}
        metrics |= {
            f"without_232/{key}": value
            for key, value in without_record(beats.record, target, predicted, info.classes).items()
        }
    return Results(info, beats, probabilities, metrics, intervals, records)


def write_results(results: Results, folder: RunFolder, facts: dict[str, object]) -> None:
    """Write predictions.csv, records.csv where there are records, and metrics.json last.

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
    with whole_file(folder.predictions) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")
    if results.records is not None:
        with whole_file(folder.records) as temporary:
            results.records.to_csv(temporary, float_format="%.6f")
    info = results.info
    described = {
        "dataset": info.dataset,
        "source": info.source,
        "simulated": info.simulated,
        "cut": info.cut,
        "split": info.split,
        "notes": info.notes,
    }
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
