"""Weights as a safetensors file that holds all that is needed to use them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

import ecg
from ecg.atomic import whole_file
from ecg.data.info import DataInfo


def save_weights(
    path: Path,
    state: dict[str, Tensor],
    *,
    info: DataInfo,
    model: dict[str, Any],
    cut: dict[str, Any],
    training: dict[str, Any],
) -> None:
    """Write the tensors with metadata: model, data (classes, fs, leads), cut and training.

    Args:
        path: the file.
        state: the model's tensors by name.
        info: of the data that they were trained on.
        model: name and settings of the model.
        cut: settings of the cut.
        training: what made the weights and how good they are.
    """
    metadata = {
        "format": "ecg-weights-1",
        "ecg": ecg.__version__,
        "model": json.dumps(model),
        "data": json.dumps(asdict(info)),
        "cut": json.dumps(cut),
        "training": json.dumps(training),
    }
    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary, metadata)
