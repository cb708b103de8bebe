"""The contract of every model: an ordered list of named layers from inputs to head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ecg.beats.table import MASK, SIGNAL, Shapes
from ecg.errors import EcgError

Given = Tensor | Mapping[str, Tensor]
"""Inputs by name; the only input of a model may come as it is."""
Call = Callable[[str, nn.Module, Sequence[Tensor]], Tensor]
"""Gives a layer, called by its name, what it takes."""


def _call(name: str, layer: nn.Module, taken: Sequence[Tensor]) -> Tensor:
    out: Tensor = layer(*taken)
    return out


class LayeredModel(nn.Module):
    """A classifier of named layers, each a plain module.

    One layer is one weight layer with its norm, activation, pooling and dropout, so that "the last k layers" has one
    meaning for every model. The last one is the head and gives one logit per class.

    A model may see K consecutive beats of a record at once. Layers before `sequence_from` then still work on one beat
    each, as [beat, ...]; from there on they are given [window, beat, ...], and may take `mask`, [window, beat], False
    beyond a record's ends.

    Attributes:
        layers: layers by name, in order.
        takes: by layer, the names of what it is called with: inputs and earlier layers.
        inputs: the shape of each input for one beat, by name.
        n_classes: number of logits.
        beats: number of consecutive beats that the model sees at once; 1: single beats.
        context: beats at each end of a window that are seen, and labelled in another window.
        sequence_from: the first layer that sees beats side by side; None for single beats.
        any_length: whether longer windows give the same beside the `context` at their ends, as convolutions over beats
            do that reach no further; labelling then takes fewer, longer ones.
        chain: whether it sees single beats, and each layer takes what the one before it gives and nothing else.
        recipe: what builds the same network with fresh weights: `_target_` and its arguments, and for a later part the
            names of its `layers` and what they are `given`; empty where nobody said it. It goes into checkpoints.

    Args:
        input_shape: (lead, sample), for a model whose only input is `signal`.
        takes: what is not said takes the layer before; the first layer takes the first input.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        n_classes: int,
        input_shape: tuple[int, ...] | None = None,
        inputs: Shapes | None = None,
        takes: Mapping[str, Sequence[str]] | None = None,
        beats: int = 1,
        context: int = 0,
        sequence_from: str | None = None,
        any_length: bool = False,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if input_shape is not None:
            inputs = {SIGNAL: tuple(input_shape)}
        self.layers, self.n_classes = nn.ModuleDict(layers), n_classes
        self.inputs = {name: tuple(shape) for name, shape in (inputs or {}).items()}
        before = [next(iter(self.inputs), SIGNAL), *layers]
        self.takes = {name: tuple((takes or {}).get(name, (before[i],))) for i, name in enumerate(layers)}
        self.beats, self.context, self.sequence_from, self.any_length = beats, context, sequence_from, any_length
        self.recipe = dict(recipe or {})
        self._check()
        self.chain = beats == 1 and all(self.takes[name] == (before[i],) for i, name in enumerate(layers))

    def _check(self) -> None:
        if self.beats > 1 and (self.sequence_from not in self.takes or 2 * self.context >= self.beats):
            raise EcgError(
                f"a model of {self.beats} beats at once needs sequence_from=<a layer> (is {self.sequence_from}) and "
                f"less context than half of them (is {self.context})"
            )
        known = set(self.inputs)
        for name, taken in self.takes.items():
            if self.beats > 1 and name == self.sequence_from:
                known.add(MASK)
            if strange := [one for one in taken if one not in known]:
                raise EcgError(f"the layer {name} takes {strange[0]}, which is no input and no layer before it")
            if name in known:
                raise EcgError(f"the layer {name} has the name of an input")
            known.add(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Layer names, input to output."""
        return tuple(self.layers)

    @property
    def alone(self) -> tuple[str, ...]:
        """Names of the layers that work on one beat at a time, which come first."""
        return self.names if self.sequence_from is None else self.names[: self.names.index(self.sequence_from)]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the first input, of one beat."""
        return next(iter(self.inputs.values()))

    @property
    def head(self) -> nn.Module:
        """The last layer."""
        return self.layers[self.names[-1]]

    def forward(self, given: Given, call: Call = _call) -> Tensor:
        """Logits of shape [beat, class]; [window, beat, class] of a model that sees consecutive beats.

        Args:
            given: inputs by name, [beat, ...] or [window, beat, ...], and `mask` where beats are missing.
            call: how a layer is called.
        """
        if self.chain:
            x = given if isinstance(given, Tensor) else given[next(iter(self.inputs))]
            for name, layer in self.layers.items():
                x = call(name, layer, (x,))
            return x
        return self.values(given, call)[self.names[-1]]

    def values(self, given: Given, call: Call = _call) -> dict[str, Tensor]:
        """The inputs and what every layer gives, by name, each [beat, ...] or [window, beat, ...]."""
        values = {next(iter(self.inputs)): given} if isinstance(given, Tensor) else dict(given)
        if self.beats == 1:
            return self.run(values, self.names, call)
        first = values[next(iter(self.inputs))]
        mask = values.pop(MASK, torch.ones(first.shape[:2], dtype=torch.bool, device=first.device))
        flat, there = {name: value.flatten(0, 1) for name, value in values.items()}, self._learned_from(mask)
        if there is None:
            flat = self.run(flat, self.alone, call)
        else:
            some = self.run({name: value.index_select(0, there) for name, value in flat.items()}, self.alone, call)
            flat = {
                name: value.new_zeros(mask.numel(), *value.shape[1:]).index_copy(0, there, value)
                for name, value in some.items()
            }
        wide = {name: value.view(*first.shape[:2], *value.shape[1:]) for name, value in flat.items()} | {MASK: mask}
        return self.run(wide, self.names[len(self.alone) :], call)

    def _learned_from(self, mask: Tensor) -> Tensor | None:
        """Positions of the beats that are there, in training where some are not; else None.

        What lies beyond a record would count in the statistics of BatchNorm, which need two beats or more.
        """
        if not self.training or not self.alone:
            return None
        there = mask.flatten().nonzero().squeeze(1)
        return there if 1 < len(there) < mask.numel() else None

    def run(self, values: dict[str, Tensor], names: Iterable[str], call: Call = _call) -> dict[str, Tensor]:
        """Add what the layers called `names` give to `values`, which holds what they take."""
        for name in names:
            values[name] = call(name, self.layers[name], [values[one] for one in self.takes[name]])
        return values

    def divide(self, k: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the layers before the last k, and of the last k, the head included.

        Raises:
            EcgError: k is not from 1 to the number of layers; the message names them.
        """
        if not 1 <= k <= len(self.names):
            raise EcgError(
                f"transfer.trainable_layers={k}: must be from 1 (the head alone) to {len(self.names)} (all); "
                f"the layers are {', '.join(self.names)}"
            )
        return self.names[:-k], self.names[-k:]

    def needed_after(self, n: int) -> tuple[str, ...]:
        """Names of the inputs and of the first n layers whose values the layers behind them take."""
        taken = {one for name in self.names[n:] for one in self.takes[name]}
        return tuple(name for name in (*self.inputs, *self.names[:n]) if name in taken)

    def last(self, names: tuple[str, ...], given: Shapes) -> LayeredModel:
        """The last layers, called `names`, as a model of what the layers before give; they are shared, not copied.

        Args:
            names: of layers, up to the head.
            given: the shape of each value that they take, for one beat.
        """
        within = self.sequence_from is not None and self.sequence_from not in names
        whole = {"inputs": {name: list(shape) for name, shape in self.inputs.items()}, **self.recipe}
        shapes = {name: list(shape) for name, shape in given.items()}
        return LayeredModel(
            {name: self.layers[name] for name in names},
            n_classes=self.n_classes,
            inputs=given,
            takes={name: self.takes[name] for name in names},
            beats=self.beats,
            context=self.context,
            sequence_from=names[0] if within else self.sequence_from,
            any_length=self.any_length,
            recipe={**whole, "layers": list(names), "given": shapes} if self.recipe else {},
        )


def layered(made: object, *, inputs: Shapes, n_classes: int) -> LayeredModel | None:
    """The model itself, or a `torch.nn.Sequential` of named layers as one; None for anything else."""
    if isinstance(made, LayeredModel):
        return made
    if isinstance(made, nn.Sequential):
        return LayeredModel(dict(made._modules), input_shape=inputs[SIGNAL], n_classes=n_classes)
    return None
