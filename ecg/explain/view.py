"""What a model sees of a beat: its own signal, and all else beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecg.beats.peaks import Index
from ecg.beats.table import MASK, SIGNAL, Beats
from ecg.data.batches import as_tensors, seen
from ecg.data.sequences import Runs
from ecg.explain.arrays import Floats32, Ints
from ecg.models import LayeredModel

ROWS = "rows"
"""Among the inputs of beats that a model of consecutive beats is explained by: positions of their neighbours."""


@dataclass(frozen=True)
class View:
    """Beats as one model sees them.

    Attributes:
        signal: shape [beat, lead, sample], the beats' own.
        rest: by name, shape [beat, ...], what else the model is given: other inputs; for a model of consecutive beats
            whole windows, [beat, neighbour, ...], with the beat in the middle.
    """

    signal: Floats32
    rest: Mapping[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.signal)

    def take(self, chosen: Ints) -> View:
        """The same for some of the beats."""
        return View(self.signal[chosen], {name: values[chosen] for name, values in self.rest.items()})

    def with_signal(self, signal: Floats32) -> View:
        """The same beside another signal: one for all beats, or one each."""
        return replace(self, signal=np.broadcast_to(signal, self.signal.shape).astype(np.float32))

    def parts(self, size: int) -> list[tuple[Tensor, ...]]:
        """The signal and the rest as tensors, so many beats at a time."""
        arrays = (self.signal, *self.rest.values())
        return list(zip(*(torch.split(torch.from_numpy(np.ascontiguousarray(a)), size) for a in arrays), strict=True))


Look = Callable[[Beats], View]
"""From beats to what a model sees of them."""


def situated(beats: Beats, index: Index, model: LayeredModel) -> Beats:
    """The beats at `index`, with the positions of their neighbours where `model` sees consecutive ones."""
    chosen = beats.take(index)
    if model.beats == 1:
        return chosen
    rows: Any = Runs.of(beats.record).around(index, model.beats).rows
    return replace(chosen, inputs={**chosen.inputs, ROWS: rows})


def look_of(model: LayeredModel, table: Beats) -> Look:
    """How `model` sees beats that `situated` took from `table`."""
    if model.beats == 1:
        return lambda beats: View(beats.signal, {name: beats.inputs[name] for name in model.inputs if name != SIGNAL})
    tensors = as_tensors(table.inputs, model.inputs)

    def look(beats: Beats) -> View:
        windows = seen(tensors, torch.from_numpy(np.asarray(beats.inputs[ROWS], dtype=np.int64)))
        return View(beats.signal, {name: windows[name].numpy() for name in (*model.inputs, MASK)})

    return look


class OfOneBeat(nn.Module):
    """A model as a function of one beat's signal and, in the order of `View.rest`, what else it sees."""

    def __init__(self, model: LayeredModel) -> None:
        super().__init__()
        self.model, self.middle = model, model.beats // 2
        self.names = tuple(name for name in model.inputs if name != SIGNAL)
        if model.beats > 1:
            self.names = (*model.inputs, MASK)

    def given(self, signal: Tensor, *rest: Tensor) -> dict[str, Tensor]:
        """The model's inputs."""
        given = dict(zip(self.names, rest, strict=True))
        if self.model.beats == 1:
            return {SIGNAL: signal, **given}
        windows, m = given[SIGNAL], self.middle
        return {**given, SIGNAL: torch.cat([windows[:, :m], signal[:, None], windows[:, m + 1 :]], dim=1)}

    def own(self, value: Tensor) -> Tensor:
        """Of what a layer gives, that of the beat itself."""
        return value if self.model.beats == 1 else value[:, self.middle]

    def own_of(self, flat: Tensor, n: int) -> Tensor:
        """Of what a layer that works on one beat gives for `n` windows, one beat after the other, that of their own."""
        return flat if self.model.beats == 1 else flat.view(n, self.model.beats, *flat.shape[1:])[:, self.middle]

    def forward(self, signal: Tensor, *rest: Tensor) -> Tensor:
        """Logits [beat, class]."""
        return self.own(self.model(self.given(signal, *rest)))
