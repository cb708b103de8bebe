"""Schemas of the `model` group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecg.config.checks import in_range, one_of

if TYPE_CHECKING:
    from ecg.models import LayeredModel


@dataclass
class ModelConfig:
    """What every model has."""

    name: str = "?"

    def build(self, *, input_shape: tuple[int, int], n_classes: int) -> LayeredModel:
        """The network with fresh weights."""
        raise NotImplementedError


@dataclass
class CnnConfig(ModelConfig):
    """`model=cnn`: four convolution and four fully connected layers."""

    name: str = "cnn"
    dropout: float = 0.3
    """Share of features dropped before each fully connected layer."""

    def __post_init__(self) -> None:
        one_of("model.name", self.name, ["cnn"])
        in_range("model.dropout", self.dropout, 0, 1, include_high=False)

    def build(self, *, input_shape: tuple[int, int], n_classes: int) -> LayeredModel:
        """The network with fresh weights."""
        from ecg.models import cnn

        return cnn(input_shape=input_shape, n_classes=n_classes, dropout=self.dropout)


@dataclass
class KachueeConfig(ModelConfig):
    """`model=kachuee`: the residual network of Kachuee et al. 2018."""

    name: str = "kachuee"

    def __post_init__(self) -> None:
        one_of("model.name", self.name, ["kachuee"])

    def build(self, *, input_shape: tuple[int, int], n_classes: int) -> LayeredModel:
        """The network with fresh weights."""
        from ecg.models import kachuee

        return kachuee(input_shape=input_shape, n_classes=n_classes)
