"""A small net on a recording's median beat and what is measured on it, with the same weights for every lead."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecg.beats.segmentations.record import GLOBAL, MEASURED
from ecg.beats.table import SIGNAL, Shapes
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.blocks import Joined, Standardised
from ecg.models.layered import LayeredModel

SCALE_MV = 0.3
"""Samples are compressed as asinh(mV / this), so that an ST segment is not lost beside a QRS complex."""
CHANNELS, KERNELS, STRIDES = (16, 24), (9, 5), (4, 3)
_INPUTS: Shapes = {SIGNAL: (12, 190), MEASURED: (12, 27), GLOBAL: (25,)}


class EachLead(nn.Module):
    """Modules that see one lead at a time, as one channel or as the channels that a layer before made of it."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        """[beat, lead, sample] or [beat, lead, channel, sample] to [beat, lead, ...]."""
        alone = x.flatten(0, 1)
        out: Tensor = self.inner(alone[:, None] if alone.dim() == 2 else alone)
        return out.view(*x.shape[:2], *out.shape[1:])


class Compressed(nn.Module):
    """Millivolts, large ones less so."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        size = x.abs() / SCALE_MV  # asinh by hand: ONNX's own is not exported
        return x.sign() * torch.log(size + torch.sqrt(size * size + 1))


class AllLeads(nn.Module):
    """A fully connected layer over what is known of each lead, and of all together."""

    def __init__(self, width: int, out: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(width, out), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, leads: Tensor, together: Tensor) -> Tensor:
        """[beat, lead, a] and [beat, b] to [beat, out]."""
        joined: Tensor = self.inner(torch.cat([leads.flatten(1), together], dim=1))
        return joined


def waves(
    *,
    inputs: Shapes = _INPUTS,
    n_classes: int = 5,
    width: int = 32,
    wave_width: int = 16,
    dropout: float = 0.4,
    noise: float = 0.1,
) -> LayeredModel:
    """Build the model: two convolutions over each lead's median beat, measures beside them, then all leads together.

    Args:
        inputs: shapes of `signal`, `measures` and `global` of one recording.
        n_classes: number of logits.
        width: features made of a lead's measures, and of all leads.
        wave_width: features made of a lead's median beat, and of what is of all leads together.
        dropout: share of features dropped over all leads; half of it on each lead.
        noise: standard deviation of what is added to standardised measures in training.

    Raises:
        EcgError: an input is missing or a beat too short, or a value out of range.
    """
    in_range("width", width, 1, 4096)
    in_range("wave_width", wave_width, 1, 4096)
    in_range("dropout", dropout, 0, 1, include_high=False)
    in_range("noise", noise, 0, 10)
    needed = (SIGNAL, MEASURED, GLOBAL)
    if lacking := [name for name in needed if name not in inputs]:
        raise EcgError(f"model=waves needs the input {lacking[0]}; choose dataset.segmentation=record")
    (leads, samples), (_, measures), (together,) = (inputs[name] for name in needed)
    layers = _of_each_beat(samples, wave_width, dropout)
    layers["measured"] = nn.Sequential(
        Standardised((leads, measures), limit=4, noise=noise),
        nn.Linear(measures, width),
        nn.ReLU(),
        nn.Dropout(dropout / 2),
    )
    layers["lead"] = Joined(width + wave_width, width, dropout / 2)
    layers["together"] = nn.Sequential(
        Standardised(together, limit=4, noise=noise),
        nn.Linear(together, wave_width),
        nn.ReLU(),
        nn.Dropout(dropout / 2),
    )
    layers["all"] = AllLeads(leads * width + wave_width, width, dropout)
    layers["head"] = nn.Linear(width, n_classes)
    own = {"width": width, "wave_width": wave_width, "dropout": dropout, "noise": noise}
    return LayeredModel(
        layers,
        inputs={name: tuple(inputs[name]) for name in needed},
        takes={
            "wave1": (SIGNAL,),
            "measured": (MEASURED,),
            "lead": ("measured", "wave3"),
            "together": (GLOBAL,),
            "all": ("lead", "together"),
        },
        n_classes=n_classes,
        recipe={"_target_": "ecg.models.waves", **own},
    )


def _of_each_beat(samples: int, out: int, dropout: float) -> dict[str, nn.Module]:
    """Two strided convolutions and a connected layer over each lead's median beat."""
    layers: dict[str, nn.Module] = {}
    before, length = 1, samples
    for i, (channels, kernel, stride) in enumerate(zip(CHANNELS, KERNELS, STRIDES, strict=True), start=1):
        start = [Compressed()] if i == 1 else []
        conv = nn.Conv1d(before, channels, kernel, stride=stride)
        layers[f"wave{i}"] = EachLead(*start, conv, nn.BatchNorm1d(channels), nn.ReLU())
        before, length = channels, (length - kernel) // stride + 1
    if length < 1:
        raise EcgError(f"model=waves needs beats of 25 samples or more, these have {samples}")
    flat = nn.Linear(before * length, out)
    return layers | {"wave3": EachLead(nn.Flatten(), flat, nn.ReLU(), nn.Dropout(dropout / 2))}
