"""Fitting: a resumed run equals an uninterrupted one, checkpoints hold what they promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from ecg.data.batches import BatchOrder, TensorBatches
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.training.augment import Augment
from ecg.training.classifier import Classifier
from ecg.training.fit import FitSettings, best_weights, check_devices, make_trainer, resume_point
from ecg.training.folder import RunFolder
from ecg.training.optimizers import optimizer_rule, schedule_rule

pytestmark = pytest.mark.filterwarnings("ignore")
EPOCHS = 4
SETTINGS = FitSettings(
    accelerator="cpu",
    devices=1,
    strategy="auto",
    precision="32-true",
    epochs=EPOCHS,
    limit_batches=None,
    patience=None,
    monitor="val/loss",
    ema_decay=None,
    gradient_clip=None,
)
MakeModel = Callable[[], LayeredModel]


class Killed(Exception):  # noqa: N818
    """The process ends here."""


class KillIn(pl.Callback):
    """Stops a run in the middle of an epoch, or right after it."""

    def __init__(self, epoch: int, batch: int | None) -> None:
        self.epoch, self.batch = epoch, batch

    def on_train_batch_end(self, trainer: pl.Trainer, *args: object) -> None:
        if trainer.current_epoch == self.epoch and args[-1] == self.batch:
            raise Killed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.batch is None and trainer.current_epoch == self.epoch:
            raise Killed


def sides() -> tuple[TensorBatches, TensorBatches]:
    """Forty beats to train on, twenty to validate, of three classes that can hardly be told apart."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(60, 1, 8, generator=generator), torch.randint(0, 3, (60,), generator=generator)
    train = TensorBatches(x[:40], y[:40], BatchOrder(40, 8, shuffle=True, seed=5))
    return train, TensorBatches(x[40:], y[40:], BatchOrder(20, 20, shuffle=False, seed=0))


def fit(
    model: LayeredModel,
    folder: RunFolder,
    *,
    schedule: str = "one_cycle",
    optimizer: str = "adamw",
    callback: pl.Callback | None = None,
    settings: FitSettings = SETTINGS,
) -> pl.Trainer:
    """Train as a run does, from the folder's last checkpoint where there is one."""
    classifier = Classifier(
        model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=optimizer_rule(optimizer, lr=0.05, weight_decay=0.01, momentum=0.9),
        schedule=schedule_rule(schedule, warmup=0.3, factor=0.3, patience=0),
        augment=Augment(gain=0.1, noise=0.05),
        seed=2,
    )
    trainer, history = make_trainer(settings, folder, None)
    point = resume_point(folder)
    if point is not None:
        history.restore(point.epochs)
    if callback is not None:
        trainer.callbacks.append(callback)  # type: ignore[attr-defined]
    train, val = sides()
    trainer.fit(classifier, train, val, ckpt_path=point.path if point else None)
    return trainer


def made(path: Path) -> RunFolder:
    folder = RunFolder(path)
    folder.make()
    return folder


def state(folder: RunFolder) -> dict[str, torch.Tensor]:
    """All tensors of the last checkpoint: what is validated and, under a running mean, what is trained."""
    stored = torch.load(folder.last_checkpoint, weights_only=True)
    return {f"{part}.{k}": v for part in ("state_dict", "current_model_state") for k, v in stored.get(part, {}).items()}


@pytest.mark.parametrize("killed_at", [pytest.param(1, id="mid-epoch"), pytest.param(None, id="between-epochs")])
@pytest.mark.parametrize("ema_decay", [None, 0.9])
@pytest.mark.parametrize("schedule", ["one_cycle", "plateau", "constant"])
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, tiny: MakeModel, schedule: str, ema_decay: float | None, killed_at: int | None
) -> None:
    settings = replace(SETTINGS, ema_decay=ema_decay)
    whole, parts = made(tmp_path / "whole"), made(tmp_path / "parts")
    fit(tiny(), whole, schedule=schedule, settings=settings)
    with pytest.raises(Killed):
        fit(tiny(), parts, schedule=schedule, settings=settings, callback=KillIn(2, killed_at))
    torch.manual_seed(99)  # another process
    fit(tiny(), parts, schedule=schedule, settings=settings)

    rows = [pd.read_csv(folder.history).drop(columns="seconds") for folder in (whole, parts)]
    assert rows[0]["epoch"].tolist() == list(range(EPOCHS))
    pd.testing.assert_frame_equal(rows[0], rows[1], rtol=1e-5)
    wanted, found = state(whole), state(parts)
    assert wanted.keys() == found.keys()
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=0, atol=1e-6, msg=name)
    best, again = best_weights(whole), best_weights(parts)
    assert all(torch.allclose(best[name], again[name], atol=1e-6) for name in best)


