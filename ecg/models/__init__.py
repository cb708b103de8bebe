"""Models: each one file, an ordered list of named layers from input to head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ecg.models.cnn import cnn
from ecg.models.kachuee import kachuee
from ecg.models.layered import LayeredModel
from ecg.models.sequence import sequence

MODELS: Mapping[str, Callable[..., LayeredModel]] = MappingProxyType(
    {"cnn": cnn, "kachuee": kachuee, "sequence": sequence}
)
"""Every model by the name that `model=` takes: called with `inputs` or `input_shape`, `n_classes`, its settings."""

__all__ = ["MODELS", "LayeredModel", "cnn", "kachuee", "sequence"]
