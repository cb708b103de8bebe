"""Weights as a safetensors file that holds all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

import ecg
from ecg.atomic import whole_file
from ecg.beats.cuts import CUTS, Cut
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.training.folder import RunFolder

FORMAT = "ecg-weights-1"


@dataclass(frozen=True)
class Description:
    """What a weights file says of itself.

    Attributes:
        path: the file.
        settings: name and settings of the model, as in `config.yaml`.
        info: of the data that it was trained on.
        cut: the rule that its beats were cut by.
        training: what made the weights and how good they are.
    """

    path: Path
    settings: Mapping[str, Any]
    info: DataInfo
    cut: Cut
    training: Mapping[str, Any]


@dataclass(frozen=True)
class Weights(Description):
    """A trained model, ready to use.

    Attributes:
        model: in eval mode, on the processor.
    """

    model: LayeredModel


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
        "format": FORMAT,
        "ecg": ecg.__version__,
        "model": json.dumps(model),
        "data": json.dumps(asdict(info)),
        "cut": json.dumps(cut),
        "training": json.dumps(training),
    }
    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary, metadata)


def weights_file(where: Path) -> Path:
    """The weights file that a run folder or a file's own name stands for.

    Raises:
        EcgError: there is none.
    """
    if where.is_file():
        return where
    if not where.exists():
        raise EcgError(f"{where} does not exist; give a run folder (outputs/...) or a weights.safetensors file")
    path = RunFolder(where).weights
    if not path.is_file():
        state = "its run is not finished" if RunFolder(where).config.is_file() else "it is no run folder"
        raise EcgError(f"{where} has no {path.name}: {state}")
    return path


def describe_weights(where: Path) -> Description:
    """What a run's weights, or a weights file, say of themselves; the tensors are not read.

    Raises:
        EcgError: missing, cut off, damaged, or of another format or version.
    """
    path = weights_file(where)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise EcgError(f"{path}: cut off or no safetensors file ({' '.join(str(error).split())})") from None
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "no format")
        raise EcgError(f"{path}: holds {found} in its metadata, this version of ecg reads {FORMAT}; train it anew")
    try:
        data, settings, cut = (json.loads(metadata[key]) for key in ("data", "model", "cut"))
        rule = CUTS[cut["name"]](**{k: _frozen(v) for k, v in cut.items() if k != "name"})
        return Description(path, settings, _info(data), rule, json.loads(metadata["training"]))
    except (KeyError, TypeError, ValueError) as error:
        raise EcgError(f"{path}: its metadata does not fit this version of ecg ({error!r}); train it anew") from None


def load_weights(where: Path) -> Weights:
    """Read a run's weights, or a weights file, and build its model.

    Args:
        where: a run folder or a file that `save_weights` wrote.

    Raises:
        EcgError: as `describe_weights`, or the tensors do not fit the model.
    """
    said = describe_weights(where)
    own = {k: v for k, v in said.settings.items() if k != "name"}
    try:
        model = MODELS[said.settings["name"]](input_shape=said.info.shape, n_classes=len(said.info.classes), **own)
        state = load_file(said.path)
    except (KeyError, TypeError, SafetensorError) as error:
        raise EcgError(f"{said.path}: does not fit this version of ecg ({error!r}); train it anew") from None
    _load(model, state, said.path)
    return Weights(said.path, said.settings, said.info, said.cut, said.training, model.eval())


def _info(data: dict[str, Any]) -> DataInfo:
    known = {field.name for field in fields(DataInfo)}
    return DataInfo(**{k: _frozen(v) for k, v in data.items() if k in known})


def _frozen(value: Any) -> Any:
    """Lists, which is what JSON makes of tuples, as tuples."""
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


def _load(model: LayeredModel, state: dict[str, Tensor], path: Path) -> None:
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise EcgError(f"{path}: its tensors do not fit the model in its metadata ({reason[:200]})") from None
