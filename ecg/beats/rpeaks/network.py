"""The network of the learnt detector: how likely a QRS complex sits at each 20 ms of a lead."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from ecg.checks import BadSettingError, in_range

FS = 50.0
"""Values a second that it gives, in Hz; half of what it is given."""
MULTIPLE = 4
"""Samples that it takes come in multiples of this."""
MARGIN_S = 4.0
"""Beyond this to each side nothing changes a value (it sees 2.72 s)."""

_SEES_S, _PER_DILATION_S = 0.2, 0.08
"""How far it sees to each side beside its dilations, and for each of them: two samples at 25 Hz."""


class _Residual(nn.Module):
    """x + ReLU(BN(conv x))."""

    def __init__(self, channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv1d(channels, channels, kernel, padding=padding, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.relu(self.norm(self.conv(x)))


def _strided(given: int, made: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv1d(given, made, kernel, stride=2, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(made), nn.ReLU())


class RPeakNet(nn.Module):
    """20,993 parameters: two strides down, dilated residual blocks, one step up with a connection across.

    Args:
        channels: at 50 and at 25 Hz.
        dilations: of the residual blocks at 25 Hz.

    Raises:
        BadSettingError: not two channels, a number below 1, or dilations that see beyond `MARGIN_S`.
    """

    def __init__(self, channels: Sequence[int] = (16, 24), dilations: Sequence[int] = (1, 2, 4, 8, 16)) -> None:
        super().__init__()
        if len(channels) != 2:
            raise BadSettingError(f"channels={list(channels)}: must be two numbers, at 50 and at 25 Hz")
        for name, values in (("channels", channels), ("dilations", dilations)):
            for value in values:
                in_range(name, value, 1)
        if (sees := _SEES_S + _PER_DILATION_S * sum(dilations)) > MARGIN_S:
            raise BadSettingError(
                f"dilations={list(dilations)}: sees {sees:.2f} s to each side, at most {MARGIN_S:g} s"
            )
        first, second = channels
        self.settings = {"channels": list(channels), "dilations": list(dilations)}
        self.stem = nn.Sequential(*_strided(1, first, 9), _Residual(first, 5))
        self.down = _strided(first, second, 5)
        self.context = nn.Sequential(*(_Residual(second, 5, dilation) for dilation in dilations))
        up = nn.ConvTranspose1d(second, first, 4, stride=2, padding=1, bias=False)
        self.up = nn.Sequential(up, nn.BatchNorm1d(first))
        self.last = nn.Sequential(_Residual(first, 5), nn.Conv1d(first, 1, 1))

    def forward(self, signal: Tensor) -> Tensor:
        """Logits of a QRS complex, shape [batch, time / 2].

        Args:
            signal: shape [batch, time], of `ecg.beats.rpeaks.signal.prepared`; time a multiple of 4.
        """
        fine = self.stem(signal.unsqueeze(1))
        coarse = self.context(self.down(fine))
        return self.last(torch.relu(self.up(coarse) + fine)).squeeze(1)  # type: ignore[no-any-return]


def fused(net: RPeakNet) -> RPeakNet:
    """The same network in eval mode with each BatchNorm made part of the convolution before it, which is faster."""
    net = net.eval()
    for module in net.modules():
        if isinstance(module, _Residual):
            _fuse(module.conv, module.norm)
            module.norm = nn.Identity()  # type: ignore[assignment]
        elif isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm1d):
            _fuse(module[0], module[1])
            module[1] = nn.Identity()
    return net


def _fuse(conv: nn.Module, norm: nn.BatchNorm1d) -> None:
    assert isinstance(conv, nn.Conv1d | nn.ConvTranspose1d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias,
        transpose=isinstance(conv, nn.ConvTranspose1d),
    )  # fmt: skip
