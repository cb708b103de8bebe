"""Schemas of the `dataset` group."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ecg.config.checks import in_range, one_of

if TYPE_CHECKING:
    from ecg.beats.cuts import Cut
    from ecg.data.arrhythmia import ArrhythmiaData
    from ecg.data.module import BeatData
    from ecg.data.sources import Source


@dataclass
class PaperCutConfig:
    """Settings of `dataset.cut=paper`."""

    rate: float = 125.0
    """Sampling rate of the beats in Hz."""
    window_s: float = 10.0
    """Window length in s."""
    threshold: float = 0.9
    """Least amplitude of an R candidate in its window, 0..1."""
    beat_rr: float = 1.2
    """Length of a beat in median RR intervals."""

    def __post_init__(self) -> None:
        in_range("dataset.paper.rate", self.rate, 20, 1000)
        in_range("dataset.paper.window_s", self.window_s, 2, 600)
        in_range("dataset.paper.threshold", self.threshold, 0, 1, include_low=False, include_high=False)
        in_range("dataset.paper.beat_rr", self.beat_rr, 0, 5, include_low=False)


@dataclass
class SyntheticConfig:
    """Settings of `dataset.source=synthetic`."""

    patients: int = 40
    """Number of virtual patients."""
    minutes: float = 5.0
    """Length of each recording."""
    seed: int = 0
    """Of the recordings; the run's own `seed` leaves them as they are."""

    def __post_init__(self) -> None:
        in_range("dataset.synthetic.patients", self.patients, 3, 10_000)
        in_range("dataset.synthetic.minutes", self.minutes, 0.5, 60)
        in_range("dataset.synthetic.seed", self.seed, 0)


@dataclass
class DatasetConfig:
    """What every dataset has."""

    name: str = "?"
    source: str = "physionet"
    """Where recordings come from."""
    cut: str = "kaggle"
    """The rule that makes a beat's samples."""
    split: str = "auto"
    """Who trains and who tests."""
    val_fraction: float | None = None
    """Share of the training side kept for validation; null: 0.05 of the beats, 0.2 of the patients."""
    test_fraction: float = 0.2
    """Share of test beats, where no standard split says it."""
    paper: PaperCutConfig = field(default_factory=PaperCutConfig)
    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)

    def __post_init__(self) -> None:
        if self.val_fraction is not None:
            in_range("dataset.val_fraction", self.val_fraction, 0, 0.5, include_low=False)
        in_range("dataset.test_fraction", self.test_fraction, 0, 0.9, include_low=False)

    def build_cut(self) -> Cut:
        """The cut with its settings."""
        from ecg.beats.cuts import KaggleCut, PaperCut

        if self.cut == "kaggle":
            return KaggleCut()
        paper = self.paper
        return PaperCut(rate=paper.rate, window_s=paper.window_s, threshold=paper.threshold, beat_rr=paper.beat_rr)

    def build(self, *, data_dir: Path, cache: Path, batch_size: int, seed: int) -> BeatData:
        """The data module; nothing is read yet."""
        raise NotImplementedError


@dataclass
class ArrhythmiaConfig(DatasetConfig):
    """`dataset=arrhythmia`: MIT-BIH beats in the five AAMI classes."""

    name: str = "arrhythmia"
    strict_subjects: bool = False
    """Leave record 201 out of DS1: its subject is also record 202 of DS2."""

    def __post_init__(self) -> None:
        from ecg.beats.cuts import CUTS
        from ecg.data.arrhythmia import SOURCES, SPLITS

        super().__post_init__()
        one_of("dataset.name", self.name, ["arrhythmia"])
        one_of("dataset.source", self.source, SOURCES)
        one_of("dataset.cut", self.cut, CUTS)
        one_of("dataset.split", self.split, SPLITS)

    def build(self, *, data_dir: Path, cache: Path, batch_size: int, seed: int) -> ArrhythmiaData:
        """The data module; nothing is read yet."""
        from ecg.data import arrhythmia

        source: Source
        if self.source == "physionet":
            source = arrhythmia.physionet_source(data_dir)
        elif self.source == "kaggle":
            source = arrhythmia.kaggle_source(data_dir)
        else:
            made = self.synthetic
            source = arrhythmia.synthetic_source(cache, patients=made.patients, minutes=made.minutes, seed=made.seed)
        rule = arrhythmia.split_rule(
            self.split,
            source=self.source,
            cut=self.cut,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            strict_subjects=self.strict_subjects,
            seed=seed,
        )
        return arrhythmia.ArrhythmiaData(
            source=source, cut=self.build_cut(), split_rule=rule, cache=cache, batch_size=batch_size, seed=seed
        )
