"""Layers of a source model into a new one: all that are asked for, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecg.beats.cuts import Cut
from ecg.config.targets import name_of
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.runs.weights import Weights


@dataclass(frozen=True)
class Loaded:
    """What came over from the source.

    Attributes:
        matched: names of the tensors that were copied.
        left: names of the source's tensors that were not asked for (its head; layers that start afresh).
    """

    matched: tuple[str, ...]
    left: tuple[str, ...]


def check_source(source: Weights, *, model: str, cut: Cut, input_shape: tuple[int, ...]) -> None:
    """Refuse a source whose beats or layers are not those of the new model.

    Args:
        source: what is to be taken over.
        model: name of the new model.
        cut: of the new data.
        input_shape: (channel, sample) of its beats.

    Raises:
        EcgError: another model, cut or shape; the message names both sides.
    """
    theirs = source.settings.get("name") or name_of(source.settings["_target_"])
    if theirs != model:
        raise EcgError(
            f"transfer.source={source.path}: is a {theirs}, the new model is a {model}; choose model={theirs}"
        )
    if source.cut != cut:
        raise EcgError(
            f"transfer.source={source.path}: its beats were cut by {source.cut}, the new ones by {cut}; "
            f"choose dataset.cut={source.cut.name} with the same settings, or another source"
        )
    if source.info.shape != input_shape:
        raise EcgError(
            f"transfer.source={source.path}: its beats have shape {source.info.shape}, the new ones {input_shape}"
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
