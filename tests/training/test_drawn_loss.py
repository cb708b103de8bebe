"""Beats that are drawn by chance: their loss is that of all beats, and what cannot be drawn or weighed is refused."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.data import BeatData
from ecg.data.drawing import ROW, WEIGHT
from ecg.errors import EcgError
from ecg.models import sequence
from ecg.training import BeatClassifier, FewerEasyBeats, FocalLoss, Mixup, WeightedCrossEntropy

pytestmark = pytest.mark.filterwarnings("ignore")
Rows = Callable[..., BeatData]
Makes = Callable[..., BeatClassifier]
Readies = Callable[..., FewerEasyBeats]
Trainers = Callable[..., pl.Trainer]


# the loss


def drawn(n: int = 12) -> tuple[dict[str, Tensor], Tensor]:
    """A batch of drawn beats."""
    generator = torch.Generator().manual_seed(4)
    weight = 0.2 + 3 * torch.rand(n, generator=generator)
    x = torch.rand(n, 1, 187, generator=generator)
    return {"signal": x, WEIGHT: weight, ROW: torch.arange(n)}, torch.arange(n) % 5


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(label_smoothing=0.1),
        FocalLoss(2.0),
        WeightedCrossEntropy([5, 4, 3, 2, 1], list("NSVFQ"), weights={"S": 2.0}),
    ],
)
def test_the_loss_of_drawn_beats_is_the_mean_of_their_weighted_losses(loss: Any, of_rows: Makes) -> None:
    made, (inputs, y) = of_rows(loss=loss).eval(), drawn()
    got = made.training_step((inputs, y), 0)
    assert isinstance(got, dict)
    logits = made({"signal": inputs["signal"]})
    torch.testing.assert_close(got["logits"], logits)
    assert not got["logits"].requires_grad
    loss.reduction = "none"
    by_hand = (loss(logits, y) * inputs[WEIGHT]).sum() / len(y)
    loss.reduction = "mean"
    torch.testing.assert_close(got["loss"], by_hand)
    assert got["loss"].requires_grad
    torch.testing.assert_close(made.train_loss, by_hand.detach())


def test_the_loss_has_its_usual_reduction_again_also_after_an_error(of_rows: Makes) -> None:
    made, (inputs, y) = of_rows(), drawn()
    assert isinstance(made.training_step((inputs, y), 0), dict)
    assert made.loss.reduction == "mean"
    with pytest.raises(IndexError):
        made.training_step((inputs, y + 5), 0)  # classes that do not exist
    assert made.loss.reduction == "mean"
    assert isinstance(made.training_step(({"signal": inputs["signal"]}, y), 0), Tensor)  # without weights as ever


def test_where_all_beats_come_each_weighs_1_and_the_loss_is_the_usual_one(
    data: BeatData, of_rows: Makes, ready: Readies
) -> None:
    ready(of_rows(), share=1.0, least=1.0)
    data.names, made = ("signal",), of_rows().eval()
    for inputs, y in data.train_dataloader():
        assert inputs[WEIGHT].tolist() == [1.0] * len(y)
        got, usual = made.training_step((inputs, y), 0), made.training_step(({"signal": inputs["signal"]}, y), 0)
        assert isinstance(got, dict)
        torch.testing.assert_close(got["loss"], usual)


def test_the_loss_of_drawn_beats_is_in_the_mean_that_of_all(data: BeatData, of_rows: Makes, ready: Readies) -> None:
    own = ready(of_rows(), share=0.2, least=0.05)
    n = len(data.split.train)
    own.load_state_dict({"known": torch.where(torch.arange(n) % 3 == 0, 0.0, 1.0)})
    x, y = torch.from_numpy(data.beats.signal[data.split.train]), torch.from_numpy(data.beats.y[data.split.train])
    made, rng, losses = of_rows().eval(), np.random.default_rng(0), []
    assert data.draws is not None
    with torch.no_grad():
        every = float(nn.functional.cross_entropy(made(x), y))
        for _ in range(1500):
            rows = data.draws.drawn(rng)
            got = made.training_step(({"signal": x[rows], WEIGHT: data.draws.weight[rows], ROW: rows}, y[rows]), 0)
            assert isinstance(got, dict)
            losses.append(float(got["loss"]))
    assert np.mean(losses) == pytest.approx(every, abs=4.5 * np.std(losses) / np.sqrt(len(losses)))


# settings and refusals


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"share": 0}, r"share=0: must be from 0 \(not included\) to 1"),
        ({"share": 1.1}, r"share=1.1: must be"),
        ({"least": 0}, r"least=0: must be from 0 \(not included\) to 1"),
        ({"sure": -0.1}, r"sure=-0.1: must be from 0 to 1"),
        ({"slope": -1}, r"slope=-1: must be from 0 to 1000"),
        ({"at_least": {"S": 2}}, r"at_least\.S=2: must be from 0 to 1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=f"^{said}"):
        FewerEasyBeats(**settings)


def test_a_class_that_does_not_exist_is_refused_with_those_that_do(
    data: BeatData, of_rows: Makes, trainer: Trainers
) -> None:
    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats\.at_least: no class X; the classes are N, S, V, F, Q$"):
        trainer(1, FewerEasyBeats(at_least={"X": 0.5})).fit(of_rows(), datamodule=data)


def test_a_model_of_consecutive_beats_is_refused(rows: Rows, trainer: Trainers) -> None:
    data = rows("window")
    data.setup()
    model = sequence(inputs=data.shapes, n_classes=5, beats=8, context=2, width=16)
    data.serve(model)
    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats: draws single beats, .*; choose another model$"):
        trainer(1, FewerEasyBeats()).fit(BeatClassifier(model, scheduler=None), datamodule=data)


def test_a_model_of_consecutive_beats_is_refused_before_it_is_served(rows: Rows, trainer: Trainers) -> None:
    data = rows("window")
    data.setup()
    model = sequence(inputs=data.shapes, n_classes=5, beats=8, context=2, width=16)
    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats: draws single beats"):
        trainer(1, FewerEasyBeats()).fit(BeatClassifier(model, scheduler=None), datamodule=data)


def test_the_same_batches_over_and_over_are_refused(data: BeatData, of_rows: Makes) -> None:
    one = pl.Trainer(accelerator="cpu", max_epochs=1, logger=False, overfit_batches=2, callbacks=[FewerEasyBeats()])
    with pytest.raises(EcgError, match=r"trainer\.overfit_batches wants the same; remove one$"):
        one.fit(of_rows(), datamodule=data)


def test_a_training_that_fails_leaves_the_data_as_it_was(data: BeatData, of_rows: Makes, trainer: Trainers) -> None:
    class Fails(pl.Callback):
        def on_train_batch_end(self, *args: Any) -> None:
            assert data.draws is not None
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        trainer(1, FewerEasyBeats(), Fails()).fit(of_rows(), datamodule=data)
    assert data.draws is None


def test_beats_that_are_mixed_are_refused(data: BeatData, of_rows: Makes, ready: Readies, trainer: Trainers) -> None:
    module = of_rows(augment=Mixup(when="always"))
    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats: .*augment=mixup mixes two; choose another augment$"):
        trainer(1, FewerEasyBeats()).fit(module, datamodule=data)
    assert ready(of_rows(augment=Mixup(when="never")))


def test_a_loss_that_cannot_tell_of_each_beat_is_refused_by_name(
    data: BeatData, of_rows: Makes, trainer: Trainers
) -> None:
    class Mine(nn.Module):
        def forward(self, logits: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(logits, y)

    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats: Mine gives no loss of each beat .*loss=weighted$"):
        trainer(1, FewerEasyBeats()).fit(of_rows(loss=Mine()), datamodule=data)


def test_several_devices_are_refused(data: BeatData, of_rows: Makes) -> None:
    of_two: Any = SimpleNamespace(datamodule=data, world_size=2)
    with pytest.raises(EcgError, match=r"^callbacks\.easy_beats: .*; choose trainer\.devices=1$"):
        FewerEasyBeats().setup(of_two, of_rows(), "fit")
    assert data.draws is None


def test_loaders_and_other_data_modules_are_refused(data: BeatData, of_rows: Makes, trainer: Trainers) -> None:
    class Mine(pl.LightningDataModule):
        def train_dataloader(self) -> Any:
            return data.train_dataloader()

    said = r"^callbacks\.easy_beats: draws the beats of dataset=arrhythmia or mi; remove it$"
    with pytest.raises(EcgError, match=said):
        trainer(1, FewerEasyBeats()).fit(of_rows(), datamodule=Mine())
    with pytest.raises(EcgError, match=said):
        trainer(1, FewerEasyBeats()).fit(of_rows(), data.train_dataloader())


def test_it_is_chosen_by_name_beside_others_with_its_own_defaults() -> None:
    made = compose("callbacks=[default,easy_beats]", "callbacks.easy_beats.at_least={S: 0.5, F: 0.4}").callbacks
    assert set(made) == {"ema", "easy_beats"}
    node = made["easy_beats"]
    assert node is not None
    assert node["_target_"] == "ecg.training.FewerEasyBeats"
    own = FewerEasyBeats(**{key: value for key, value in node.items() if key != "_target_"})
    usual = FewerEasyBeats(at_least={"S": 0.5, "F": 0.4})
    names = ("share", "least", "sure", "slope", "at_least")
    assert [getattr(own, name) for name in names] == [getattr(usual, name) for name in names]
