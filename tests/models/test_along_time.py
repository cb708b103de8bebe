"""Modules that keep the channels of a moment together give what PyTorch's give."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from ecg.models import along_time

PAIRS = {
    "convolution": (lambda: along_time.Conv1d(6, 4, 3), lambda: nn.Conv1d(6, 4, 3)),
    "padded": (lambda: along_time.Conv1d(6, 4, 5, padding="same"), lambda: nn.Conv1d(6, 4, 5, padding="same")),
    "norm": (lambda: along_time.BatchNorm1d(6), lambda: nn.BatchNorm1d(6)),
    "largest": (lambda: along_time.MaxPool1d(3), lambda: nn.MaxPool1d(3)),
    "largest, overlapping": (lambda: along_time.MaxPool1d(5, step=2), lambda: nn.MaxPool1d(5, 2)),
    "mean": (lambda: along_time.AvgPool1d(3), lambda: nn.AvgPool1d(3)),
}


def passed(module: nn.Module, x: Tensor) -> list[Tensor]:
    """Output, gradient of the input, and of each parameter, and buffers."""
    x = x.clone().requires_grad_()
    out = module(x)
    (out * torch.arange(out.numel()).view(out.shape)).sum().backward()
    assert x.grad is not None
    return [out, x.grad, *(p.grad for p in module.parameters() if p.grad is not None), *module.buffers()]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("layout", ["samples together", "channels together"])
def test_values_gradients_and_statistics_are_pytorchs(name: str, train: bool, layout: str) -> None:
    torch.manual_seed(0)
    ours, theirs = (make().train(train) for make in PAIRS[name])
    theirs.load_state_dict(ours.state_dict())  # the same names of tensors
    x = torch.randn(5, 6, 17)
    if layout == "channels together":
        x = x.transpose(1, 2).contiguous().transpose(1, 2)
    for a, b in zip(passed(ours, x), passed(copy.deepcopy(theirs), x), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)


def test_channels_stay_together_from_layer_to_layer() -> None:
    chain = nn.Sequential(*(make() for make, _ in (PAIRS[n] for n in ("norm", "largest", "convolution"))))
    out = chain(torch.randn(3, 6, 20).transpose(1, 2).contiguous().transpose(1, 2))
    assert out.stride(1) == 1


def test_one_channel_already_starts_them_together() -> None:
    torch.manual_seed(0)
    ours, theirs = along_time.Conv1d(1, 4, 3), nn.Conv1d(1, 4, 3)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(5, 1, 17)
    assert ours(x).stride(1) == 1
    for a, b in zip(passed(ours, x), passed(theirs, x), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
