"""Random changes of beats of the Kaggle form: scaled to 0..1 and filled up with zeros."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecg.beats.segmentations.scaling import MINMAX
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.compact import extent
from ecg.training.augment import Augment

NOT_SCALED = "augment=warp: bends beats that are scaled to 0..1; choose dataset.scaling=minmax"


@dataclass(frozen=True)
class Warp(Augment):
    """Each beat by itself: stretched with the zeros behind it, shifted, bent, on a slow wave, with noise; 0..1 again.

    Attributes:
        stretch: largest relative change of a beat's length; what fills the window may only become longer.
        stretched: share of the beats that are stretched.
        shift: largest move in samples.
        shifted: share of the beats that are moved.
        power: samples become x ** (1 - power to 1 + power).
        wander: standard deviation of the slope of a ramp over the beat, and of the height of a slow wave.
        noise: largest standard deviation of white noise.
        gain: of no use here, since beats are scaled again.
        when: as of `Augment`.
    """

    stretch: float = 0.08
    stretched: float = 0.8
    shift: float = 1.0
    shifted: float = 0.5
    power: float = 0.15
    wander: float = 0.05
    noise: float = 0.01
    gain: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("stretched", self.stretched, 0, 1)
        in_range("shift", self.shift, 0, 20)
        in_range("shifted", self.shifted, 0, 1)
        in_range("power", self.power, 0, 1, include_high=False)
        in_range("wander", self.wander, 0, 1)

    def check(self, beats: int, scaling: str | None = None) -> None:
        """Beats are changed singly, and scaled again."""
        if beats > 1:
            raise EcgError("augment=warp: changes single beats, and this model sees consecutive ones; choose another")
        if scaling not in (None, MINMAX):
            raise EcgError(NOT_SCALED)

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.when != "never"

    def __call__(self, x: Tensor) -> Tensor:
        """Change signals of shape [beat, lead, sample]; uses torch's global generator.

        Raises:
            EcgError: they are not within 0..1.
        """
        if not self.active:
            return x
        if float(x.min()) < 0 or float(x.max()) > 1:
            raise EcgError(NOT_SCALED)
        x, there, length = self._moved(x)
        n = len(x)
        time = torch.arange(x.shape[2], device=x.device)[None, None] / length[..., None]
        height = self.wander * torch.randn(2, n, 1, 1, device=x.device)
        phase, cycles = torch.rand(2, n, 1, 1, device=x.device)
        x = x ** (1 + self.power * (2 * torch.rand(n, 1, 1, device=x.device) - 1))
        x = x + height[0] * (time - 0.5) + height[1] * torch.sin(2 * torch.pi * (phase + 2 * cycles * time))
        x = x + self.noise * torch.rand(n, 1, 1, device=x.device) * torch.randn_like(x)
        return _scaled(x, there)

    def _moved(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Stretched and shifted; with where each beat is now, and its length."""
        one, samples = (len(x), 1), x.shape[2]
        _, length = extent(x)
        change = self.stretch * (2 * torch.rand(one, device=x.device) - 1)
        change = torch.where(length >= samples, change.abs(), change)  # what follows such a beat is not known
        factor = torch.where(torch.rand(one, device=x.device) < self.stretched, 1 + change, 1.0)
        move = self.shift * (2 * torch.rand(one, device=x.device) - 1)
        move = torch.where(torch.rand(one, device=x.device) < self.shifted, move, 0.0)
        place = torch.arange(samples, device=x.device, dtype=x.dtype)
        source = torch.minimum((place / factor + move).clamp(min=0), length - 1)
        low = source.floor().clamp(max=samples - 2)
        share, at = (source - low)[:, None], low.long()[:, None].expand_as(x)
        moved = x.gather(2, at) * (1 - share) + x.gather(2, at + 1) * share
        now = torch.round(length * factor).clamp(1, samples)
        return moved, (place < now)[:, None], now


def _scaled(x: Tensor, there: Tensor) -> Tensor:
    """Each beat from 0 to 1, over all of its leads, and zeros behind it."""
    low = torch.where(there, x, torch.inf).amin(dim=(1, 2), keepdim=True)
    high = torch.where(there, x, -torch.inf).amax(dim=(1, 2), keepdim=True)
    return torch.where(there, (x - low) / (high - low).clamp(min=1e-6), 0.0)
