"""Data: LightningDataModules that serve beats as batches straight from tensors."""

from __future__ import annotations

from ecg.data.arrhythmia import ArrhythmiaDataModule
from ecg.data.mi import MIDataModule
from ecg.data.module import BeatData
from ecg.data.own import OwnDataModule
from ecg.data.rpeaks import RPeakAugment, RPeaksDataModule
from ecg.data.settings import Folds, Simulated

__all__ = [
    "ArrhythmiaDataModule",
    "BeatData",
    "Folds",
    "MIDataModule",
    "OwnDataModule",
    "RPeakAugment",
    "RPeaksDataModule",
    "Simulated",
]
