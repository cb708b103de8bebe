"""Weights as a safetensors file that holds all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import ecg
from ecg.atomic import whole_file
from ecg.beats.rpeaks.weights import FORMAT as RPEAKS
from ecg.beats.segmentations import SEGMENTATIONS, Segmentation, make_segmentation
from ecg.beats.table import SIGNAL
from ecg.config.build import build
from ecg.config.check import check_node
from ecg.config.root import GROUPS
from ecg.config.signature import NotFittingError, fit
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.models.layered import layered
from ecg.runs.folder import RunFolder, plain
from ecg.runs.shipped import SHIPPED, shipped_file
from ecg.targets import name_of, require_known

FORMAT = "ecg-weights-2"
LONGEST, MOST_CLASSES = 10_000_000, 10_000
"""Samples of a beat and classes above which a file is taken for damaged."""
Values = Mapping[str, Any]
SIMULATED = "The weights were trained on SIMULATED recordings: their labels say nothing about real hearts."
LIMITED = "The weights come from epochs that were limited to some batches: their labels mean nothing."


@dataclass(frozen=True)
class Description:
    """What a weights file says of itself.

    Attributes:
        path: the file.
        settings: name and settings of the model.
        info: of the data that it was trained on.
        segmentation: the rule that made its beats.
        training: what made the weights and how good they are.
        labelling: what becomes of the model's probabilities: settings of `ecg.training.Labelling`.
    """

    path: Path
    settings: Values
    info: DataInfo
    segmentation: Segmentation
    training: Values
    labelling: Values

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader of any label must be told of them."""
        said = {SIMULATED: self.info.simulated, LIMITED: self.training.get("limit_batches") is not None}
        return tuple(sentence for sentence, holds in said.items() if holds)


@dataclass(frozen=True)
class Weights(Description):
    """A trained model, ready to use.

    Attributes:
        model: in eval mode, on the processor.
    """

    model: LayeredModel


def save_weights(
    path: Path,
    state: Mapping[str, Tensor],
    *,
    info: DataInfo,
    model: Values,
    segmentation: Values,
    training: Values,
    labelling: Values = MappingProxyType({}),
) -> None:
    """Write the tensors with metadata: model, data (classes, fs, leads), segmentation and training.

    Args:
        path: the file.
        state: the model's tensors by name.
        info: of the data that they were trained on.
        model: the model's node, or its name and settings.
        segmentation: settings of the segmentation.
        training: what made the weights and how good they are.
        labelling: what becomes of the model's probabilities.
    """
    said = {"model": _short(model), "data": asdict(info), "segmentation": segmentation, "training": training}
    said["labelling"] = {key: value for key, value in labelling.items() if key != "_target_"}
    metadata = {"format": FORMAT, "ecg": ecg.__version__}
    metadata |= {key: json.dumps(value, default=dict) for key, value in said.items()}
    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary, metadata)


def travelling(metrics: Mapping[str, float], classes: Sequence[str]) -> dict[str, float]:
    """The scores that go with the weights, of all of a run's or an evaluation's."""
    from ecg.metrics.subjects import by_patient  # torchmetrics loads matplotlib, which labelling does without

    kept = (*(f"/{name}" for name in by_patient(classes)), "/jk", "/se", "/ppv", "/support")
    return {key: value for key, value in metrics.items() if key.startswith("test/") and key.endswith(kept)}


