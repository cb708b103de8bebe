"""Dropout does what PyTorch's does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ecg.models.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_a_share_of_p_is_dropped_and_the_rest_scaled(p: float) -> None:
    torch.manual_seed(0)
    out = Dropout(p)(torch.ones(1000, 1003))
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=2e-3)
    torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 1 / (1 - p)))
    by_column = (out == 0).float().mean(dim=0)  # every place of the 64 bits, and no two beats alike
    assert (by_column - p).abs().max() < 0.08
    assert len({tuple(row[:64].tolist()) for row in out[:50]}) == 50 or p == 0.9


def test_the_gradient_passes_where_the_value_did() -> None:
    x = torch.randn(64, 33, requires_grad=True)
    out = Dropout(0.3)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(out == 0, 0.0, 1 / 0.7))


def test_the_seed_decides() -> None:
    x, drop = torch.ones(7, 5), Dropout(0.4)
    torch.manual_seed(3)
    first = drop(x)
    torch.manual_seed(3)
    assert torch.equal(drop(x), first)
    assert not torch.equal(drop(x), first)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_all_or_nothing_is_pytorchs(p: float) -> None:
    torch.testing.assert_close(Dropout(p)(torch.ones(4, 4)), nn.Dropout(p)(torch.ones(4, 4)))


def test_eval_mode_and_types_stay_as_they_are() -> None:
    x = torch.randn(3, 4)
    assert Dropout(0.5).eval()(x) is x
    half = Dropout(0.5)(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert Dropout(0.5)(torch.zeros(0, 4)).shape == (0, 4)
