"""Schemas of the `dataset` group."""

from __future__ import annotations

from ecg.config.dataset.arrhythmia import ArrhythmiaConfig
from ecg.config.dataset.base import DatasetConfig, PaperCutConfig, SyntheticConfig
from ecg.config.dataset.mi import FoldsConfig, MIConfig

__all__ = ["ArrhythmiaConfig", "DatasetConfig", "FoldsConfig", "MIConfig", "PaperCutConfig", "SyntheticConfig"]