def test_plateau_lowers_the_rate_in_this_setting(tmp_path: Path, tiny: MakeModel) -> None:
    """Otherwise the comparison above would say nothing of the plateau schedule."""
    fit(tiny(), made(tmp_path), schedule="plateau")
    assert pd.read_csv(tmp_path / "history.csv")["lr"].nunique() > 1


def test_early_stopping_counts_on_after_a_resumption(tmp_path: Path, tiny: MakeModel) -> None:
    settings = replace(SETTINGS, epochs=30, patience=2)
    whole, parts = made(tmp_path / "whole"), made(tmp_path / "parts")
    fit(tiny(), whole, schedule="constant", settings=settings)
    epochs = len(pd.read_csv(whole.history))
    assert 3 <= epochs < 30
    with pytest.raises(Killed):
        fit(tiny(), parts, schedule="constant", settings=settings, callback=KillIn(epochs - 1, 1))
    fit(tiny(), parts, schedule="constant", settings=settings)
    assert len(pd.read_csv(parts.history)) == epochs


def test_best_checkpoint_holds_the_best_epoch_and_last_the_last(tmp_path: Path, tiny: MakeModel) -> None:
    folder = made(tmp_path)
    fit(tiny(), folder)
    assert sorted(p.name for p in folder.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
    losses = pd.read_csv(folder.history)["val/loss"]
    best = torch.load(folder.checkpoints / "best.ckpt", weights_only=True)
    assert best["epoch"] == losses.argmin()
    assert "optimizer_states" not in best
    assert torch.load(folder.last_checkpoint, weights_only=True)["epoch"] == EPOCHS - 1
    model = tiny()
    model.load_state_dict(best_weights(folder))
    model.eval()
    _, val = sides()
    loss = torch.nn.functional.cross_entropy(model(val.x), val.y)
    assert float(loss) == pytest.approx(losses.min(), rel=1e-4)


def test_weights_of_a_running_mean_are_those_that_were_validated(tmp_path: Path, tiny: MakeModel) -> None:
    folder = made(tmp_path)
    fit(tiny(), folder, settings=replace(SETTINGS, ema_decay=0.9))
    model = tiny()
    model.load_state_dict(best_weights(folder))
    model.eval()
    _, val = sides()
    loss = torch.nn.functional.cross_entropy(model(val.x), val.y)
    assert float(loss) == pytest.approx(pd.read_csv(folder.history)["val/loss"].min(), rel=1e-4)


def test_a_run_depends_on_its_seed_and_not_on_what_ran_before(tmp_path: Path, tiny: MakeModel) -> None:
    for name, before in (("a", 1), ("b", 2)):
        torch.manual_seed(before)
        torch.randn(before)
        fit(tiny(), made(tmp_path / name))
    a, b = (state(RunFolder(tmp_path / name)) for name in "ab")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_limit_batches_makes_short_epochs(tmp_path: Path, tiny: MakeModel) -> None:
    trainer = fit(tiny(), made(tmp_path), settings=replace(SETTINGS, epochs=1, limit_batches=2))
    assert trainer.global_step == 2


def test_without_a_finished_epoch_there_is_nothing_to_resume_and_no_best(tmp_path: Path, tiny: MakeModel) -> None:
    folder = made(tmp_path)
    with pytest.raises(Killed):
        fit(tiny(), folder, callback=KillIn(0, 1))
    assert resume_point(folder) is None
    with pytest.raises(EcgError, match=r"best\.ckpt.*first epoch"):
        best_weights(folder)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a graphics card")
@pytest.mark.parametrize("kept", [0, 10, 3000])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, tiny: MakeModel, kept: int) -> None:
    folder = made(tmp_path)
    fit(tiny(), folder)
    for path, read in ((folder.last_checkpoint, resume_point), (folder.checkpoints / "best.ckpt", best_weights)):
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(EcgError, match=f"{path} is damaged; without it"):
            read(folder)


def test_a_missing_graphics_card_is_said_with_a_way_on() -> None:
    with pytest.raises(EcgError, match=r"trainer\.accelerator=gpu.*trainer=cpu"):
        check_devices(replace(SETTINGS, accelerator="gpu"))
