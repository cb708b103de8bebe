"""The contract of every model: an ordered list of named layers from input to head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ecg.errors import EcgError


class LayeredModel(nn.Module):
    """A classifier as a chain of named layers.

    One layer is one weight layer with its norm, activation, pooling and dropout, so that "the last k layers" has one
    meaning for every model. The last one is the head and gives one logit per class.

    Attributes:
        layers: layers by name, input to output.
        input_shape: of one beat, (channel, sample); of a model's later part, what the layer before it gives.
        n_classes: number of logits.
        recipe: what builds the same network with fresh weights: `_target_` and its arguments, and for a later part the
            names of its `layers` and what they take; empty where nobody said it. It goes into checkpoints.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        input_shape: tuple[int, ...],
        n_classes: int,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.input_shape, self.n_classes = tuple(input_shape), n_classes
        self.recipe = dict(recipe or {})

    @property
    def names(self) -> tuple[str, ...]:
        """Layer names, input to output."""
        return tuple(self.layers)

    @property
    def head(self) -> nn.Module:
        """The last layer."""
        return self.layers[self.names[-1]]

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape [beat, class] for beats of shape [beat, channel, sample]."""
        for layer in self.layers.values():
            x = layer(x)
        return x

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

    def first(self, names: tuple[str, ...]) -> nn.Sequential:
        """The first layers, called `names`, as a function of beats; they are shared, not copied."""
        return nn.Sequential(*(self.layers[name] for name in names))

    def last(self, names: tuple[str, ...], input_shape: tuple[int, ...]) -> LayeredModel:
        """The last layers, called `names`, as a model of what the layer before gives; they are shared, not copied."""
        whole = {"input_shape": list(self.input_shape), **self.recipe}
        recipe = {**whole, "layers": list(names), "takes": list(input_shape)} if self.recipe else {}
        layers = {name: self.layers[name] for name in names}
        return LayeredModel(layers, input_shape=input_shape, n_classes=self.n_classes, recipe=recipe)
