"""Losses against values counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecg.config.compose import choices, node
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.training import BeatClassifier, FocalLoss, WeightedCrossEntropy
from ecg.training.losses import class_weights


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
    assert float(WeightedCrossEntropy([8, 3, 1])(logits, y)) == pytest.approx(float(by_hand), rel=1e-5)


def test_class_weights_have_mean_one_over_the_beats() -> None:
    counts = torch.tensor([90.0, 9.0, 1.0])
    weights = class_weights([90, 9, 1])
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1)
    assert float(weights[2] / weights[0]) == pytest.approx(90)


def test_a_class_without_training_beats_has_weight_zero_and_spoils_nothing() -> None:
    assert class_weights([30, 10, 0]).tolist() == pytest.approx([40 / 60, 2.0, 0.0])
    logits = torch.randn(4, 3)
    assert torch.isfinite(WeightedCrossEntropy([30, 10, 0])(logits, torch.tensor([0, 1, 2, 0])))
    assert float(WeightedCrossEntropy([30, 10, 0])(logits, torch.tensor([2, 2, 2, 2]))) == 0


def test_a_gamma_out_of_range_is_refused_by_name() -> None:
    with pytest.raises(EcgError, match=r"^gamma=-1: must be from 0 to 10$"):
        FocalLoss(-1)


KINDS = {
    "cross_entropy": torch.nn.CrossEntropyLoss,
    "weighted": WeightedCrossEntropy,
    "focal": FocalLoss,
}


def test_every_loss_of_conf_is_tested_here() -> None:
    assert set(choices("loss")) - set(KINDS) == {"rpeaks"}  # of another kind of target: tests/training/test_rpeaks.py


@pytest.mark.parametrize("name", KINDS)
def test_a_loss_of_conf_is_built_from_its_node_and_its_settings_reach_it(
    name: str, batch: tuple[torch.Tensor, torch.Tensor]
) -> None:
    settings = {"weighted": {"class_counts": [8, 3, 1]}, "focal": {"gamma": 3.5}}.get(name, {})
    made = BeatClassifier(_linear(), loss={**node("loss", name), **settings})._loss
    assert type(made) is KINDS[name]
    assert torch.isfinite(made(*batch))
    if isinstance(made, FocalLoss):
        assert made.gamma == 3.5
    if isinstance(made, WeightedCrossEntropy):
        torch.testing.assert_close(made.weight, class_weights([8, 3, 1]))


def test_any_loss_of_torch_is_taken_by_its_import_path(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    loss = {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.3}
    made = BeatClassifier(_linear(), loss=loss)._loss
    assert float(made(*batch)) == pytest.approx(float(F.cross_entropy(*batch, label_smoothing=0.3)))


def test_a_loss_refuses_wrong_settings_in_one_line_that_names_it() -> None:
    with pytest.raises(EcgError, match=r"^loss\.gamma=11: must be from 0 to 10$"):
        BeatClassifier(_linear(), loss={"_target_": "ecg.training.FocalLoss", "gamma": 11})


def _linear() -> LayeredModel:
    head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(8, 3))
    return LayeredModel({"head": head}, input_shape=(1, 8), n_classes=3)
