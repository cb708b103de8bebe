"""MI: beats of patients with myocardial infarction against beats of healthy hearts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ecg.beats.rpeaks import DEFAULT, Detector, detector
from ecg.beats.segmentations import RecordSegmentation, Segmentation
from ecg.beats.splits import Split, beats_split
from ecg.beats.stratified import folds_split, stratified_split
from ecg.beats.table import Beats
from ecg.checks import BadSettingError, in_range, one_of
from ecg.data.diagnosis import LEADS, DiagnosisSource
from ecg.data.module import BeatData
from ecg.data.people import TARGETS, Target
from ecg.data.published_rows import PublishedRows
from ecg.data.settings import (
    Folds,
    Simulated,
    check_fractions,
    chosen_databases,
    chosen_segmentation,
    chosen_split,
)
from ecg.data.sources import Source, all_there, downloaded
from ecg.errors import EcgError
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.recordings.databases import DiagnosisDatabase
from ecg.recordings.databases.diagnosis import Selection
from ecg.recordings.databases.ptbdb import select_ptbdb

SOURCES = ("physionet", "kaggle", "synthetic")
SPLITS: Mapping[str, Callable[..., Split]] = MappingProxyType(
    {"patients": stratified_split, "folds": folds_split, "beats": beats_split}
)
"""Every split by the name that `dataset.split` takes."""
VIEWS = 13
"""How often the baseline's trees see a recording of one lead measured: as found, and with its QRS borders moved. Over
several leads borders are surer, and moving them brought nothing (experiments/infarction)."""


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labels:
    """How a database's own statements become diagnoses, where it has such; see `MIDataModule`."""

    min_likelihood: float = 50.0
    statements: tuple[str, ...] | None = None
    stages: tuple[str, ...] | None = None

    def of(self, database: DiagnosisDatabase) -> dict[str, Any]:
        """Those of the settings that a database takes."""
        takes = signature(database.select).parameters
        return {name: value for name, value in asdict(self).items() if name in takes}

    def check(self, databases: Sequence[DiagnosisDatabase]) -> Labels:
        """Return self if every setting that was made is one of some database.

        Raises:
            BadSettingError: it is not.
        """
        in_range("min_likelihood", self.min_likelihood, 0, 100)
        for name, value in asdict(self).items():
            if not value:  # no limit
                continue
            if value != getattr(Labels, name) and not any(name in self.of(one) for one in databases):
                said = " and ".join(one.name for one in databases) or "this source"
                raise BadSettingError(f"{name}: {said} states none; ptb-xl does")
        return self


