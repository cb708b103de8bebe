"""Layers of a source model into a new one: all that are asked for, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.runs.weights import Weights
from ecg.targets import name_of


@dataclass(frozen=True)
class Loaded:
    """What came over from the source.

    Attributes:
        matched: names of the tensors that were copied.
        left: names of the source's tensors that were not asked for (its head; layers that start afresh).
    """

    matched: tuple[str, ...]
    left: tuple[str, ...]


def check_source(source: Weights, *, model: str, data: BeatData) -> None:
    """Refuse a source whose beats or layers are not those of the new model.

    Args:
        source: what is to be taken over.
        model: name of the new model.
        data: the new data.

    Raises:
        EcgError: another model, segmentation or shape; the message names both.
    """
    theirs = source.settings.get("name") or name_of(source.settings["_target_"])
    if theirs != model:
        raise EcgError(
            f"transfer.source={source.path}: is a {theirs}, the new model is a {model}; choose model={theirs}"
        )
    if source.segmentation != data.segmentation:
        raise EcgError(
            f"transfer.source={source.path}: its beats are made by {source.segmentation}, the new ones by "
            f"{data.segmentation}; choose dataset.segmentation={source.segmentation.name} with the same settings, or "
            "another source"
        )
    if dict(source.info.shapes) != dict(data.info.shapes):
        raise EcgError(
            f"transfer.source={source.path}: its beats have the shapes {dict(source.info.shapes)}, the new ones "
            f"{dict(data.info.shapes)}; choose as many dataset.leads"
        )


def load_layers(model: LayeredModel, source: Weights, names: Sequence[str]) -> Loaded:
    """Copy the layers called `names` from the source into `model`.

    Raises:
        EcgError: a tensor of these layers is missing in the source, or has another shape, or there is none at all.
    """
    theirs = source.model.state_dict()
    ours = model.state_dict()
    wanted = [key for key in ours if key.split(".")[1] in names]
    wrong = [key for key in wanted if key not in theirs or theirs[key].shape != ours[key].shape]
    if wrong or (names and not wanted):
        matched = len(wanted) - len(wrong)
        raise EcgError(
            f"transfer.source={source.path}: {matched} of {len(wanted)} tensors match; missing or of another shape: "
            f"{', '.join(wrong[:4])}{' ...' if len(wrong) > 4 else ''}"
        )
    with torch.no_grad():
        for key in wanted:
            ours[key].copy_(theirs[key])
    return Loaded(tuple(wanted), tuple(key for key in theirs if key not in wanted))
