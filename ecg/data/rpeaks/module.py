"""The data of the R-peak detector: leads with marked beats to learn from, and whole records to test on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from ecg.beats.cache import fingerprint
from ecg.beats.resampling import resample
from ecg.beats.rpeaks.signal import FS, band_passed
from ecg.checks import BadSettingError, in_range
from ecg.data.batches import BatchOrder, FirstBatches
from ecg.data.rpeaks.augment import RPeakAugment
from ecg.data.rpeaks.series import Series, read_series
from ecg.data.rpeaks.windows import DrawnOrder, DrawnWindows, FirstDrawn, PeakBatch, WholeWindows
from ecg.data.sources import all_there, downloaded
from ecg.errors import EcgError
from ecg.recordings.data_dir import data_folder
from ecg.recordings.databases import DATABASES, BeatDatabase
from ecg.recordings.databases.ludb import WaveDatabase
from ecg.recordings.databases.nstdb import NOISES, NSTDB
from ecg.targets import by_name

log = logging.getLogger(__name__)

SHARES: Mapping[str, float] = MappingProxyType({"mitdb": 0.5, "svdb": 0.3, "ludb": 0.2})
_NOISE_SHARES = {"ma": 0.6, "bw": 0.4}
Teaches = BeatDatabase | WaveDatabase


class TestRecords(NamedTuple):
    """Whole records of one database that test.

    Attributes:
        name: what is tested, e.g. `mitdb`, or `mitdb, left out`.
        database: theirs.
        folder: where it is.
        records: names.
    """

    name: str
    database: BeatDatabase
    folder: Path
    records: Sequence[str]


class RPeaksDataModule(pl.LightningDataModule):
    """Windows of 20.48 s of single leads at 100 Hz, with marked beats, for a network that finds R peaks.

    Batches are (signal [window, 2048], target [window, 1024], counts [window, 1024]); see `ecg.data.rpeaks.windows`.

    Attributes:
        augment: what happens to training windows; set before they are drawn.
        tests: whole records to test on, those of the standard split and those that it leaves out.

    Args:
        databases: that teach: mitdb, svdb, ludb, or import paths of one's own.
        shares: of the training windows, by database; one that is not named has as many as all others on average.
        noise: add recorded noise (the first half of nstdb's) to training windows.
        swapped: databases whose training and test records change places: with mitdb, every record of it is tested once
            by weights that never saw it.
        val_fraction: share of each database's training patients that is kept for validation.
        windows: training windows in an epoch.
        batch_size: windows of a batch, per process.
        data_dir: holds mitdb/, svdb/, ludb/ and nstdb/; None: ECG_DATA, or the platform's cache folder.
        seed: of the draws.

    Raises:
        BadSettingError: a value out of range, or none of the choices.
    """

    dataset = "rpeaks"
    augment = RPeakAugment()

    def __init__(
        self,
        databases: Sequence[str | Teaches] = ("mitdb", "svdb", "ludb"),
        *,
        shares: Mapping[str, float] = SHARES,
        noise: bool = True,
        swapped: Sequence[str] = (),
        val_fraction: float = 0.1,
        windows: int = 12_000,
        batch_size: int = 24,
        data_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        in_range("val_fraction", val_fraction, 0, 0.5)
        in_range("windows", windows, 1)
        in_range("batch_size", batch_size, 2)
        self.databases = _chosen(databases)
        for name in swapped:
            if not any(isinstance(one, BeatDatabase) and one.test and one.name == name for one in self.databases):
                raise BadSettingError(f"swapped=[{name}]: has no standard split, or is none of dataset.databases")
        for name, share in shares.items():
            in_range(f"shares.{name}", share, 0)
            if name not in SHARES and name not in [one.name for one in self.databases]:
                raise BadSettingError(f"shares.{name}: is none of dataset.databases")
        self.shares = {one.name: shares.get(one.name, 1 / len(self.databases)) for one in self.databases}
        if not any(self.shares.values()):
            raise BadSettingError("shares: every database has the share 0")
        self.noise, self.swapped, self.val_fraction = noise, tuple(swapped), val_fraction
        self.windows, self.batch_size, self.seed = windows, batch_size, seed
        self.data_dir = data_folder(data_dir)
        self.tests: list[TestRecords] = []
        self._series: dict[str, list[Series]] = {}

    def at_hand(self) -> bool:
        """Whether nothing must be downloaded."""
        return all_there(self.data_dir, [*self.databases, *([NSTDB] if self.noise else [])])

    def prepare_data(self) -> None:
        """Download what is missing."""
        for one in (*self.databases, *([NSTDB] if self.noise else [])):
            downloaded(self.data_dir, one)

    def setup(self, stage: str | None = None) -> None:
        """Read the leads that teach, and say which records test; a second call changes nothing.

        Raises:
            EcgError: files are missing or damaged, or no record teaches.
        """
        if self._series:
            return
        found: dict[str, list[Series]] = {"train": [], "val": []}
        for database in self.databases:
            folder = self.data_dir / database.name
            teaching = self._divide(database, folder)
            series = read_series(database, folder, teaching)
            held = self._held(sorted({one.patient for one in series}))
            for one in series:
                found["val" if one.patient in held else "train"].append(one)
        if not found["train"]:
            raise EcgError(f"none of {', '.join(one.name for one in self.databases)} has records that train")
        self._series = found
        if self.noise:
            self.augment = _with_noise(self.augment, self.data_dir / NSTDB.name)

    def _divide(self, database: Teaches, folder: Path) -> list[str]:
        """The records that teach; those that test are noted."""
        there = database.there(folder)
        if not isinstance(database, BeatDatabase):
            return there
        teaching, testing = database.trains(there), [one for one in there if one in database.test]
        left = [one for one in there if one in database.left_out]
        if database.name in self.swapped:
            teaching, testing = testing, teaching
        for name, records in ((database.name, testing), (f"{database.name}, left out", left)):
            if records:
                self.tests.append(TestRecords(name, database, folder, records))
        return teaching

    def _held(self, patients: Sequence[str]) -> set[str]:
        count = round(self.val_fraction * len(patients))
        return set(np.random.default_rng(self.seed).permutation(patients)[:count].tolist())

    def patients(self, subset: str) -> list[str]:
        """Who trains or validates."""
        return sorted({one.patient for one in self._series[subset]})

    def fingerprint(self) -> str:
        """SHA-256 over the files that teach and test."""
        files = [
            self.data_dir / one.name / name
            for one in self.databases
            for record in one.there(self.data_dir / one.name)
            for name in one.files(record)
        ]
        noise = [self.data_dir / NSTDB.name / f"{name}.dat" for name in NOISES] if self.noise else []
        return fingerprint(path for path in (*files, *noise) if path.exists())

    def train_dataloader(self) -> DataLoader[PeakBatch]:
        """Drawn and changed windows, others in each epoch."""
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        data = DrawnWindows(self._series["train"], self.shares, self.augment, self.windows, self.seed)
        share: dict[str, int] = {"seed": self.seed, "rank": rank, "world_size": world_size}
        if self._overfits:
            return _loader(data, FirstDrawn(len(data), self.batch_size, shuffle=False, **share))
        return _loader(data, DrawnOrder(len(data), self.batch_size, shuffle=True, **share))

    def val_dataloader(self) -> DataLoader[PeakBatch]:
        """All windows of the patients that were kept back, as they are."""
        data = WholeWindows(self._series["val"])
        kind = FirstBatches if self._overfits else BatchOrder
        return _loader(data, kind(len(data), self.batch_size, shuffle=False, seed=self.seed))

    @property
    def _overfits(self) -> bool:
        """Whether the trainer takes the same batches again and again, which it accepts of sequential samplers alone."""
        return bool(self.trainer and getattr(self.trainer, "overfit_batches", 0))


def _loader(data: torch.utils.data.Dataset[PeakBatch], order: BatchOrder) -> DataLoader[PeakBatch]:
    return DataLoader(data, sampler=order, batch_size=None, generator=torch.Generator())


def _chosen(names: Sequence[str | Teaches]) -> tuple[Teaches, ...]:
    """The databases that a setting names.

    Raises:
        BadSettingError: no such database, one of another kind, none or one twice.
    """
    registered = {name: one for name, one in DATABASES.items() if isinstance(one, Teaches)}
    if isinstance(names, str) or not names:
        raise BadSettingError(f"databases={names or '[]'}: must be a list of {', '.join(registered)}")
    found = [by_name("databases", one, registered) if isinstance(one, str) else one for one in names]
    for name, one in zip(names, found, strict=True):
        if not isinstance(one, Teaches):
            raise BadSettingError(f"databases={name}: has no marked beats")
    if len({one.name for one in found}) < len(found):
        raise BadSettingError(f"databases=[{', '.join(one.name for one in found)}]: names one twice")
    return tuple(found)


def _with_noise(augment: RPeakAugment, folder: Path) -> RPeakAugment:
    """The first half of each noise record as the network sees signals, of unit deviation; the other half tests."""
    recorded = []
    for name in NOISES:
        whole, fs = NSTDB.read(folder, name)
        rows = [band_passed(resample(row[: len(row) // 2], fs, FS)) for row in whole]
        recorded.append((np.stack([row / row.std() for row in rows]), _NOISE_SHARES[name]))
    return replace(augment, recorded=tuple(recorded))
