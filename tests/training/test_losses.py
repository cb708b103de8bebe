"""Losses against values counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecg.checks import BadSettingError
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


# weights of one's own


def by_name(**weights: float) -> WeightedCrossEntropy:
    return WeightedCrossEntropy([8, 3, 1], ["N", "S", "V"], weights=weights)


@pytest.mark.parametrize(
    ("weights", "counts"),
    [({"S": 1.7, "V": 1.2}, [8, 3, 1]), ({"N": 0.1}, [90, 9, 1]), ({"S": 0.0}, [5, 5, 0]), ({}, [4, 4, 4])],
)
def test_weights_by_name_have_mean_one_over_the_beats_and_keep_their_proportions(
    weights: dict[str, float], counts: list[int]
) -> None:
    made = WeightedCrossEntropy(counts, ["N", "S", "V"], weights=weights).weight
    n = torch.tensor(counts, dtype=torch.float32)
    assert float((made * n).sum() / n.sum()) == pytest.approx(1, rel=1e-6)
    given = torch.tensor([weights.get(name, 1.0) for name in ("N", "S", "V")])  # who is not named weighs 1
    torch.testing.assert_close(made * given.max(), given * made.max())


def test_a_class_without_training_beats_may_have_a_weight_of_its_own() -> None:
    made = WeightedCrossEntropy([6, 2, 0], ["N", "S", "V"], weights={"V": 3.0})
    assert made.weight.tolist() == pytest.approx([1.0, 1.0, 3.0])


def test_a_class_that_does_not_exist_is_refused_by_name_with_those_that_do() -> None:
    with pytest.raises(EcgError, match=r"^loss\.weights: no class X; the classes are N, S, V$"):
        by_name(X=2.0)


@pytest.mark.parametrize("value", [-0.1, 1001, float("nan")])
def test_a_weight_out_of_range_is_refused_by_name(value: float) -> None:
    with pytest.raises(BadSettingError, match=rf"^weights\.S={value:g}: must be from 0 to 1000$"):
        by_name(S=value)


@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_smoothing_out_of_range_is_refused_by_name(value: float) -> None:
    with pytest.raises(BadSettingError, match=r"^label_smoothing=.*: must be from 0 to 1 \(not included\)$"):
        WeightedCrossEntropy([8, 3, 1], label_smoothing=value)


@pytest.mark.parametrize("smoothing", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("weights", [None, {"S": 1.7, "V": 0.4}])
def test_the_weighted_loss_is_that_of_torch(
    batch: tuple[torch.Tensor, torch.Tensor], weights: dict[str, float] | None, smoothing: float
) -> None:
    made = WeightedCrossEntropy([8, 3, 1], ["N", "S", "V"], weights=weights, label_smoothing=smoothing)
    torchs = torch.nn.CrossEntropyLoss(weight=made.weight, label_smoothing=smoothing)
    assert len(set(made.weight.tolist())) == 3
    torch.testing.assert_close(made(*batch), torchs(*batch))


# the loss of each beat


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_reduction_the_weighted_loss_is_of_each_beat_and_its_sum_over_the_weights_is_the_mean(
    batch: tuple[torch.Tensor, torch.Tensor], smoothing: float
) -> None:
    logits, y = batch
    made = WeightedCrossEntropy([8, 3, 1], ["N", "S", "V"], weights={"S": 1.7}, label_smoothing=smoothing)
    mean = made(logits, y)
    made.reduction = "none"
    each = made(logits, y)
    assert each.shape == (12,)
    for got, one, label in zip(each, logits, y, strict=True):
        log_p = one.log_softmax(dim=0)
        smooth = -(made.weight * log_p).mean()
        by_hand = (1 - smoothing) * -made.weight[label] * log_p[label] + smoothing * smooth
        torch.testing.assert_close(got, by_hand)
    torch.testing.assert_close(each.sum() / made.weight[y].sum(), mean)


def test_the_mean_of_each_beats_weighted_loss_over_the_training_beats_is_the_weighted_mean(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """So drawn beats, whose losses are summed one by one, are weighed as all of them together."""
    made = by_name(S=1.7, V=1.2)
    mean = made(*batch)
    made.reduction = "none"
    torch.testing.assert_close(made(*batch).mean(), mean)


def test_without_reduction_the_focal_loss_is_of_each_beat(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, y = batch
    made = FocalLoss(2)
    mean = made(logits, y)
    made.reduction = "none"
    each = made(logits, y)
    assert each.shape == (12,)
    torch.testing.assert_close(each.mean(), mean)
    alone = FocalLoss(2)
    torch.testing.assert_close(each, torch.stack([alone(logits[i : i + 1], y[i : i + 1]) for i in range(12)]))


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
