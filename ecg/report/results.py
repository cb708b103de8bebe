"""The results of a run: every score of its test beats, and the files that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.atomic import whole_file, whole_text
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.metrics.bootstrap import intervals
from ecg.metrics.classification import scored, test_metrics
from ecg.metrics.ec57 import ec57_scores
from ecg.metrics.records import ectopic_scores, over_records, per_record, without_record
from ecg.metrics.registry import metrics as known_metrics
from ecg.metrics.subjects import by_patient, subject_intervals, subject_metrics, subject_table
from ecg.recordings.databases import dominants
from ecg.report.diagnosis import Diagnosis, diagnosis
from ecg.report.style import Context
from ecg.runs.folder import RunFolder, write_json
from ecg.training.labelling import Labelling

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
        patients: one row per patient who was scored, beside age and other baselines; None where the label is none.
        diagnosis: what is made of it.
    """

    info: DataInfo
    beats: Beats
    probabilities: npt.NDArray[np.float32]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    records: pd.DataFrame | None
    subjects: pd.DataFrame | None = None
    patients: pd.DataFrame | None = None
    diagnosis: Diagnosis | None = None

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Shape [beat], the class of highest probability."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @property
    def shown(self) -> dict[str, str | float]:
        """The scores, and before them what they are of, for tables."""
        info = self.info
        databases = {"databases": " and ".join(info.databases)} if info.databases else {}
        return {"dataset": info.dataset, "split": info.split, "source": info.source, **databases, **self.metrics}

    @property
    def interval_note(self) -> str:
        """How the intervals were made; empty where there are none."""
        return INTERVAL_NOTE[self.info.by_patient] if self.intervals else ""

    @property
    def table_context(self) -> Context:
        """`context`, with a word on the intervals below."""
        return replace(self.context, footnote=f"{self.context.footnote} {self.interval_note}".strip())

    @property
    def context(self) -> Context:
        """The words above and below every figure and table of the run."""
        info, n = self.info, len(self.beats)
        what = f"{info.dataset}, split {info.split}, {info.origin}, segmentation {info.segmentation}"
        return Context(f"{what}: {n:,} {info.scored}", " ".join(info.notes), info.simulated)


def score(
    info: DataInfo,
    beats: Beats,
    probabilities: npt.NDArray[np.float32],
    *,
    replicates: int,
    seed: int,
    baselines: Mapping[str, npt.NDArray[np.floating]] | None = None,
    others: Mapping[str, npt.NDArray[np.floating]] | None = None,
    patients: pd.DataFrame | None = None,
) -> Results:
    """All scores of test beats.

    By beat: the metrics of DESIGN section 7 with bootstrap intervals (over patients where the split keeps them apart);
    and, for tasks with S and V, the EC57 way of counting under `ec57/`. For a split by patients also the mean over
    records under `records/`, the median under `records_median/`; where one record holds most of a class, S and V
    without it under `without_<record>/`; where the label is the patient's, one prediction per patient under
    `subject/`. Baselines stand under `baseline/<name>/`. Where the beats are from several databases, S and V of each
    stand under `database/<name>/`.

    Args:
        info: of the data.
        beats: the test beats.
        probabilities: shape [beat, class].
        replicates: of the bootstrap; 0 gives no intervals.
        seed: of the bootstrap.
        baselines: probabilities of what the model must beat, by name, shape [beat, class].
        others: probabilities of the same model labelled in other ways, by name, shape [beat, class]; S and V of each
            stand under `labelled/<name>/`.
        patients: of `ecg.metrics.diagnosis.patient_table`; what is made of it stands under `diagnosis/`.
    """
    target, predicted = beats.y, probabilities.argmax(axis=1).astype(np.int64)
    metrics, subjects = _by_beat_and_patient(info, beats, probabilities)
    if {"S", "V"} <= set(info.classes) and np.isfinite(beats.seconds).all():
        metrics |= ec57_scores(target, predicted, beats.seconds, beats.record, info.classes)
    records = None
    if info.by_patient and info.each == "beat":  # of one row per record there is nothing to be said
        records = per_record(beats.record, target, predicted, info.classes)
        for name, how in (("records", "mean"), ("records_median", "median")):
            metrics |= {f"{name}/{key}": value for key, value in over_records(records, how).items()}
    labelled = {"": predicted, **{f"labelled/{name}/": p.argmax(axis=1) for name, p in (others or {}).items()}}
    metrics |= _ectopic(info, beats, labelled)
    compared = [f"{level}/{key}" for level in ("test", "subject") for key in by_patient(info.classes)]
    for name, given in (baselines or {}).items():
        baseline, _ = _by_beat_and_patient(info, beats, given)
        metrics |= {f"baseline/{name}/{key}": baseline[key] for key in compared if key in baseline}
    one = [patients] if patients is not None else []
    made = diagnosis(one, one, info.classes, replicates=replicates, seed=seed)
    metrics |= made.metrics if made is not None else {}
    results = Results(info, beats, probabilities, metrics, {}, records, subjects, patients, made)
    return replace(results, intervals=_intervals(results, replicates, seed)) if replicates else results


