"""Small random changes of training beats that leave their class as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ecg.checks import in_range, one_of


@dataclass(frozen=True)
class Augment:
    """Time stretched, amplitude scaled, noise added. All zero changes nothing.

    Attributes:
        stretch: largest relative change of the time axis, drawn once per batch; the beat keeps its start and length.
        gain: standard deviation of the factor on a beat's amplitude, around 1.
        noise: standard deviation of white noise, in units of the beat's amplitude range.
        when: always; never; auto leaves it to the data and the transfer, see `resolved`.
    """

    stretch: float = 0.06
    gain: float = 0.03
    noise: float = 0.01
    when: Literal["auto", "always", "never"] = "auto"

    def __post_init__(self) -> None:
        one_of("when", self.when, ("auto", "always", "never"))
        in_range("stretch", self.stretch, 0, 0.5)
        in_range("gain", self.gain, 0, 1)
        in_range("noise", self.noise, 0, 1)

    def resolved(self, *, auto: bool) -> Augment:
        """With `when` decided: `auto` says what it means for this run."""
        on = self.when == "always" or (self.when == "auto" and auto)
        return replace(self, when="always" if on else "never")

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.when != "never" and bool(self.stretch or self.gain or self.noise)

    def __call__(self, x: Tensor) -> Tensor:
        """Change signals of shape [..., lead, sample]; uses torch's global generator."""
        if not self.active:
            return x
        if x.dim() > 3:
            return self(x.flatten(0, -3)).view(x.shape)
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