def _short(model: Values) -> dict[str, Any]:
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
    path = RunFolder(where).weights
    if where.is_file() or path.is_file():
        return where if where.is_file() else path
    if str(where) in SHIPPED:  # also beside a folder of that name which has no weights
        return shipped_file(str(where))
    if not where.exists():
        ways = f"a run folder (outputs/...), a weights.safetensors file or a name ({', '.join(SHIPPED)})"
        raise EcgError(f"{where} does not exist; give {ways}")
    state = "its run is not finished" if RunFolder(where).config.is_file() else "it is no run folder"
    raise EcgError(f"{where} has no {path.name}: {state}")


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
    if metadata.get("format") == RPEAKS:
        raise EcgError(f"{path}: holds a detector of R peaks, which labels no beats; name it with --rpeaks")
    if metadata.get("format") != FORMAT:
        found = plain(metadata.get("format", "no format"))
        raise EcgError(f"{path}: holds {found} in its metadata, this version of ecg reads {FORMAT}; train it anew")
    try:
        parts = {key: plain(json.loads(metadata[key])) for key in ("data", "model", "segmentation", "training")}
        parts["labelling"] = plain(json.loads(metadata.get("labelling", "{}")))
        if wrong := [key for key, value in parts.items() if not isinstance(value, dict)]:
            raise TypeError(f"{wrong[0]} holds no names and values")
        info, rule = _info(parts["data"]), _segmentation(parts)
        return Description(path, parts["model"], info, rule, parts["training"], parts["labelling"])
    except (EcgError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        why = str(error) if isinstance(error, EcgError) else repr(error)
        raise EcgError(f"{path}: its metadata does not fit this version of ecg ({why}); train it anew") from None


def _segmentation(parts: Mapping[str, dict[str, Any]]) -> Segmentation:
    said = {key: _frozen(value) for key, value in parts["segmentation"].items()}
    if not isinstance(said["name"], str):
        raise TypeError("segmentation: its name is no text")
    if said["name"] not in SEGMENTATIONS:
        require_known({"_target_": said["name"]}, "segmentation")
    return make_segmentation(said)


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
    return Weights(said.path, said.settings, said.info, said.segmentation, said.training, said.labelling, model.eval())


def _model(said: Description) -> LayeredModel:
    """The model that the metadata describes, with fresh weights."""
    own = {k: v for k, v in said.settings.items() if k not in ("name", "_target_")}
    inputs, n_classes = dict(said.info.shapes), len(said.info.classes)
    try:
        target = said.settings.get("_target_") or f"ecg.models.{MODELS[said.settings['name']].__name__}"
        node = check_node({"_target_": target, **own}, "model", GROUPS["model"], own=False)
        built = build(node, "model", inputs=inputs, input_shape=inputs[SIGNAL], n_classes=n_classes)
    except EcgError as error:
        raise EcgError(f"{said.path}: {error}") from None
    except Exception as error:  # a stranger's shapes and settings can break anything
        raise EcgError(f"{said.path}: does not fit this version of ecg ({error!r}); train it anew") from None
    model = layered(built, inputs=inputs, n_classes=n_classes)
    if model is None:
        raise EcgError(f"{said.path}: {target} gives no ecg.models.LayeredModel")
    return model


def _tensors(path: Path, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The file's tensors, once their names and shapes are known to be the wanted ones."""
    try:
        with safe_open(path, framework="pt") as stored:
            there = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            wrong = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
            if not wrong:
                return {name: stored.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError) as error:
        raise EcgError(f"{path}: cut off or damaged ({' '.join(str(error).split())})") from None
    each = [f"{plain(name)}: {there.get(name, 'missing')}, wanted {wanted.get(name, 'none')}" for name in wrong[:3]]
    said = "; ".join(each) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    raise EcgError(f"{path}: its tensors do not fit the model in its metadata ({said})")


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
    kinds = get_type_hints(DataInfo)
    known = {name: value for name, value in data.items() if name in kinds}
    for name, value in known.items():
        try:
            known[name] = _frozen(fit(value, kinds[name]))
        except NotFittingError as error:
            raise ValueError(f"{name}: must be {error}") from None
    info = DataInfo(**known)
    classes, shapes = info.classes, info.shapes
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise ValueError("classes: two names or more are needed")
    if not all(name and name.isprintable() for name in classes):
        raise ValueError(f"classes: {classes} holds a name that cannot be shown")
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes: {', '.join(classes)} holds one twice")
    if len(shapes.get(SIGNAL, ())) != 2:
        raise ValueError(f"shapes: {shapes} holds no signal: [lead, sample]")
    for name, shape in shapes.items():
        if not (isinstance(shape, tuple) and shape and all(type(n) is int and 0 < n < LONGEST for n in shape)):
            raise ValueError(f"shapes: {name}: {shape} is no shape of one beat's input")
    if not 0 < info.fs < 1e6:
        raise ValueError(f"fs: {info.fs} is no sampling rate in Hz")
    if not 0 <= info.r_peak_s < LONGEST:
        raise ValueError(f"r_peak_s: {info.r_peak_s} is no time in s")
    return info


def _frozen(value: Any) -> Any:
    """Lists, which is what JSON makes of tuples, as tuples; also those within names and values."""
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
