"""`dataset=mi`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ecg.config.checks import in_range, one_of
from ecg.config.dataset.base import DatasetConfig, SyntheticConfig
from ecg.errors import EcgError

if TYPE_CHECKING:
    from ecg.data.mi import MIData
    from ecg.data.sources import Source


@dataclass
class FoldsConfig:
    """Settings of `dataset.split=folds`: the folds of one repeat test every patient once."""

    count: int = 5
    """Number of folds."""
    index: int = 0
    """The fold that tests, from 0."""
    repeat: int = 0
    """Another repeat shuffles the patients anew; the run's `seed` does not."""

    def __post_init__(self) -> None:
        in_range("dataset.folds.count", self.count, 2, 100)
        in_range("dataset.folds.index", self.index, 0, self.count - 1)
        in_range("dataset.folds.repeat", self.repeat, 0)


@dataclass
class MIConfig(DatasetConfig):
    """`dataset=mi`: myocardial infarction against healthy hearts, normal and MI; the label is the patient's."""

    augment_by_default: ClassVar[bool] = False  # what frozen layers make of a beat is computed once
    with_baselines: ClassVar[bool] = True

    name: str = "mi"
    synthetic: SyntheticConfig = field(default_factory=lambda: SyntheticConfig(patients=60, minutes=0.5))
    min_likelihood: float = 50.0
    """PTB-XL: least likelihood in percent of the statement that gives a record its class. By default at least as likely
    as not: a third of its infarctions are stated at 15 or 35 %. 0 takes every statement, also where none is stated."""
    beats_per_patient: int | None = 30
    """Beats kept of each patient, evenly spaced; null: all. The long records of PTB are all MI."""
    train_fraction_of_patients: float = 1.0
    """Share of the training patients that are used; validation and test stay the same."""
    folds: FoldsConfig = field(default_factory=FoldsConfig)

    def __post_init__(self) -> None:
        from ecg.beats.cuts import CUTS
        from ecg.beats.splits import BY_PATIENT
        from ecg.data.mi import SOURCES, SPLITS, split_name

        super().__post_init__()
        one_of("dataset.name", self.name, ["mi"])
        one_of("dataset.source", self.source, SOURCES)
        one_of("dataset.cut", self.cut, CUTS)
        one_of("dataset.split", self.split, SPLITS)
        in_range("dataset.min_likelihood", self.min_likelihood, 0, 100)
        if self.beats_per_patient is not None:
            in_range("dataset.beats_per_patient", self.beats_per_patient, 1)
        share = self.train_fraction_of_patients
        in_range("dataset.train_fraction_of_patients", share, 0, 1, include_low=False)
        by_patient = split_name(self.split, self.source) in BY_PATIENT
        if by_patient and self.source == "kaggle":
            raise EcgError(
                f"dataset.split={self.split}: dataset.source=kaggle does not tell whose beats they are; choose "
                "dataset.split=beats, or dataset.source=physionet"
            )
        if share < 1 and not by_patient:
            raise EcgError(
                f"dataset.train_fraction_of_patients={share:g}: needs a split by patient; choose "
                f"dataset.split={' or '.join(BY_PATIENT)}, or leave it at 1"
            )

    def build(self, *, data_dir: Path, cache: Path, batch_size: int, seed: int) -> MIData:
        """The data module; nothing is read yet."""
        from ecg.data import mi

        name = mi.split_name(self.split, self.source)
        rule = mi.split_rule(
            name,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            train_fraction=self.train_fraction_of_patients,
            folds=(self.folds.count, self.folds.index, self.folds.repeat),
            seed=seed,
        )
        return mi.MIData(
            source=self._source(data_dir, cache),
            cut=self.build_cut(),
            split_rule=rule,
            cache=cache,
            batch_size=batch_size,
            seed=seed,
            beats_per_patient=self.beats_per_patient,
        )

    def _source(self, data_dir: Path, cache: Path) -> Source:
        from ecg.data import mi

        if self.source == "physionet":
            return mi.physionet_source(data_dir)
        if self.source == "ptb-xl":
            return mi.ptbxl_source(data_dir, min_likelihood=self.min_likelihood)
        if self.source == "both":
            return mi.both_source(data_dir, min_likelihood=self.min_likelihood)
        if self.source == "kaggle":
            return mi.kaggle_source(data_dir)
        made = self.synthetic
        return mi.synthetic_source(cache, patients=made.patients, minutes=made.minutes, seed=made.seed)
