"""Short epochs of the beats that are not known yet: what is drawn, how often, and that a training can go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from ecg.data import BeatData
from ecg.data.drawing import ROW, WEIGHT, within
from ecg.training import BeatClassifier, FewerEasyBeats, Warp

pytestmark = pytest.mark.filterwarnings("ignore")
BATCH = 16
Rows = Callable[..., BeatData]
Makes = Callable[..., BeatClassifier]
Readies = Callable[..., FewerEasyBeats]
Trainers = Callable[..., pl.Trainer]


class Watch(pl.Callback):
    """Keeps what each epoch draws, what it weighs and what it loses."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Tensor]] = {}
        self.weights: list[Tensor] = []
        self.losses: list[Tensor] = []
        self.known: list[np.ndarray] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        inputs, _ = batch
        self.rows.setdefault(trainer.current_epoch, []).append(inputs[ROW].clone())
        self.weights.append(inputs[WEIGHT].clone())
        self.losses.append(outputs["loss"].clone())

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        (own,) = (one for one in trainer.callbacks if isinstance(one, FewerEasyBeats))  # type: ignore[attr-defined]
        self.known.append(own._known.copy())

    def often(self, n: int, epochs: range) -> np.ndarray:
        """How often each of the training beats came in these epochs."""
        return np.bincount(torch.cat([torch.cat(self.rows[epoch]) for epoch in epochs]).numpy(), minlength=n)


@pytest.fixture
def fitted(data: BeatData, trainer: Trainers) -> Callable[..., Watch]:
    """Trains a module on `data` and gives what was watched."""

    def fit(module: BeatClassifier, epochs: int, **settings: Any) -> Watch:
        watch = Watch()
        trainer(epochs, FewerEasyBeats(**settings), watch).fit(module, datamodule=data)
        return watch

    return fit


