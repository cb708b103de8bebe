"""The contract of every model: an ordered list of named layers from input to head."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class LayeredModel(nn.Module):
    """A classifier as a chain of named layers.

    One layer is one weight layer with its norm, activation, pooling and dropout, so that "the last k layers" has one
    meaning for every model. The last one is the head and gives one logit per class.

    Attributes:
        layers: layers by name, input to output.
        input_shape: (channel, sample) of one beat.
        n_classes: number of logits.
    """

    def __init__(self, layers: Mapping[str, nn.Module], *, input_shape: tuple[int, int], n_classes: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.input_shape, self.n_classes = input_shape, n_classes

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
