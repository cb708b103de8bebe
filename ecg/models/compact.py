"""A small residual network for beats that are scaled to 0..1 and filled up with zeros, as the Kaggle rows are.

It is told what a window of fixed length hides: where the beat ends, which with these rows is 1.2 times the median RR
interval, and so where the next R peak is due.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecg.beats.table import SIGNAL
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.layered import LayeredModel

WIDTHS = (32, 48, 64, 96)
STEM_KERNEL, KERNEL = 24, 5
USUAL_LENGTH = 108
"""Samples before the zeros of an ordinary row of the Kaggle files."""
OF_RR = 1.2
"""The length of these rows in RR intervals (Kachuee et al. 2018, doi 10.1109/ICHI.2018.00092)."""
MIDDLE, SCALE = 0.35, 4.0
"""What is taken off samples, and what they are multiplied with, before the first convolution."""
BUMP, NEAR = 6.0, 40.0
"""Samples around where the next R peak is due: deviation of a bump there, and how far a distance from it is told."""
AIDS = 8
SQUEEZED = 4
PARTS = 3


class Stem(nn.Module):
    """A strided convolution over the beat, beside it what is known of each place in it; BatchNorm, ReLU, max-pooling.

    Args:
        leads: of a beat.
        out: channels.
    """

    def __init__(self, leads: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(leads, out, STEM_KERNEL, stride=2, bias=False)
        self.aids = nn.Conv1d(AIDS, out, 1, bias=False)
        self.after = nn.Sequential(nn.BatchNorm1d(out), nn.ReLU(), nn.MaxPool1d(2))

    def forward(self, x: Tensor) -> Tensor:
        """[beat, lead, sample] to [beat, out, about a quarter of the samples]."""
        there, length = extent(x)
        scaled = (x - MIDDLE) * SCALE * there
        left = STEM_KERNEL // 2 - 1
        taps = self.conv(F.pad(scaled, (left, STEM_KERNEL - 1 - left)))
        out: Tensor = self.after(taps + self.aids(_aids(scaled, there, length)))
        return out


class Residual(nn.Module):
    """Two convolutions, what each channel is worth to this beat, and a skip around them.

    The worth is squeeze and excitation (Hu et al. 2018, doi 10.1109/CVPR.2018.00745).
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv1d(width, out, KERNEL, padding="same", bias=False),
            nn.BatchNorm1d(out),
            nn.ReLU(),
            nn.Conv1d(out, out, KERNEL, padding="same", bias=False),
            nn.BatchNorm1d(out),
        )
        self.worth = nn.Sequential(
            nn.Linear(out, out // SQUEEZED), nn.ReLU(), nn.Linear(out // SQUEEZED, out), nn.Sigmoid()
        )
        self.skip = nn.Conv1d(width, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[beat, width, sample] to [beat, out, sample]."""
        inner = self.inner(x)
        return F.relu(inner * self.worth(inner.mean(dim=2))[..., None] + self.skip(x))


class Summed(nn.Module):
    """A fully connected layer over a beat's mean, the maxima of its thirds, and its length; ReLU and dropout."""

    def __init__(self, channels: int, out: int, dropout: float) -> None:
        super().__init__()
        features = channels * (1 + PARTS) + 4
        self.inner = nn.Sequential(nn.Linear(features, out), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, x: Tensor, beat: Tensor) -> Tensor:
        """[beat, channel, place] and [beat, lead, sample] to [beat, out]."""
        n = x.shape[2]
        edges = [i * n // PARTS for i in range(PARTS + 1)]
        highest = [x[:, :, a:b].amax(dim=2) for a, b in pairwise(edges)]
        there, length = extent(beat)
        log = torch.log(length / USUAL_LENGTH)
        whole = (length >= beat.shape[2]).to(x.dtype)
        level = (beat * there).mean(dim=1).sum(dim=1, keepdim=True) / length
        out: Tensor = self.inner(torch.cat([x.mean(dim=2), *highest, log, log * log, whole, level], dim=1))
        return out


def extent(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where a beat is before the zeros at its end, [beat, 1, sample], 0 or 1; and its length in samples, [beat, 1]."""
    place = torch.arange(1, x.shape[2] + 1, device=x.device, dtype=x.dtype)
    length = ((x != 0).to(x.dtype).amax(dim=1) * place).amax(dim=1, keepdim=True).clamp(min=1)
    return (place <= length).to(x.dtype)[:, None], length


def _aids(scaled: Tensor, there: Tensor, length: Tensor) -> Tensor:
    """What is known of every second sample, [beat, 8, place]."""
    every_second = partial(F.max_pool1d, kernel_size=1, stride=2)  # a slice with steps is folded by no ONNX exporter
    mask, signal = every_second(there)[:, 0], every_second(scaled.mean(dim=1, keepdim=True))[:, 0]
    place = torch.arange(0, scaled.shape[2], 2, device=scaled.device, dtype=scaled.dtype)
    due = place - length / OF_RR
    whole = place / scaled.shape[2]
    same = torch.zeros_like(mask)
    told = (
        mask,
        place / length,
        2.5 * torch.log(length / USUAL_LENGTH) + same,
        torch.exp(-0.5 * (due / BUMP) ** 2),
        (due / NEAR).clamp(-1, 1),
        whole + same,
        signal * whole,
        same + 1,
    )
    return torch.stack(told, dim=1)


def compact(
    *, input_shape: tuple[int, int] = (1, 187), n_classes: int = 5, hidden: int = 64, dropout: float = 0.2
) -> LayeredModel:
    """Build the network; 177,801 parameters for one lead of 187 samples and five classes. A block is one layer.

    Args:
        input_shape: (lead, sample) of one beat.
        n_classes: number of logits.
        hidden: width of the fully connected layer.
        dropout: share of its features that are dropped.

    Raises:
        EcgError: the beats are too short, or a value is out of range.
    """
    in_range("hidden", hidden, 1, 4096)
    in_range("dropout", dropout, 0, 1, include_high=False)
    leads, samples = input_shape
    if samples < 48:
        raise EcgError(f"model=compact needs beats of 48 samples or more, these have {samples}")
    stem, *widths = WIDTHS
    layers: dict[str, nn.Module] = {"stem": Stem(leads, stem)}
    before = stem
    for i, width in enumerate(widths, start=1):
        block = Residual(before, width)
        pool = nn.MaxPool1d(2, ceil_mode=True)
        layers[f"block{i}"] = block if i == len(widths) else nn.Sequential(block, pool)
        before = width
    layers["fc"] = Summed(before, hidden, dropout)
    layers["head"] = nn.Linear(hidden, n_classes)
    recipe = {"_target_": "ecg.models.compact", "hidden": hidden, "dropout": dropout}
    takes = {"fc": (f"block{len(widths)}", SIGNAL)}
    return LayeredModel(layers, input_shape=input_shape, n_classes=n_classes, takes=takes, recipe=recipe)
