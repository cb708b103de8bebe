"""Several models of one kind as one model, whose probabilities are the mean of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from math import log
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ecg.beats.table import SIGNAL, Shapes
from ecg.checks import BadSettingError, in_range, one_of
from ecg.errors import EcgError
from ecg.models.layered import LayeredModel


class Together(nn.Module):
    """The same layer of every member, side by side.

    Args:
        members: the layer of each.
        own: for each value taken, whether every member has its own, along the axis behind the beat's.
        axis: that axis: 1 behind [beat], 2 behind [window, beat].
        last: whether this is the head: its logits are those of the members' mean probability.
    """

    def __init__(self, members: Sequence[nn.Module], own: Sequence[bool], axis: int, *, last: bool) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.own, self.axis, self.last = tuple(own), axis, last

    def forward(self, *taken: Tensor) -> Tensor:
        """[beat, ...] or [beat, member, ...] each, to [beat, member, ...]; of the head to [beat, class]."""
        given = list(zip(taken, self.own, strict=True))
        each = [
            member(*(value.select(self.axis, i) if own else value for value, own in given))
            for i, member in enumerate(self.members)
        ]
        if not self.last:
            return torch.stack(each, dim=self.axis)
        logs = torch.stack([logits.log_softmax(dim=-1) for logits in each])
        return logs.logsumexp(dim=0) - log(len(each))


def together(models: Sequence[LayeredModel]) -> LayeredModel:
    """Models of one kind as one; they are shared, not copied.

    Raises:
        EcgError: none, or models of different layers.
    """
    if not models or any(one.names != models[0].names or one.takes != models[0].takes for one in models):
        raise EcgError("an ensemble needs models of the same layers")
    first = models[0]
    layers = {
        name: Together(
            [one.layers[name] for one in models],
            [value in first.layers for value in first.takes[name]],
            1 if name in first.alone else 2 - (first.beats == 1),
            last=name == first.names[-1],
        )
        for name in first.names
    }
    return LayeredModel(  # whoever knows the members' recipe adds one
        layers,
        inputs=first.inputs,
        takes=first.takes,
        n_classes=first.n_classes,
        beats=first.beats,
        context=first.context,
        sequence_from=first.sequence_from,
        any_length=first.any_length,
    )


def ensemble(
    *,
    of: str = "context",
    settings: Mapping[str, Any] = MappingProxyType({}),
    inputs: Shapes | None = None,
    n_classes: int = 5,
    members: int = 5,
) -> LayeredModel:
    """Build several models of one kind as one, with a layer for each of theirs.

    Args:
        of: name of the kind of model, e.g. `context`.
        settings: its own.
        inputs: shapes of the inputs of one beat; None: as the members usually have them.
        n_classes: number of logits.
        members: their number.

    Raises:
        EcgError: no such model, or it refuses its settings.
    """
    from ecg.models import MODELS

    in_range("members", members, 1, 100)
    one_of("of", of, [name for name in MODELS if name != "ensemble"])
    given = {"n_classes": n_classes, **settings}
    if inputs is not None:
        takes = signature(MODELS[of]).parameters
        given |= {"inputs": inputs} if "inputs" in takes else {"input_shape": inputs[SIGNAL]}
    try:
        made = together([MODELS[of](**given) for _ in range(members)])
    except TypeError as error:
        raise BadSettingError(f"settings={dict(settings)}: {error}") from None
    made.recipe = {"_target_": "ecg.models.ensemble", "of": of, "settings": dict(settings), "members": members}
    return made
