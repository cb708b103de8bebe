"""Small random changes of training beats that leave their class as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ecg.beats.features.rhythm import ABSOLUTE
from ecg.beats.segmentations.context import TEMPLATE
from ecg.beats.segmentations.window import RHYTHM
from ecg.beats.table import SIGNAL
from ecg.checks import in_range, one_of
from ecg.errors import EcgError
from ecg.models.layered import Given


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

    def check(self, beats: int, scaling: str | None = None) -> None:
        """Refuse beats that cannot be changed so, before any is prepared.

        Args:
            beats: how many the model sees at once.
            scaling: of their amplitudes; None where the segmentation has no choice of them.

        Raises:
            EcgError: so it is.
        """

    def pairs(self, n: int) -> tuple[Tensor, float] | None:
        """Which beat each of a batch is mixed with, [beat], and the share of its own; None: with none."""
        return None

    def batch(self, given: Given) -> Given:
        """Change the inputs of a batch, by name; also a signal that a loader of one's own gives without one."""
        if isinstance(given, Tensor):
            return self(given)
        return {**given, SIGNAL: self(given[SIGNAL])} if SIGNAL in given else given

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


@dataclass(frozen=True)
class Mixup(Augment):
    """Each beat of a batch mixed with another one, and their losses alike (Zhang et al. 2018, arXiv 1710.09412).

    For models of single beats, where patients are few.

    Attributes:
        stretch, gain, noise: as of `Augment`, before the mixing.
        alpha: of the Beta distribution that the shares are drawn from; 1: any share is as likely as another.
        when: as of `Augment`.
    """

    stretch: float = 0.0
    gain: float = 0.0
    noise: float = 0.0
    alpha: float = 1.0
    when: Literal["auto", "always", "never"] = "always"

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("alpha", self.alpha, 0, 100, include_low=False)

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.when != "never"

    def check(self, beats: int, scaling: str | None = None) -> None:
        """Beats are mixed singly."""
        if beats > 1:
            raise EcgError("augment=mixup: mixes single beats, and this model sees consecutive ones; choose another")

    def pairs(self, n: int) -> tuple[Tensor, float]:
        """A random other order of the beats, and one share for all."""
        share = torch.distributions.Beta(self.alpha, self.alpha).sample()
        return torch.randperm(n), float(share)

    def batch(self, given: Given) -> Given:
        """As `Augment` where anything but mixing is asked for."""
        return super().batch(given) if self.stretch or self.gain or self.noise else given


@dataclass(frozen=True)
class ContextAugment(Augment):
    """For dataset.segmentation=context: other electrodes, other noise, another heart rate; features stay as they are.

    Attributes:
        stretch: as of `Augment`; of no use here, since templates are not stretched along.
        gain: standard deviation of the log of the factor on a window's signals and templates.
        noise: standard deviation of white noise, in QRS heights.
        flip: share of windows that are turned upside down, templates included.
        wander: size of a slow wave under each beat, in QRS heights.
        jitter: largest move of a beat's window in samples.
        rate: standard deviation of the log of the factor on all RR intervals of a window.
    """

    stretch: float = 0.0
    gain: float = 0.15
    noise: float = 0.03
    flip: float = 0.15
    wander: float = 0.08
    jitter: int = 3
    rate: float = 0.32

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("flip", self.flip, 0, 1)
        in_range("wander", self.wander, 0, 2)
        in_range("jitter", self.jitter, 0, 20)
        in_range("rate", self.rate, 0, 2)

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.when != "never"

    def batch(self, given: Given) -> Given:
        """Change the inputs of a batch of windows, by name."""
        if isinstance(given, Tensor):
            return given
        changed = dict(given)
        if RHYTHM in changed and self.rate:
            values = changed[RHYTHM].clone()
            shift = self.rate * torch.randn(len(values), *(1,) * (values.dim() - 1), device=values.device)
            values[..., list(ABSOLUTE)] += shift
            changed[RHYTHM] = values
        if SIGNAL in changed:
            x = changed[SIGNAL]
            one = (len(x), *(1,) * (x.dim() - 1))
            factor = torch.exp(self.gain * torch.randn(one, device=x.device))
            factor = torch.where(torch.rand(one, device=x.device) < self.flip, -factor, factor)
            changed[SIGNAL] = self._disturbed(x * factor)
            if TEMPLATE in changed:
                changed[TEMPLATE] = changed[TEMPLATE] * factor
        return changed

    def _disturbed(self, x: Tensor) -> Tensor:
        """With noise, a slow wave, and R peaks a little off."""
        each, length = x.shape[:-2], x.shape[-1]
        time = torch.linspace(0, 2, length, device=x.device)
        phase, cycles, size = (torch.rand(*each, 1, 1, device=x.device) for _ in range(3))
        wave = self.wander * size * torch.sin(2 * torch.pi * (phase + cycles * time))
        if self.jitter:
            move = torch.randint(-self.jitter, self.jitter + 1, (*each, 1, 1), device=x.device)
            place = (torch.arange(length, device=x.device) + move).clamp(0, length - 1).expand(x.shape)
            x = x.gather(-1, place)
        return x + wave + self.noise * torch.randn_like(x)
