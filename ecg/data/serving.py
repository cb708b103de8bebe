"""What a data module must know of a model, and whether its beats are what the model takes."""

from __future__ import annotations

from typing import Protocol

from ecg.beats.table import Shapes
from ecg.errors import EcgError


class Sees(Protocol):
    """The inputs that a model takes, and how many beats it sees at once."""

    @property
    def inputs(self) -> Shapes:
        """The shape of each input that it takes, for one beat."""

    beats: int
    context: int


def check_inputs(model: Sees, have: Shapes, segmentation: str) -> None:
    """Refuse a model that takes an input that the data has not, or one of another shape.

    Args:
        model: takes the inputs.
        have: the shape of each input of one beat.
        segmentation: its name, for the message.

    Raises:
        EcgError: so it is.
    """
    for name, shape in model.inputs.items():
        if name not in have:
            raise EcgError(
                f"the model takes the inputs {', '.join(model.inputs)}, but dataset.segmentation={segmentation} gives "
                f"{', '.join(have)}; choose another model or segmentation"
            )
        if have[name] != tuple(shape):
            raise EcgError(
                f"the data's {name} has the shape {have[name]}, the model takes {tuple(shape)}; build it with "
                f"inputs={dict(have)}"
            )
