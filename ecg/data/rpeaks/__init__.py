"""Windows with marked beats for a network that finds R peaks."""

from ecg.data.rpeaks.augment import RPeakAugment
from ecg.data.rpeaks.module import RPeaksDataModule

__all__ = ["RPeakAugment", "RPeaksDataModule"]
