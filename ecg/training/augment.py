"""Small random changes of training beats that leave their class as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augment:
    """Time stretched, amplitude scaled, noise added. All zero changes nothing.

    Attributes:
        stretch: largest relative change of the time axis, drawn once per batch; the beat keeps its start and length.
        gain: standard deviation of the factor on a beat's amplitude, around 1.
        noise: standard deviation of white noise, in units of the beat's amplitude range.
    """

    stretch: float = 0.0
    gain: float = 0.0
    noise: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return bool(self.stretch or self.gain or self.noise)

    def __call__(self, x: Tensor) -> Tensor:
        """Change beats of shape [beat, channel, sample]; uses torch's global generator."""
        if self.stretch:
            x = self._stretched(x)
        if self.gain:
            x = x * (1 + self.gain * torch.randn(len(x), 1, 1, device=x.device))
        if self.noise:
            x = x + self.noise * torch.randn_like(x)
        return x

    def _stretched(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        factor = 1 + self.stretch * (2 * float(torch.rand(())) - 1)
        changed = F.interpolate(x, size=max(round(length * factor), 2), mode="linear")
        missing = length - changed.shape[-1]
        return F.pad(changed, (0, missing)) if missing > 0 else changed[..., :length]
