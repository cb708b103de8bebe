"""Losses against values counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecg.training.losses import FocalLoss, class_weights, make_loss


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 3, generator=generator), torch.tensor([0] * 8 + [1] * 3 + [2])


def test_focal_loss_without_focus_is_cross_entropy(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert float(FocalLoss(0)(*batch)) == pytest.approx(float(F.cross_entropy(*batch)), rel=1e-6)


def test_focal_loss_weighs_each_beat_by_how_wrong_it_is() -> None:
    logits = torch.log(torch.tensor([[0.9, 0.1], [0.25, 0.75]]))
    by_hand = (0.1**2 * -torch.log(torch.tensor(0.9)) + 0.75**2 * -torch.log(torch.tensor(0.25))) / 2
    assert float(FocalLoss(2)(logits, torch.tensor([0, 0]))) == pytest.approx(float(by_hand), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 10.0])
def test_focal_loss_has_a_gradient_for_beats_it_is_sure_of(gamma: float) -> None:
    logits = torch.tensor([[40.0, 0.0], [0.0, 1.0]], requires_grad=True)
    FocalLoss(gamma)(logits, torch.tensor([0, 0])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[1].abs().sum() > 0


def test_weighted_loss_gives_each_class_the_same_say(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, y = batch
    each = F.cross_entropy(logits, y, reduction="none")
    by_hand = torch.stack([each[y == c].mean() for c in range(3)]).mean()
    assert float(make_loss("weighted", [8, 3, 1])(logits, y)) == pytest.approx(float(by_hand), rel=1e-5)


def test_class_weights_have_mean_one_over_the_beats() -> None:
    counts = torch.tensor([90.0, 9.0, 1.0])
    weights = class_weights([90, 9, 1])
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1)
    assert float(weights[2] / weights[0]) == pytest.approx(90)


def test_a_class_without_training_beats_has_weight_zero_and_spoils_nothing() -> None:
    assert class_weights([30, 10, 0]).tolist() == pytest.approx([40 / 60, 2.0, 0.0])
    logits = torch.randn(4, 3)
    assert torch.isfinite(make_loss("weighted", [30, 10, 0])(logits, torch.tensor([0, 1, 2, 0])))
    assert float(make_loss("weighted", [30, 10, 0])(logits, torch.tensor([2, 2, 2, 2]))) == 0


def test_plain_cross_entropy_ignores_the_counts(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert float(make_loss("cross_entropy", [8, 3, 1])(*batch)) == pytest.approx(float(F.cross_entropy(*batch)))


def test_focal_gamma_reaches_the_loss() -> None:
    loss = make_loss("focal", [1, 1], focal_gamma=3.5)
    assert isinstance(loss, FocalLoss)
    assert loss.gamma == 3.5
