"""Models: each one file, an ordered list of named layers from input to head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ecg.beats.rpeaks.network import RPeakNet
from ecg.models.cnn import cnn
from ecg.models.compact import compact
from ecg.models.context import context, context_cnn
from ecg.models.ensemble import ensemble
from ecg.models.kachuee import kachuee
from ecg.models.layered import LayeredModel
from ecg.models.sequence import sequence
from ecg.models.waves import waves

MODELS: Mapping[str, Callable[..., LayeredModel]] = MappingProxyType(
    {made.__name__: made for made in (cnn, compact, kachuee, sequence, context, context_cnn, waves, ensemble)}
)
"""Every model by the name that `model=` takes: called with `inputs` or `input_shape`, `n_classes`, its settings."""

__all__ = [
    "MODELS",
    "LayeredModel",
    "RPeakNet",
    "cnn",
    "compact",
    "context",
    "context_cnn",
    "ensemble",
    "kachuee",
    "sequence",
    "waves",
]
