"""Data: LightningDataModules that serve beats as batches straight from tensors. Each loads when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecg.data.arrhythmia import ArrhythmiaDataModule
    from ecg.data.mi import MIDataModule
    from ecg.data.module import BeatData
    from ecg.data.own import OwnDataModule
    from ecg.data.rpeaks import RPeakAugment, RPeaksDataModule
    from ecg.data.settings import Folds, Simulated

_HOMES = {
    "ArrhythmiaDataModule": "ecg.data.arrhythmia",
    "BeatData": "ecg.data.module",
    "Folds": "ecg.data.settings",
    "MIDataModule": "ecg.data.mi",
    "OwnDataModule": "ecg.data.own",
    "RPeakAugment": "ecg.data.rpeaks",
    "RPeaksDataModule": "ecg.data.rpeaks",
    "Simulated": "ecg.data.settings",
}

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


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562): who labels a recording needs no Lightning."""
    if name in _HOMES:
        globals()[name] = getattr(import_module(_HOMES[name]), name)
        return globals()[name]
    raise AttributeError(f"module 'ecg.data' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
