"""`dataset=arrhythmia`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecg.config.checks import one_of
from ecg.config.dataset.base import DatasetConfig

if TYPE_CHECKING:
    from ecg.data.arrhythmia import ArrhythmiaData
    from ecg.data.sources import Source


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
            test_fraction=0.2 if self.test_fraction is None else self.test_fraction,
            strict_subjects=self.strict_subjects,
            seed=seed,
        )
        return arrhythmia.ArrhythmiaData(
            source=source, cut=self.build_cut(), split_rule=rule, cache=cache, batch_size=batch_size, seed=seed
        )
