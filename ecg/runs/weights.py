"""Weights as a safetensors file that holds all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import ecg
from ecg.atomic import whole_file
from ecg.beats.cuts import CUTS, Cut
from ecg.config.build import build
from ecg.config.check import check_node
from ecg.config.root import GROUPS
from ecg.config.targets import name_of
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.runs.folder import RunFolder, plain

FORMAT = "ecg-weights-1"
LONGEST, MOST_CLASSES = 10_000_000, 10_000
"""Samples of a beat and classes above which a file is taken for damaged."""


@dataclass(frozen=True)
class Description:
    """What a weights file says of itself.

    Attributes:
        path: the file.
        settings: name and settings of the model.
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
    model: Mapping[str, Any],
    cut: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    """Write the tensors with metadata: model, data (classes, fs, leads), cut and training.

    Args:
        path: the file.
        state: the model's tensors by name.
        info: of the data that they were trained on.
        model: the model's node, or its name and settings.
        cut: settings of the cut.
        training: what made the weights and how good they are.
    """
    metadata = {
        "format": FORMAT,
        "ecg": ecg.__version__,
        "model": json.dumps(_short(model)),
        "data": json.dumps(asdict(info)),
        "cut": json.dumps(dict(cut)),
        "training": json.dumps(dict(training)),
    }
    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary, metadata)


def _short(model: Mapping[str, Any]) -> dict[str, Any]:
    """A registered model by its name; another one by its import path."""
    own = {key: value for key, value in model.items() if key != "_target_"}
    if (target := model.get("_target_")) is None:
        return own
    name = name_of(target)
    return {"name": name, **own} if target == f"ecg.models.{name}" and name in MODELS else dict(model)


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
        found = plain(metadata.get("format", "no format"))
        raise EcgError(f"{path}: holds {found} in its metadata, this version of ecg reads {FORMAT}; train it anew")
    try:
        parts = {key: plain(json.loads(metadata[key])) for key in ("data", "model", "cut", "training")}
        for key, value in parts.items():
            if not isinstance(value, dict):
                raise TypeError(f"{key} holds no names and values")
        cut = parts["cut"]
        rule = CUTS[cut["name"]](**{k: _frozen(v) for k, v in cut.items() if k != "name"})
        return Description(path, parts["model"], _info(parts["data"]), rule, parts["training"])
    except EcgError as error:
        raise EcgError(f"{path}: its metadata does not fit this version of ecg ({error}); train it anew") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise EcgError(f"{path}: its metadata does not fit this version of ecg ({error!r}); train it anew") from None


def load_weights(where: Path) -> Weights:
    """Read a run's weights, or a weights file, and build its model.

    Args:
        where: a run folder or a file that `save_weights` wrote.

    Raises:
        EcgError: as `describe_weights`, or the tensors do not fit the model, or one of them is not finite.
    """
    said = describe_weights(where)
    with torch.device("meta"):  # without memory: a few bytes of metadata can ask for far more than the file has
        wanted = _model(said).state_dict()
    state = _tensors(said.path, {name: tuple(tensor.shape) for name, tensor in wanted.items()})
    model = _model(said)
    model.load_state_dict(state)
    require_finite(model.state_dict(), said.path)  # as they are used: 1e300 is infinite in float32
    return Weights(said.path, said.settings, said.info, said.cut, said.training, model.eval())


def _model(said: Description) -> LayeredModel:
    """The model that the metadata describes, with fresh weights."""
    own = {k: v for k, v in said.settings.items() if k not in ("name", "_target_")}
    target = said.settings.get("_target_")
    given = {"input_shape": said.info.shape, "n_classes": len(said.info.classes)}
    try:
        if target is not None:
            node = check_node({"_target_": target, **own}, "model", GROUPS["model"], own=False)
            built = build(node, "model", **given)
        else:
            built = MODELS[said.settings["name"]](**given, **own)
    except EcgError as error:
        raise EcgError(f"{said.path}: {error}") from None
    except Exception as error:  # a stranger's shapes and settings can break anything
        raise EcgError(f"{said.path}: does not fit this version of ecg ({error!r}); train it anew") from None
    if not isinstance(built, LayeredModel):
        raise EcgError(f"{said.path}: {target} gives no ecg.models.LayeredModel")
    return built


def _tensors(path: Path, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The file's tensors, once their names and shapes are known to be the wanted ones."""
    try:
        with safe_open(path, framework="pt") as stored:
            there = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            if wrong := sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name)):
                said = _differ(wrong, wanted, there)
                raise EcgError(f"{path}: its tensors do not fit the model in its metadata ({said})")
            return {name: stored.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError) as error:
        raise EcgError(f"{path}: cut off or damaged ({' '.join(str(error).split())})") from None


def _differ(wrong: list[str], wanted: Mapping[str, object], there: Mapping[str, object]) -> str:
    said = [f"{plain(name)}: {there.get(name, 'missing')}, wanted {wanted.get(name, 'none')}" for name in wrong[:3]]
    return "; ".join(said) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")


def require_finite(state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse tensors with NaN or infinite values: whatever they label is noise.

    Raises:
        EcgError: so it is; the message names the tensor.
    """
    for name, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise EcgError(f"{path}: the tensor {plain(name)} has values that are NaN or infinite; train it anew")


def _info(data: dict[str, Any]) -> DataInfo:
    """The description of the data, with every value of the type that its users rely on."""
    known_fields = {field.name for field in fields(DataInfo)}
    info = DataInfo(**{k: _frozen(v) for k, v in data.items() if k in known_fields})
    classes, shape = info.classes, info.shape
    if not (_texts(classes) and 2 <= len(classes) <= MOST_CLASSES):
        raise ValueError("classes: two names or more are needed")
    if not all(name and name.isprintable() for name in classes):
        raise ValueError(f"classes: {classes} holds a name that cannot be shown")
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes: {', '.join(classes)} holds one twice")
    if not (isinstance(shape, tuple) and len(shape) == 2 and all(_whole(n) for n in shape)):
        raise ValueError(f"shape: {shape} is no [channel, sample]")
    if not (isinstance(info.fs, int | float) and not isinstance(info.fs, bool) and 0 < info.fs < 1e6):
        raise ValueError(f"fs: {info.fs} is no sampling rate in Hz")
    for name in ("leads", "notes"):
        if not _texts(getattr(info, name)):
            raise ValueError(f"{name}: must be a list of text")
    for name in ("counts", "facts"):
        if not isinstance(getattr(info, name), Mapping):
            raise ValueError(f"{name}: must be names and values")
    for name in ("simulated", "patient_label"):
        if not isinstance(getattr(info, name), bool):
            raise ValueError(f"{name}: must be true or false")
    for name in ("dataset", "source", "cut", "split", "fingerprint"):
        if not isinstance(getattr(info, name), str):
            raise ValueError(f"{name}: must be text")
    return info


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


def _whole(n: object) -> bool:
    return isinstance(n, int) and not isinstance(n, bool) and 0 < n < LONGEST


def _frozen(value: Any) -> Any:
    """Lists, which is what JSON makes of tuples, as tuples."""
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