class MIDataModule(BeatData):
    """Beats or whole recordings of infarction patients and of others; the label is the patient's.

    Batches are (inputs, y): inputs by name as the segmentation gives them, `signal` of shape [batch, lead, sample],
    float32; y has shape [batch], 0 for what `target` compares with, 1 for MI.

    Args:
        source: physionet (recordings; downloaded if they are not there), kaggle (the CSV files), synthetic.
        segmentation: the rule that makes a beat's inputs: its name, `{name: ..., setting: ...}`, or an import path;
            the one that a source model was trained on.
        split: who trains and who tests: auto, patients, folds, beats, or the import path of a function from beats to
            a split; auto keeps patients apart wherever they are known.
        databases: of source=physionet: ptbdb, ptb-xl, ludb, or import paths of one's own.
        external: databases that test every model and train none.
        target: mi_vs_normal; mi_vs_other (against other diagnoses); mi_vs_all. Patients who are in neither class are
            tested beside them.
        leads: by name, one for each row of the signal; R peaks are looked for in the first. III, aVR, aVL and aVF are
            made of I and II where they are not there.
        leads_apart: whether each lead of a beat is a beat of its own; the patient's score is the mean over all.
        scaling: what becomes of amplitudes: minmax (each beat to 0..1), mv, qrs (in heights of the recording's median
            QRS complex); None: the segmentation's own.
        rpeaks: what finds them: learnt, sleepecg, a run folder of experiment=rpeaks, or the import path of a function
            from a signal in mV and its rate in Hz to samples.
        min_likelihood: PTB-XL: least likelihood in percent of the statement that gives a record its class. By default
            at least as likely as not: a third of its infarctions are stated at 15 or 35 %. 0 takes every statement,
            also where none is stated.
        statements: PTB-XL: SCP-ECG statements that count as an infarction, e.g. [IMI, ASMI]; None: all.
        stages: PTB-XL: stages of the infarction, e.g. [Stadium III]; None: any, or none stated.
        beats_per_patient: beats kept of each patient, evenly spaced; None: all. The long records of PTB are all MI.
        train_fraction_of_patients: share of the training patients that are used; validation and test stay the same.
        folds: settings of split=folds.
        val_fraction: share of the training subset kept for validation; None: 0.05 of the beats, 0.2 of the patients;
            0: none, for split=patients and folds.
        test_fraction: share of the test subset; None: 0.2 of the beats, 0.3 of the patients.
        batch_size: beats per batch, per process.
        synthetic: settings of source=synthetic.
        data_dir: holds ptbdb/, ptb-xl/ and kaggle/; None: ECG_DATA, or the platform's cache folder.
        cache_dir: for prepared beats and simulated recordings; None: the platform's cache folder.
        seed: of the order of training batches and the random parts of a split.

    Raises:
        EcgError: a value out of range, none of the choices, or a split that the source cannot have.
    """

    dataset = "mi"
    classes = TARGETS["mi_vs_normal"].classes
    patient_label = True
    augment_by_default = False  # what frozen layers make of a beat is computed once
    with_baselines = True

    def __init__(
        self,
        source: Literal["physionet", "kaggle", "synthetic"] = "physionet",
        segmentation: str | Mapping[str, Any] | Segmentation = "kaggle",
        split: str = "auto",
        *,
        databases: Sequence[str | DiagnosisDatabase] = ("ptbdb",),
        external: Sequence[str | DiagnosisDatabase] = (),
        target: Literal["mi_vs_normal", "mi_vs_other", "mi_vs_all"] = "mi_vs_normal",
        leads: Sequence[str] = LEADS,
        leads_apart: bool = False,
        scaling: Literal["minmax", "mv", "qrs"] | None = None,
        rpeaks: str = DEFAULT,
        min_likelihood: float = 50.0,
        statements: Sequence[str] | None = None,
        stages: Sequence[str] | None = None,
        beats_per_patient: int | None = 30,
        train_fraction_of_patients: float = 1.0,
        folds: Folds = Folds(),  # noqa: B008 (frozen)
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        batch_size: int = 256,
        synthetic: Simulated = Simulated(patients=60, minutes=0.5),  # noqa: B008 (frozen)
        data_dir: str | Path | None = None,
        cache_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        one_of("source", source, SOURCES)
        check_fractions(val_fraction=val_fraction, test_fraction=test_fraction, batch_size=batch_size)
        one_of("target", target, TARGETS)
        asked = TARGETS[target]
        self.classes = asked.classes
        if beats_per_patient is not None:
            in_range("beats_per_patient", beats_per_patient, 1)
        if split == "auto":
            split = "beats" if source == "kaggle" else "patients"
        rule = chosen_split(split, SPLITS)
        _check_patients(source, split, train_fraction_of_patients)
        known, beside = _databases(source, databases, external, target)
        labels = Labels(min_likelihood, tuple(statements or ()) or None, tuple(stages or ()) or None)
        labels.check((*known, *beside))
        cache, by_beat = cache_folder(cache_dir), split == "beats"
        settings = {
            "val_fraction": (0.05 if by_beat else 0.2) if val_fraction is None else val_fraction,
            "test_fraction": (0.2 if by_beat else 0.3) if test_fraction is None else test_fraction,
            "train_fraction": train_fraction_of_patients,
            "classes": asked.classes,
            "seed": seed,
            **asdict(folds),
        }
        super().__init__(
            source=_source(
                source, data_folder(data_dir), cache, synthetic, labels, asked, known, beside, detector(rpeaks)
            ),
            segmentation=chosen_segmentation(segmentation, scaling, source=source),
            leads=leads,
            leads_apart=leads_apart,
            split_rule=rule(settings),
            cache=cache,
            batch_size=batch_size,
            seed=seed,
            beats_per_patient=beats_per_patient,
            synthetic_seed=synthetic.seed,
        )

    def measured(self) -> Beats | None:
        """Wave measurements of every recording, in the same leads; in one lead several times, see `VIEWS`."""
        if not isinstance(self.source, DiagnosisSource):
            return None
        own = self.segmentation if isinstance(self.segmentation, RecordSegmentation) else RecordSegmentation()
        try:
            found = self.source.prepare(
                replace(own, views=VIEWS if len(self.leads) == 1 else 1), self.leads, self.cache
            )
        except EcgError as error:
            log.warning("no wave measurements: %s", error)
            return None
        return Beats.concatenate([found.beats, *found.beside.values()])


def _check_patients(source: str, split: str, share: float) -> None:
    """Refuse to keep patients apart where nobody knows them."""
    in_range("train_fraction_of_patients", share, 0, 1, include_low=False)
    if split in ("patients", "folds") and source == "kaggle":
        raise BadSettingError(
            f"split={split}: dataset.source=kaggle does not tell whose beats they are; choose "
            "dataset.split=beats, or dataset.source=physionet"
        )
    if share < 1 and split == "beats":
        raise BadSettingError(
            f"train_fraction_of_patients={share:g}: needs a split by patient; choose "
            "dataset.split=patients or folds, or leave it at 1"
        )


Databases = tuple[DiagnosisDatabase, ...]


def _databases(
    source: str, databases: Sequence[str | DiagnosisDatabase], external: Sequence[str | DiagnosisDatabase], target: str
) -> tuple[Databases, Databases]:
    """Those that train and those that test alone."""
    if source != "physionet":
        if external:
            raise BadSettingError(f"external: needs dataset.source=physionet, not {source}")
        if target != "mi_vs_normal":
            raise BadSettingError(f"target={target}: dataset.source={source} has no other diagnoses than normal and MI")
        return (), ()
    known = chosen_databases(databases, DiagnosisDatabase)
    beside = chosen_databases(external, DiagnosisDatabase, setting="external") if external else ()
    if both := {one.name for one in known} & {one.name for one in beside}:
        raise BadSettingError(f"external: {', '.join(sorted(both))} is in dataset.databases too")
    return known, beside


def _source(
    name: str,
    data_dir: Path,
    cache: Path,
    synthetic: Simulated,
    labels: Labels,
    target: Target,
    databases: Databases,
    external: Databases,
    rpeaks: Detector,
) -> Source:
    if name == "synthetic":
        return DiagnosisSource("synthetic", True, partial(_simulate, synthetic, cache), rpeaks)
    if name == "kaggle":
        return PublishedRows(
            data_dir / "kaggle",
            ("ptbdb_normal.csv", "ptbdb_abnormal.csv"),
            fs=125.0,  # Kachuee et al. 2018; the rows of MIT-BIH, made by another rule, are at 120 Hz
            database="ptbdb",
            lead="II",
            r_peaks="as published (Kachuee et al. 2018)",
            segmentations=("kaggle", "paper"),
            n_classes=len(target.classes),
            class_by_file=True,
        )
    return DiagnosisSource(
        name,
        False,
        partial(_select, data_dir, databases, labels),
        rpeaks,
        tuple(database.name for database in databases),
        partial(all_there, data_dir, (*databases, *external)),
        target,
        partial(_select, data_dir, external, labels),
    )


def _select(data_dir: Path, databases: Databases, labels: Labels) -> Sequence[Selection]:
    """What can be used of each database; downloaded where there is nothing of one, a part of one used as it is."""
    found = []
    for database in databases:
        own = labels.of(database)
        made = database.select(downloaded(data_dir, database), **own)
        kinds = [name for name in ("statements", "stages") if getattr(labels, name) and name not in own]
        said = f"All infarctions of {database.name} count: dataset.{' and dataset.'.join(kinds)} does not reach it."
        found.append(replace(made, note=f"{made.note} {said}".strip()) if kinds else made)
    return found


def _simulate(simulated: Simulated, cache: Path) -> Sequence[Selection]:
    made = select_ptbdb(simulated.folder("mi", cache), whole=None)
    records = tuple(replace(record, database="synthetic") for record in made.records)
    return [replace(made, database="synthetic", records=records)]
