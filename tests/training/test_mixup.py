"""Beats mixed with each other, and their losses alike."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.models import LayeredModel, sequence
from ecg.training import Augment, BeatClassifier, Mixup

pytestmark = pytest.mark.filterwarnings("ignore")
SGD = {"_target_": "torch.optim.SGD", "lr": 0.1}
WEIGHTED = {"_target_": "ecg.training.WeightedCrossEntropy", "class_counts": [30, 8, 2]}
ON = {"when": "always"}
Sides = Callable[..., tuple[Any, Any]]


def mixup(**settings: Any) -> Mixup:
    return Mixup(**{**ON, **settings})


def classifier(model: LayeredModel, **more: Any) -> BeatClassifier:
    return BeatClassifier(model, **{"optimizer": SGD, "scheduler": None, "augment": mixup(), **more})


def trainer(epochs: int) -> pl.Trainer:
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return pl.Trainer(accelerator="cpu", max_epochs=epochs, enable_checkpointing=False, **quiet)


def batch(n: int = 6) -> tuple[dict[str, Tensor], Tensor]:
    generator = torch.Generator().manual_seed(2)
    x = {"signal": torch.randn(n, 1, 8, generator=generator)}
    return x, torch.randint(0, 3, (n,), generator=generator)


# shares and pairs


def test_pairs_are_another_order_of_the_beats_and_one_share_for_all() -> None:
    torch.manual_seed(0)
    orders = set()
    for _ in range(20):
        other, share = mixup().pairs(7)
        assert sorted(other.tolist()) == list(range(7))
        assert 0 <= share <= 1
        orders.add(tuple(other.tolist()))
    assert len(orders) > 15


@pytest.mark.parametrize("alpha", [0.3, 5.0])
def test_shares_are_drawn_from_the_beta_distribution(alpha: float) -> None:
    torch.manual_seed(1)
    shares = np.array([mixup(alpha=alpha).pairs(2)[1] for _ in range(1500)])
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


def test_the_same_seed_draws_the_same_pairs_and_share() -> None:
    drawn = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        other, share = mixup().pairs(20)
        drawn.append((other.tolist(), share))
    assert drawn[0] == drawn[1] != drawn[2]


def test_other_augmentations_mix_nothing() -> None:
    assert Augment(when="always").pairs(5) is None


@pytest.mark.parametrize("alpha", [0, -1, 101, float("nan")])
def test_a_parameter_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(BadSettingError, match=r"^alpha="):
        Mixup(alpha=alpha)


def test_it_alone_leaves_the_inputs_as_they_are_and_more_can_be_asked_for() -> None:
    x, _ = batch()
    assert mixup().active
    assert mixup().batch(x) is x
    assert not torch.equal(mixup(gain=0.2).batch(x)["signal"], x["signal"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("when", "auto", "active"), [("auto", True, True), ("auto", False, False), ("never", True, False)]
)
def test_it_is_on_where_augmentation_is(when: Any, auto: bool, active: bool) -> None:
    made = Mixup(when=when, alpha=0.5).resolved(auto=auto)
    assert isinstance(made, Mixup)
    assert (made.active, made.alpha) == (active, 0.5)


def test_never_mixes_nothing_in_a_training_step(tiny: Callable[[], LayeredModel]) -> None:
    made = classifier(tiny(), augment=Mixup(when="never")).eval()
    x, y = batch()
    loss = made.training_step((x, y), 0)
    torch.testing.assert_close(loss, nn.functional.cross_entropy(made(x), y))


# the loss


@pytest.mark.parametrize("loss", ["default", WEIGHTED])
def test_the_loss_is_that_of_both_classes_by_their_shares_on_mixed_beats(
    tiny: Callable[[], LayeredModel], loss: Any
) -> None:
    made = classifier(tiny(), loss=loss).eval()
    x, y = batch()
    torch.manual_seed(3)
    got = made.training_step((x, y), 0)
    torch.manual_seed(3)
    other, share = mixup().pairs(len(y))
    assert 0.02 < share < 0.98
    assert (y[other] != y).any()
    logits = made({"signal": share * x["signal"] + (1 - share) * x["signal"][other]})
    weight = getattr(made._loss, "weight", None)
    assert (weight is not None) == (loss is WEIGHTED)
    each = [nn.functional.cross_entropy(logits, one, weight=weight) for one in (y, y[other])]
    torch.testing.assert_close(got, share * each[0] + (1 - share) * each[1])
    torch.testing.assert_close(made.train_loss, got)


def test_a_loader_that_gives_signals_without_a_name_is_mixed_alike(tiny: Callable[[], LayeredModel]) -> None:
    made = classifier(tiny()).eval()
    x, y = batch()
    losses: list[Tensor | None] = []
    given: Any
    for given in (x, x["signal"]):
        torch.manual_seed(3)
        losses.append(made.training_step((given, y), 0))
    torch.testing.assert_close(losses[0], losses[1])


def test_every_input_is_mixed_with_the_same_beat() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(5, 2)

        def forward(self, signal: Tensor, more: Tensor) -> Tensor:
            out: Tensor = self.inner(torch.cat([signal.flatten(1), more], dim=1))
            return out

    shapes: dict[str, tuple[int, ...]] = {"signal": (1, 3), "more": (2,)}
    model = LayeredModel({"head": Both()}, inputs=shapes, takes={"head": ("signal", "more")}, n_classes=2)
    made, (x, y) = classifier(model), ({"signal": torch.randn(4, 1, 3), "more": torch.randn(4, 2)}, torch.arange(4) % 2)
    other = torch.tensor([1, 2, 3, 0])
    got = made._mixed(x, y, other, 0.25)
    logits = model({name: 0.25 * one + 0.75 * one[other] for name, one in x.items()})
    cross = nn.functional.cross_entropy
    torch.testing.assert_close(got, 0.25 * cross(logits, y) + 0.75 * cross(logits, y[other]))


def test_a_share_of_one_is_no_mixing(tiny: Callable[[], LayeredModel]) -> None:
    made = classifier(tiny()).eval()
    x, y = batch()
    got = made._mixed(x, y, torch.tensor([5, 4, 3, 2, 1, 0]), 1.0)
    torch.testing.assert_close(got, nn.functional.cross_entropy(made(x), y))


def test_models_of_consecutive_beats_are_refused() -> None:
    model = sequence(inputs={"signal": (1, 102), "rhythm": (4,)}, n_classes=3, beats=4, context=1)
    with pytest.raises(EcgError, match=r"^augment=mixup: mixes single beats, and this model sees consecutive ones"):
        classifier(model)


# trainings


def fitted(tiny: Callable[[], LayeredModel], sides: Sides, epochs: int, **more: Any) -> dict[str, Tensor]:
    made = classifier(tiny(), **more)
    trainer(epochs).fit(made, *sides())
    return copy.deepcopy(made.model.state_dict())


def test_the_same_seed_trains_the_same_weights_whatever_ran_before(
    tiny: Callable[[], LayeredModel], sides: Sides
) -> None:
    first = fitted(tiny, sides, 2, seed=1)
    torch.rand(17)
    again, other, plain = (
        fitted(tiny, sides, 2, **more) for more in ({"seed": 1}, {"seed": 2}, {"seed": 1, "augment": None})
    )
    assert all(torch.equal(first[name], value) for name, value in again.items())
    for different in (other, plain):
        assert any(not torch.equal(first[name], value) for name, value in different.items())


def test_a_training_that_goes_on_equals_one_that_was_never_stopped(
    tiny: Callable[[], LayeredModel], sides: Sides, tmp_path: Path
) -> None:
    whole = fitted(tiny, sides, 3)
    half, first = classifier(tiny()), trainer(1)
    first.fit(half, *sides())
    first.save_checkpoint(tmp_path / "my.ckpt")
    torch.rand(17)
    made = classifier(tiny())
    trainer(3).fit(made, *sides(), ckpt_path=tmp_path / "my.ckpt", weights_only=True)
    for name, value in made.model.state_dict().items():
        assert torch.equal(value, whole[name]), name


def test_a_checkpoint_says_what_it_was_mixed_with(
    tiny: Callable[[], LayeredModel], sides: Sides, tmp_path: Path
) -> None:
    made, fit = classifier(tiny(), augment={"_target_": "ecg.training.Mixup", "alpha": 0.4, **ON}), trainer(1)
    fit.fit(made, *sides())
    fit.save_checkpoint(tmp_path / "my.ckpt")
    again = BeatClassifier.load_from_checkpoint(tmp_path / "my.ckpt", model=tiny(), weights_only=True)
    assert again.augment == made.augment == mixup(alpha=0.4)


# settings


def test_it_is_chosen_by_name_and_its_alpha_can_be_set() -> None:
    assert compose("augment=mixup").augment == {
        **{"_target_": "ecg.training.Mixup", "alpha": 1.0, "when": "always"},
        **{"stretch": 0.0, "gain": 0.0, "noise": 0.0},
    }
    assert compose("augment=mixup", "augment.alpha=0.3").augment["alpha"] == 0.3


def test_a_parameter_of_another_augmentation_is_no_setting_of_it() -> None:
    with pytest.raises(EcgError, match=r"unknown key augment\.flip"):
        compose("augment=mixup", "+augment.flip=0.1")
