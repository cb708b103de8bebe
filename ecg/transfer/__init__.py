"""Transfer: layers taken from a source model, some of them frozen, their output computed once."""

from __future__ import annotations

from ecg.transfer.features import cached_features
from ecg.transfer.loading import Loaded, check_source, load_layers
from ecg.transfer.settings import RANDOM, Transfer
from ecg.transfer.start import Start, prepare_start

__all__ = [
    "RANDOM",
    "Loaded",
    "Start",
    "Transfer",
    "cached_features",
    "check_source",
    "load_layers",
    "prepare_start",
]