# what is drawn


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_an_epoch_has_its_share_of_the_beats_in_whole_batches_and_none_twice(
    data: BeatData, share: float, of_rows: Makes, fitted: Callable[..., Watch]
) -> None:
    watch = fitted(of_rows(), 3, share=share)
    size = round(share * len(data.split.train))
    assert len(watch.rows) == 3
    for batches in watch.rows.values():
        assert [len(rows) for rows in batches] == [BATCH] * (size // BATCH)
        assert len(set(torch.cat(batches).tolist())) == size // BATCH * BATCH
    assert not torch.equal(torch.cat(watch.rows[0]), torch.cat(watch.rows[1]))


def test_of_few_beats_at_least_one_is_drawn(data: BeatData, of_rows: Makes, ready: Readies) -> None:
    assert ready(of_rows(), share=1e-6)
    assert data.draws is not None
    assert data.draws.size == 1


def test_what_is_known_rises_and_known_beats_are_drawn_less(
    data: BeatData, of_rows: Makes, fitted: Callable[..., Watch]
) -> None:
    n, epochs = len(data.split.train), 40
    watch = fitted(of_rows(0.0), epochs, share=0.4, least=0.1)
    drawn = np.zeros(n, dtype=bool)
    drawn[torch.cat(watch.rows[0]).numpy()] = True
    assert (watch.known[0][drawn] > 0).all()
    assert (watch.known[0][~drawn] == 0).all()  # what was never drawn counts as unknown
    assert watch.known[-1].mean() > 0.8 > watch.known[0][drawn].mean() + 0.2
    middle = watch.known[epochs // 2]
    well, badly = middle > 0.99, middle < 0.8
    assert min(well.sum(), badly.sum()) >= 5
    often = watch.often(n, range(epochs // 2 + 1, epochs))
    assert often[badly].mean() > 1.3 * often[well].mean()


def test_beats_that_come_less_often_weigh_more_and_the_mean_weight_stays_near_1(
    of_rows: Makes, fitted: Callable[..., Watch]
) -> None:
    watch = fitted(of_rows(0.0), 40, share=0.4, least=0.1)
    weights = torch.cat(watch.weights)
    assert torch.equal(weights[:BATCH], torch.full((BATCH,), float(weights[0])))  # all are unknown at first
    assert float(weights[-5 * BATCH :].max() / weights[-5 * BATCH :].min()) > 3
    assert float(weights.mean()) == pytest.approx(1, abs=0.1)


def test_where_all_beats_come_each_weighs_1_however_well_it_is_known(
    data: BeatData, of_rows: Makes, fitted: Callable[..., Watch]
) -> None:
    watch, n = fitted(of_rows(), 3, share=1.0, least=1.0), len(data.split.train)
    assert torch.equal(torch.cat(watch.weights), torch.ones(3 * (n // BATCH * BATCH)))


def test_a_chance_falls_from_1_to_the_least_as_a_beat_becomes_known(
    data: BeatData, of_rows: Makes, ready: Readies
) -> None:
    own = ready(of_rows(), least=0.15, sure=0.9, slope=2.0)
    assert data.draws is not None
    n = len(data.split.train)
    assert data.draws.n == n
    assert data.draws.chances().tolist() == [1.0] * n
    known = torch.ones(n)
    known[:4] = torch.tensor([0.95, 0.9, 0.7, 0.3])
    own.load_state_dict({"known": known})
    np.testing.assert_allclose(data.draws.chances()[:5], [0.15, 0.15, 0.55, 1.0, 0.15], atol=1e-6)


def test_a_class_may_have_a_chance_of_its_own_however_well_its_beats_are_known(
    data: BeatData, of_rows: Makes, ready: Readies
) -> None:
    y = data.beats.y[data.split.train]
    own = ready(of_rows(), least=0.1, at_least={"S": 0.5, "V": 0.05})
    own.load_state_dict({"known": torch.ones(len(y))})
    assert data.draws is not None
    chances = data.draws.chances()
    assert (y == 1).any()
    assert (y == 2).any()
    np.testing.assert_allclose(chances, np.where(y == 1, 0.5, 0.1))  # 0.05 is below the least
    rng, often = np.random.default_rng(0), np.zeros(len(y))
    for _ in range(500):
        often[data.draws.drawn(rng).numpy()] += 1 / 500
    expected = within(chances, data.draws.size)
    assert often[y == 1].mean() == pytest.approx(expected[y == 1].mean(), rel=0.1)
    assert often[y == 1].mean() > 3 * often[y != 1].mean()


def test_it_knows_what_the_model_said_of_each_beat_when_it_was_drawn_last(
    data: BeatData, of_rows: Makes, ready: Readies
) -> None:
    own, n = ready(of_rows()), len(data.split.train)
    y, rows = torch.tensor([2, 0, 1]), torch.tensor([7, 3, n - 1])
    logits = torch.randn(3, 5)
    own.on_train_batch_end(None, None, {"logits": logits}, ({ROW: rows}, y), 0)  # type: ignore[arg-type]
    expected = torch.zeros(n)
    expected[rows] = logits.softmax(dim=1)[torch.arange(3), y]
    torch.testing.assert_close(own.state_dict()["known"], expected)


def test_the_data_is_as_before_once_a_training_has_ended(
    data: BeatData, of_rows: Makes, fitted: Callable[..., Watch]
) -> None:
    def rows() -> list[Tensor]:
        return [y for _, y in data.train_dataloader()]

    data.names = ("signal",)
    before = rows()
    fitted(of_rows(), 1)
    assert data.draws is None
    inputs, _ = next(iter(data.train_dataloader()))
    assert set(inputs) == {"signal"}
    assert all(torch.equal(a, b) for a, b in zip(before, rows(), strict=True))


def test_validation_and_test_see_every_beat_once_without_weights(
    data: BeatData, of_rows: Makes, ready: Readies
) -> None:
    ready(of_rows())
    for loader, index in ((data.val_dataloader(), data.split.val), (data.test_dataloader(), data.split.test)):
        found = list(loader)
        assert sum(len(y) for _, y in found) == len(index)
        assert not any({WEIGHT, ROW} & set(inputs) for inputs, _ in found)


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
def test_nothing_is_drawn_where_nothing_is_trained(data: BeatData, stage: str, of_rows: Makes) -> None:
    FewerEasyBeats().setup(SimpleNamespace(datamodule=data, world_size=4), of_rows(), stage)  # type: ignore[arg-type]
    assert data.draws is None


# a training that goes on


def test_a_training_that_goes_on_equals_one_that_was_never_stopped(
    rows: Rows, tmp_path: Path, of_rows: Makes, trainer: Trainers
) -> None:
    settings: dict[str, Any] = {"share": 0.5, "least": 0.1, "at_least": {"S": 0.5}}
    augment = Warp(when="always")

    def fit(epochs: int, ckpt: Path | None = None) -> tuple[pl.Trainer, BeatClassifier, FewerEasyBeats, Watch]:
        own, watch, module = FewerEasyBeats(**settings), Watch(), of_rows(augment=augment)
        fit = trainer(epochs, own, watch)
        fit.fit(module, datamodule=rows(), ckpt_path=ckpt, weights_only=True)
        return fit, module, own, watch

    _, whole, known, seen = fit(6)
    stopped, *_ = fit(4)
    stopped.save_checkpoint(tmp_path / "my.ckpt")
    torch.rand(17)
    _, again, known_again, seen_again = fit(6, tmp_path / "my.ckpt")
    assert list(seen_again.rows) == [4, 5]
    for epoch, batches in seen_again.rows.items():
        assert all(torch.equal(a, b) for a, b in zip(batches, seen.rows[epoch], strict=True))
    for name, value in again.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name
    assert torch.equal(known.state_dict()["known"], known_again.state_dict()["known"])
    assert len(set(torch.cat(seen_again.weights).tolist())) > 5  # so what was known had a say
