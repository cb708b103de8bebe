"""A model's layers at work: their outputs, and where in the beat each output position looks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ecg.beats.table import SIGNAL
from ecg.errors import EcgError
from ecg.explain.arrays import Floats
from ecg.explain.view import OfOneBeat, View
from ecg.models import LayeredModel

INPUT = "input"
_PROBE = 64  # samples of the signal that a layer is probed with; no layer's own window is that wide


Kept = Callable[[str, Tensor], Tensor]
"""From a layer's name and its output for some beats to what is kept of it."""


@torch.inference_mode()
def collect(model: LayeredModel, view: View, kept: Kept = lambda _, out: out, *, batch: int = 128) -> dict[str, Tensor]:
    """Outputs of all layers for all beats, inputs included.

    Args:
        model: in eval mode.
        view: what it sees of the beats.
        kept: what is kept of the outputs; by default all.
        batch: beats at once.

    Returns:
        By layer, shape [beat, channel, position] for layers that keep time, [beat, unit] for the others; first the
        beat's own signal as `input`, and its other inputs by their names.
    """
    of_one, parts = OfOneBeat(model), dict[str, list[Tensor]]()
    for some in view.parts(batch):
        found = model.values(of_one.given(*some))
        ordered = {INPUT: SIGNAL} | {name: name for name in (*model.inputs, *model.names) if name != SIGNAL}
        for shown, name in ordered.items():
            parts.setdefault(shown, []).append(kept(shown, of_one.own(found[name])))
    return {name: torch.cat(tensors) for name, tensors in parts.items()}


@dataclass(frozen=True)
class TimeAxis:
    """Where the positions of a layer's output lie in its beat.

    Attributes:
        first: middle of the input samples that position 0 is made of, in samples.
        step: input samples from one position to the next.
        width: input samples that one position is made of.
        positions: number of positions.
    """

    first: float
    step: float
    width: int
    positions: int

    @property
    def centres(self) -> Floats:
        """Middle of each position's input samples, in samples, shape [position]."""
        return self.first + self.step * np.arange(self.positions, dtype=np.float64)


def time_axes(model: LayeredModel) -> dict[str, TimeAxis]:
    """The time axis of each layer that keeps the time of the beat's signal, in order."""
    zeros = {name: torch.zeros(1, *shape) for name, shape in model.inputs.items()}
    with torch.inference_mode():
        shapes = {name: out.shape for name, out in model.run(zeros, model.alone).items()}
    _, samples = model.inputs[SIGNAL]
    axes = {SIGNAL: TimeAxis(0.0, 1.0, 1, samples)}
    for name in model.alone:
        before = model.takes[name][0]
        if len(model.takes[name]) > 1 or before not in axes or len(shapes[name]) != 3:
            continue
        now, own = axes[before], _own_axis(model.layers[name], shapes[before][1])
        first, width = now.first + own.first * now.step, round((own.width - 1) * now.step) + now.width
        axes[name] = TimeAxis(first, own.step * now.step, width, shapes[name][2])
    del axes[SIGNAL]
    return axes


@torch.no_grad()
def _own_axis(layer: torch.nn.Module, channels: int) -> TimeAxis:
    """The axis of one layer in samples of its own input: what turns to NaN when one of its inputs is NaN.

    Double precision, since the fast float32 convolutions may spread a NaN further than the kernel does. What a part of
    the layer says of a whole channel, as squeeze and excitation do, is of no time and spreads none.
    """
    layer = copy.deepcopy(layer).double()
    for part in list(layer.modules())[1:]:
        part.register_forward_hook(lambda _, __, out: out.nan_to_num() if out.dim() == 2 else out)
    probes = torch.zeros(_PROBE, channels, _PROBE, dtype=torch.float64)
    probes[torch.arange(_PROBE), :, torch.arange(_PROBE)] = float("nan")
    reached = layer(probes).isnan().any(dim=1).numpy()  # [input sample, position]
    starts, stops = reached.argmax(axis=0), _PROBE - 1 - reached[::-1].argmax(axis=0)
    widths = stops - starts + 1
    whole = np.flatnonzero(widths == widths.max())  # not cut short by the signal's ends
    centres = (starts + stops) / 2
    a, b = whole[0], whole[-1]
    step = float((centres[b] - centres[a]) / (b - a)) if b > a else 1.0
    return TimeAxis(float(centres[a] - a * step), step, int(widths.max()), reached.shape[1])


def last_time_layer(axes: Mapping[str, TimeAxis], wanted: str | None, *, fewest: int = 8) -> str:
    """The layer that Grad-CAM looks at: `wanted`, or the last one that still tells at least `fewest` moments apart.

    Raises:
        EcgError: the model has no such layer, or the layer does not keep time.
    """
    if not axes:
        raise EcgError("the model has no layer that keeps time, so there is no Grad-CAM")
    if wanted is not None and wanted not in axes:
        raise EcgError(f"--layer {wanted}: the model has no such layer that keeps time; it has {', '.join(axes)}")
    fine = [name for name, axis in axes.items() if axis.positions >= fewest]
    return wanted or (fine or list(axes)[:1])[-1]