def _ectopic(info: DataInfo, beats: Beats, labelled: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, float]:
    """S and V: labelled in other ways, of each database where there are several, without dominant records."""
    parts = {"": np.ones(len(beats), dtype=np.bool_)}
    names = np.unique(beats.database).tolist()
    parts |= {f"database/{name}/": beats.database == name for name in names if len(names) > 1}
    found: dict[str, float] = {}
    for part, mask in parts.items():
        target = beats.y[mask]
        for way, predicted in labelled.items():
            if part or way:  # all beats in the usual way stand under test/
                scores = ectopic_scores(target, predicted[mask], info.classes)
                found |= {f"{part}{way}{key}": value for key, value in scores.items()}
    if info.by_patient:
        for one in dominants(info.databases):
            own = np.isin(beats.database, beats.database[beats.record == one.record])  # its database alone
            given = beats.record[own], beats.y[own], labelled[""][own]
            alone = without_record(*given, info.classes, leave=one.record)
            found |= {f"without_{one.record}/{key}": value for key, value in alone.items()}
    return found


def labelled_ways(
    labelling: Labelling, probabilities: npt.NDArray[np.float32], beats: Beats, info: DataInfo
) -> tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[np.float32]]]:
    """The probabilities that give the labels, and by name those of other operating points and of the model alone.

    Args:
        labelling: what becomes of a model's probabilities.
        probabilities: the model's, shape [beat, class].
        beats: the same beats.
        info: of the data.
    """

    def by(how: Labelling) -> npt.NDArray[np.float32]:
        return how(probabilities, beats, info.classes, info.r_peak_s, info.fs)

    if not labelling.active:
        return probabilities, {}
    others = {f"point {name}": by(labelling.at(name)) for name in labelling.names if name != labelling.point}
    if any(labelling.smooth.values()):
        others["without smoothing"] = by(replace(labelling, smooth={}))
    return by(labelling), {**others, "model alone": probabilities}


def _by_beat_and_patient(
    info: DataInfo, beats: Beats, probabilities: npt.NDArray[np.floating]
) -> tuple[dict[str, float], pd.DataFrame | None]:
    """Scores under `test/` and, where the label is the patient's, under `subject/`, with one row per patient."""
    metrics = test_metrics(beats.y, probabilities, info.classes)
    if not (info.by_patient and info.patient_label):
        return metrics, None
    subjects = subject_table(beats.patient, beats.y, probabilities, info.classes)
    return metrics | subject_metrics(subjects, info.classes), subjects


def _intervals(results: Results, replicates: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % intervals by the keys of the metrics, over patients where the split keeps them apart."""
    info, beats = results.info, results.beats
    groups = beats.patient if info.by_patient else None
    labelled = scored(beats.y, results.probabilities, info.classes)
    found = intervals(labelled, groups=groups, replicates=replicates, seed=seed)
    pairs = {f"test/{key}": value for key, value in found.items()}
    if results.subjects is not None:
        pairs |= subject_intervals(results.subjects, info.classes, replicates=replicates, seed=seed)
    diagnosed = results.diagnosis.intervals if results.diagnosis is not None else {}
    if (same := diagnosed.get("diagnosis/model/auroc")) is not None and "subject/auroc" in pairs:
        pairs["subject/auroc"] = same  # the same number, of which one page has one interval
    return pairs | diagnosed


def write_results(results: Results, folder: RunFolder, facts: dict[str, object]) -> None:
    """Write predictions.csv, records.csv, subjects.csv and patients.csv where there are such, and metrics.json last.

    Args:
        results: of the test beats.
        folder: the run's.
        facts: what else belongs into metrics.json: parameters, times.
    """
    info, beats, names = results.info, results.beats, np.array(results.info.classes)
    columns = {name: beats.columns[name] for name in ("record", "patient", "sample")}
    columns |= {"label": names[beats.y], "predicted": names[results.predicted]}
    columns |= {f"p_{name}": results.probabilities[:, c] for c, name in enumerate(names)}
    predictions = pd.DataFrame(columns).set_index("record")
    tables = {folder.predictions: predictions, folder.records: results.records, folder.subjects: results.subjects}
    tables[folder.patients] = results.patients
    for path, found in tables.items():
        if found is not None:
            with whole_file(path) as temporary:
                found.to_csv(temporary, float_format="%.6f")
    write_json(folder.metrics, {**described(info), **facts, **results.metrics, "intervals": results.intervals})


def described(info: DataInfo) -> dict[str, object]:
    """What metrics.json says of the data, and how its metrics are shown."""
    words = ("dataset", "source", "databases", "simulated", "segmentation", "split", "notes", "facts")
    shown = {one.name: one.shown() for one in known_metrics(info.classes)}
    return {**{name: getattr(info, name) for name in words}, "metrics": shown}


def write_left_out(refused: Mapping[str, str], folder: RunFolder) -> None:
    """Write left_out.csv, where records were left out: which, and why."""
    if refused:
        rows = pd.DataFrame({"record": list(refused), "why": list(refused.values())})
        whole_text(folder.left_out, rows.to_csv(index=False))


def write_split(info: DataInfo, split: Split, beats: Beats, folder: RunFolder) -> None:
    """Write split.json: counts by subset and class, by record a letter a beat (T train, V val, E test, - none)."""
    letters = np.full(len(beats), "-")
    for subset, letter in (("train", "T"), ("val", "V"), ("test", "E")):
        letters[split.subsets[subset]] = letter
    ends = [*(np.flatnonzero(beats.record[1:] != beats.record[:-1]) + 1).tolist(), len(beats)]
    by_record: dict[str, str] = {}
    for first, after in pairwise([0, *ends]):
        name = str(beats.record[first])
        by_record[name] = by_record.get(name, "") + "".join(letters[first:after])
    people = {subset: sorted({str(p) for p in beats.patient[index]} - {""}) for subset, index in split.subsets.items()}
    content = {"split": split.name, "notes": split.notes, "counts": info.counts, "patients": people, "beats": by_record}
    write_json(folder.split, content)
