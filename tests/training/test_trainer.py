"""The trainer of a run: a resumed run equals an uninterrupted one, checkpoints hold what they promise, and whatever
pl.Trainer can do reaches it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping

from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.pipeline import run
from ecg.runs.checkpoints import best_weights, resume_point
from ecg.runs.folder import RunFolder, read_json
from ecg.runs.job import Job
from ecg.training import Augment, BeatClassifier, WeightEMA
from ecg.training.trainer import check_devices, limit_of, make_trainer, trainer_node

pytestmark = pytest.mark.filterwarnings("ignore")
EPOCHS = 4
MakeModel = Callable[[], LayeredModel]
Made = Callable[..., RunFolder]
Sides = Callable[..., tuple[Any, Any]]
SCHEDULERS: dict[str, dict[str, Any] | None] = {
    "one_cycle": {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "interval": "step"},
    "plateau": {"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau", "patience": 0, "factor": 0.3},
    "cosine": {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "interval": "step"},
    "step": {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 1, "gamma": 0.5},
    "none": None,
}


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


@cache
def composed(*overrides: str) -> RunConfig:
    usual = ("trainer=cpu", "trainer.precision=32-true", "callbacks=none", "logger=none", "monitor=val/loss")
    return compose(*usual, f"trainer.max_epochs={EPOCHS}", *overrides)


def fit(
    model: LayeredModel,
    folder: RunFolder,
    sides: tuple[Any, Any],
    *overrides: str,
    scheduler: str = "one_cycle",
    callback: pl.Callback | None = None,
) -> pl.Trainer:
    """Train as a run does, from the folder's last checkpoint where there is one."""
    classifier = BeatClassifier(
        model,
        optimizer={"_target_": "torch.optim.AdamW", "lr": 0.05, "weight_decay": 0.01},
        scheduler=SCHEDULERS[scheduler],
        augment=Augment(stretch=0, gain=0.1, noise=0.05),
        seed=2,
    )
    trainer, history = make_trainer(composed(*overrides), folder, ())
    point = resume_point(folder)
    if point is not None:
        history.restore(point.epochs)
    if callback is not None:
        trainer.callbacks.append(callback)  # type: ignore[attr-defined]
    trainer.fit(classifier, *sides, ckpt_path=point.path if point else None)
    return trainer


def state(folder: RunFolder) -> dict[str, torch.Tensor]:
    """All tensors of the last checkpoint: what is validated and, under a moving average, what is trained."""
    stored = torch.load(folder.last_checkpoint, weights_only=True)
    return {f"{part}.{k}": v for part in ("state_dict", "current_model_state") for k, v in stored.get(part, {}).items()}


AVERAGED = ("callbacks=default", "callbacks.ema.decay=0.9")


@pytest.mark.parametrize("killed_at", [pytest.param(1, id="mid-epoch"), pytest.param(None, id="between-epochs")])
@pytest.mark.parametrize("overrides", [(), AVERAGED], ids=["plain", "averaged"])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    made: Made, tiny: MakeModel, sides: Sides, scheduler: str, overrides: tuple[str, ...], killed_at: int | None
) -> None:
    whole, parts = made("whole"), made("parts")
    fit(tiny(), whole, sides(), *overrides, scheduler=scheduler)
    with pytest.raises(Killed):
        fit(tiny(), parts, sides(), *overrides, scheduler=scheduler, callback=KillIn(2, killed_at))
    torch.manual_seed(99)  # another process
    fit(tiny(), parts, sides(), *overrides, scheduler=scheduler)

    rows = [pd.read_csv(folder.history).drop(columns="seconds") for folder in (whole, parts)]
    assert rows[0]["epoch"].tolist() == list(range(1, EPOCHS + 1))
    pd.testing.assert_frame_equal(rows[0], rows[1], rtol=1e-5)
    wanted, found = state(whole), state(parts)
    assert wanted.keys() == found.keys()
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=0, atol=1e-6, msg=name)
    best, again = best_weights(whole), best_weights(parts)
    assert best is not None
    assert again is not None
    assert all(torch.allclose(best[name], again[name], atol=1e-6) for name in best)


def test_plateau_lowers_the_rate_in_this_setting(made: Made, tiny: MakeModel, sides: Sides) -> None:
    """Otherwise the comparison above would say nothing of the plateau schedule."""
    fit(tiny(), folder := made(), sides(), scheduler="plateau")
    assert pd.read_csv(folder.history)["lr"].nunique() > 1


STOPPING = ("callbacks=early_stopping", "callbacks.early_stopping.patience=2", "trainer.max_epochs=30")


def test_early_stopping_ends_training_and_counts_on_after_a_resumption(
    made: Made, tiny: MakeModel, sides: Sides
) -> None:
    whole, parts = made("whole"), made("parts")
    fit(tiny(), whole, sides(), *STOPPING, scheduler="none")
    losses = pd.read_csv(whole.history)["val/loss"]
    epochs = len(losses)
    assert 3 <= epochs < 30
    assert losses.argmin() == epochs - 3
    assert torch.load(whole.last_checkpoint, weights_only=True)["epoch"] == epochs - 1
    with pytest.raises(Killed):
        fit(tiny(), parts, sides(), *STOPPING, scheduler="none", callback=KillIn(epochs - 1, 1))
    fit(tiny(), parts, sides(), *STOPPING, scheduler="none")
    assert len(pd.read_csv(parts.history)) == epochs


def test_best_checkpoint_holds_the_best_epoch_and_last_the_last(made: Made, tiny: MakeModel, sides: Sides) -> None:
    fit(tiny(), folder := made(), sides())
    assert sorted(p.name for p in folder.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
    losses = pd.read_csv(folder.history)["val/loss"]
    best = torch.load(folder.best_checkpoint, weights_only=True)
    assert best["epoch"] == losses.argmin()
    assert "optimizer_states" not in best
    assert torch.load(folder.last_checkpoint, weights_only=True)["epoch"] == EPOCHS - 1
    assert loss_of(folder, tiny(), sides) == pytest.approx(losses.min(), rel=1e-4)


def loss_of(folder: RunFolder, model: LayeredModel, sides: Sides) -> float:
    """The validation loss of a folder's best weights."""
    best = best_weights(folder)
    assert best is not None
    model.load_state_dict(best)
    ((x, y),) = list(sides()[1])
    return float(torch.nn.functional.cross_entropy(model.eval()(x), y))


def test_weights_of_a_moving_average_are_those_that_were_validated(made: Made, tiny: MakeModel, sides: Sides) -> None:
    fit(tiny(), folder := made(), sides(), *AVERAGED)
    losses = pd.read_csv(folder.history)["val/loss"]
    assert loss_of(folder, tiny(), sides) == pytest.approx(losses.min(), rel=1e-4)


@pytest.mark.parametrize("overrides", [(), AVERAGED], ids=["plain", "averaged"])
def test_every_checkpoint_of_a_run_is_read_back_with_equal_logits(
    made: Made, tiny: MakeModel, sides: Sides, overrides: tuple[str, ...]
) -> None:
    model = tiny()
    fit(model, folder := made(), sides(), *overrides)
    ((x, _),) = list(sides()[1])
    wanted = {"last.ckpt": model.eval()(x)}
    best = best_weights(folder)
    assert best is not None
    model.load_state_dict(best)
    wanted["best.ckpt"] = model(x)
    for name, expected in wanted.items():
        path = folder.checkpoints / name
        again = BeatClassifier.load_from_checkpoint(path, model=tiny(), weights_only=True).eval()
        assert torch.equal(again(x), expected), name


def test_a_run_depends_on_its_seed_and_not_on_what_ran_before(made: Made, tiny: MakeModel, sides: Sides) -> None:
    found = []
    for name, before in (("a", 1), ("b", 2)):
        torch.manual_seed(before)
        torch.randn(before)
        fit(tiny(), made(name), sides())
        found.append(state(made(name)))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_without_a_finished_epoch_there_is_nothing_to_resume_and_no_best(
    made: Made, tiny: MakeModel, sides: Sides
) -> None:
    with pytest.raises(Killed):
        fit(tiny(), folder := made(), sides(), callback=KillIn(0, 1))
    assert resume_point(folder) is None
    assert best_weights(folder) is None


@pytest.mark.parametrize("kept", [0, 10, 3000])
def test_a_damaged_checkpoint_is_named(made: Made, tiny: MakeModel, sides: Sides, kept: int) -> None:
    fit(tiny(), folder := made(), sides())
    for path, read in ((folder.last_checkpoint, resume_point), (folder.best_checkpoint, best_weights)):
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(EcgError, match=f"{path} is damaged.*; without it"):
            read(folder)  # type: ignore[operator]


# ------------------------------------------------------------------------- whatever pl.Trainer, and its callbacks, can


def largest(model: LayeredModel, folder: RunFolder, sides: tuple[Any, Any], *overrides: str) -> float:
    """The largest gradient that a step was really made with."""
    real, seen = torch.optim.AdamW.step, []

    def step(self: torch.optim.AdamW, closure: Any = None) -> Any:
        loss = closure()
        gradients = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        seen.append(float(torch.nn.utils.get_total_norm(gradients)))
        real(self)
        return loss

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch.optim.AdamW, "step", step)
        fit(model, folder, sides, *overrides)
    assert len(seen) == 5 * EPOCHS
    return max(seen)


def test_gradient_clip_val_reaches_every_step(made: Made, tiny: MakeModel, sides: Sides) -> None:
    free = largest(tiny(), made("free"), sides())
    limit = round(free / 10, 3)
    clipped = largest(tiny(), made("clipped"), sides(), f"trainer.gradient_clip_val={limit}")
    assert clipped == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize(
    ("typed", "attribute", "value"),
    [
        ("trainer.gradient_clip_val=0.25", "gradient_clip_val", 0.25),
        ("trainer.gradient_clip_algorithm=value", "gradient_clip_algorithm", "value"),
        ("trainer.accumulate_grad_batches=3", "accumulate_grad_batches", 3),
        ("trainer.val_check_interval=0.5", "val_check_interval", 0.5),
        ("+trainer.val_check_interval=2", "val_check_interval", 2),
        ("trainer.check_val_every_n_epoch=2", "check_val_every_n_epoch", 2),
        ("trainer.limit_train_batches=0.5", "limit_train_batches", 0.5),
        ("trainer.limit_val_batches=3", "limit_val_batches", 3),
        ("trainer.limit_test_batches=4", "limit_test_batches", 4),
        ("trainer.overfit_batches=2", "overfit_batches", 2),
        ("trainer.num_sanity_val_steps=2", "num_sanity_val_steps", 2),
        ("trainer.log_every_n_steps=7", "log_every_n_steps", 7),
        ("trainer.max_steps=9", "max_steps", 9),
        ("trainer.min_epochs=2", "min_epochs", 2),
        ("trainer.max_epochs=-1", "max_epochs", -1),
        ("trainer.precision=bf16-mixed", "precision", "bf16-mixed"),
        ("trainer.fast_dev_run=2", "fast_dev_run", 2),
        ("trainer.reload_dataloaders_every_n_epochs=1", "reload_dataloaders_every_n_epochs", 1),
    ],
)
def test_a_parameter_of_the_trainer_reaches_it(made: Made, typed: str, attribute: str, value: object) -> None:
    trainer, _ = make_trainer(composed(typed), made(), ())
    found = trainer
    for owner in (trainer, getattr(trainer, "_data_connector", None), trainer._logger_connector):  # type: ignore[attr-defined]
        if hasattr(owner, attribute):
            found = owner  # type: ignore[assignment]
    assert getattr(found, attribute) == value


def test_gradients_are_collected_over_so_many_batches(made: Made, tiny: MakeModel, sides: Sides) -> None:
    trainer = fit(tiny(), made(), sides(), "trainer.accumulate_grad_batches=2")
    assert trainer.global_step == 3 * EPOCHS  # of five batches, and one alone at an epoch's end


def test_validation_comes_as_often_as_is_asked(made: Made, tiny: MakeModel, sides: Sides) -> None:
    class Count(pl.Callback):
        n = 0

        def on_validation_end(self, *args: object) -> None:
            self.n += 1

    counts = []
    for typed in ("trainer.val_check_interval=1.0", "trainer.val_check_interval=0.4", "trainer.val_check_interval=1"):
        fit(tiny(), made(typed), sides(), typed, callback=(count := Count()))
        counts.append(count.n)
    assert counts == [EPOCHS, 2 * EPOCHS, 5 * EPOCHS]


def test_limits_make_short_epochs(made: Made, tiny: MakeModel, sides: Sides) -> None:
    trainer = fit(tiny(), made(), sides(), "trainer.max_epochs=1", "trainer.limit_train_batches=2")
    assert trainer.global_step == 2


def test_max_steps_ends_a_training_without_max_epochs(made: Made, tiny: MakeModel, sides: Sides) -> None:
    trainer = fit(tiny(), made(), sides(), "trainer.max_epochs=-1", "trainer.max_steps=7")
    assert trainer.global_step == 7


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A module of the user's own with a callback; what it saw."""
    seen: list[object] = []

    class Watch(pl.Callback):
        def __init__(self, word: str, times: int = 1) -> None:
            self.said = (word, times)

        def on_train_end(self, *args: object) -> None:
            seen.append(self.said)

    module = ModuleType("my_callbacks")
    module.Watch = Watch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_callbacks", module)
    return seen


def test_a_callback_of_ones_own_is_named_by_its_import_path(
    made: Made, tiny: MakeModel, sides: Sides, mine: list[object]
) -> None:
    typed = ("callbacks.watch._target_=my_callbacks.Watch", "callbacks.watch.word=hello", "callbacks.watch.times=3")
    fit(tiny(), made(), sides(), *typed)
    assert mine == [("hello", 3)]


def test_any_callback_of_lightning_works_beside_those_of_the_run(made: Made, tiny: MakeModel, sides: Sides) -> None:
    saved = "callbacks.saved._target_=pytorch_lightning.callbacks.ModelCheckpoint"
    timer = "callbacks.timer._target_=pytorch_lightning.callbacks.Timer"
    typed = (saved, "callbacks.saved.every_n_epochs=2", "callbacks.saved.save_top_k=-1", timer)
    trainer = fit(tiny(), folder := made(), sides(), *typed)
    mine = sorted(path.name for path in folder.path.rglob("epoch=*.ckpt"))
    assert len(mine) == EPOCHS // 2
    assert folder.best_checkpoint.is_file()
    assert {"Timer", "ModelCheckpoint"} <= {type(one).__name__ for one in trainer.callbacks}  # type: ignore[attr-defined]


def test_callbacks_of_conf_are_built_with_their_settings(made: Made) -> None:
    typed = ("callbacks=[default,early_stopping]", "callbacks.early_stopping.patience=7", "callbacks.ema.decay=0.5")
    trainer, _ = make_trainer(composed(*typed), made(), ())
    (stopping,) = trainer.early_stopping_callbacks
    assert isinstance(stopping, EarlyStopping)
    assert (stopping.patience, stopping.monitor, stopping.mode) == (7, "val/loss", "min")
    (average,) = [one for one in trainer.callbacks if isinstance(one, WeightEMA)]  # type: ignore[attr-defined]
    assert average.decay == 0.5
    without, _ = make_trainer(composed("callbacks=default", "callbacks.ema=null"), made("without"), ())
    assert not [one for one in without.callbacks if isinstance(one, WeightEMA)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "mode"), [("monitor=val/macro_f1", "max"), ("monitor=val/accuracy", "max"), ("monitor=val/loss", "min")]
)
def test_the_monitor_decides_which_epoch_is_best_and_when_to_stop(made: Made, typed: str, mode: str) -> None:
    trainer, history = make_trainer(composed("callbacks=early_stopping", typed), made(), ())
    name = typed.partition("=")[2]
    best = next(one for one in trainer.checkpoint_callbacks if type(one).__name__ == "BestEpoch")
    assert (best.monitor, best.mode) == (name, mode)  # type: ignore[attr-defined]
    (stopping,) = trainer.early_stopping_callbacks
    assert (stopping.monitor, stopping.mode) == (name, mode)  # type: ignore[attr-defined]
    assert history.monitor == name


# ---------------------------------------------------------------------------------------------------------- whole runs

FEW = (
    "dataset=mi", "dataset.source=synthetic", "dataset.synthetic.patients=12", "dataset.batch_size=32",
    "model=kachuee", "callbacks=default", "monitor=val/macro_f1", "bootstrap=0", "trainer.max_epochs=3",
)  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def whole_run(folder: Path, prepared: Path, *typed: str) -> dict[str, Any]:
    run(composed(*FEW, f"cache_dir={prepared}", "threads=1", *typed), Job(folder))
    return read_json(RunFolder(folder).metrics)


def test_a_run_without_validation_trains_to_the_end_and_keeps_the_last_weights(
    tmp_path: Path, prepared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = whole_run(tmp_path / "run", prepared, "trainer.limit_val_batches=0")
    table = pd.read_csv(tmp_path / "run" / "history.csv")
    assert table["epoch"].tolist() == [1, 2, 3]
    assert table["train/loss"].notna().all()
    assert table["val/loss"].isna().all()
    assert (found["best_epoch"], found["best/val/macro_f1"], found["limit_batches"]) == (None, None, None)
    assert 0 <= found["test/accuracy"] <= 1
    assert "no validation, as asked for: the averaged weights of the end are kept" in caplog.text


def test_a_run_that_validates_every_second_epoch_trains_to_the_end_with_scores_where_they_belong(
    tmp_path: Path, prepared: Path
) -> None:
    typed = ("trainer.check_val_every_n_epoch=2", "trainer.max_epochs=5")
    found = whole_run(tmp_path / "run", prepared, *typed)
    table = pd.read_csv(tmp_path / "run" / "history.csv")
    assert table["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert table["val/macro_f1"].isna().tolist() == [True, False, True, False, True]
    assert table["train/loss"].nunique() == 5
    assert found["best_epoch"] in (2, 4)
    best = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    assert best["epoch"] + 1 == found["best_epoch"]


@pytest.mark.parametrize("typed", ["trainer.fast_dev_run=true", "trainer.fast_dev_run=2"])
def test_fast_dev_run_goes_through_the_whole_path_and_is_no_result(
    tmp_path: Path, prepared: Path, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = whole_run(tmp_path / "run", prepared, typed)
    steps = 2 if typed.endswith("2") else 1
    assert found["limit_batches"] == steps
    assert pd.read_csv(tmp_path / "run" / "history.csv")["step"].tolist() == [steps]
    assert "these numbers are no results" in capsys.readouterr().out
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_run_without_checkpoints_keeps_the_last_weights(tmp_path: Path, prepared: Path) -> None:
    found = whole_run(tmp_path / "run", prepared, "trainer.enable_checkpointing=false")
    assert 0 <= found["test/accuracy"] <= 1
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_scheduler_that_needs_an_end_is_answered_in_one_line(tmp_path: Path, prepared: Path) -> None:
    with pytest.raises(EcgError, match=r"must know when training ends; set trainer\.max_epochs= or .*\n?$"):
        whole_run(tmp_path / "run", prepared, "trainer.max_epochs=-1")


# ------------------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("trainer", "limit"),
    [
        ({}, None),
        ({"max_epochs": 3, "max_steps": 5}, None),
        ({"limit_train_batches": None, "limit_val_batches": None}, None),
        ({"limit_train_batches": 1.0, "limit_val_batches": 1.0}, None),  # all of them
        ({"limit_train_batches": 1}, 1),  # one of them
        ({"limit_train_batches": 0.5}, 0.5),
        ({"limit_train_batches": 1.0, "limit_val_batches": 2}, 2),
        ({"limit_val_batches": 0}, None),  # no validation: all training beats were seen
        ({"limit_test_batches": 2}, None),  # runs test outside of the trainer
        ({"fast_dev_run": True}, 1),
        ({"fast_dev_run": 3}, 3),
        ({"fast_dev_run": False}, None),
        ({"overfit_batches": 0.25}, 0.25),
        ({"overfit_batches": 4, "limit_train_batches": 1.0}, 4),
        ({"overfit_batches": 0.0}, None),
    ],
)
def test_what_limits_an_epoch_is_told_from_what_does_not(trainer: dict[str, Any], limit: float | None) -> None:
    assert limit_of(trainer) == limit


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a graphics card")
def test_a_missing_graphics_card_is_said_with_a_way_on() -> None:
    with pytest.raises(EcgError, match=r"^trainer\.accelerator=gpu .*trainer=cpu\)$"):
        check_devices(composed("trainer=gpu"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("trainer.gradient_clip_algorithm=none", r"^trainer .*refuses its settings.*gradient_clip_algorithm"),
        ("trainer.limit_train_batches=1.5", r"^trainer .*refuses its settings.*limit_train_batches"),
        ("trainer.check_val_every_n_epoch=0.5", r"trainer\.check_val_every_n_epoch=0\.5: must be a whole number"),
        ("trainer.max_epoch=1", r"unknown key trainer\.max_epoch: did you mean trainer\.max_epochs"),
    ],
)
def test_what_the_trainer_refuses_is_said_in_one_line_before_anything_is_read(typed: str, said: str) -> None:
    with pytest.raises(EcgError, match=said) as refused:
        check_devices(composed(typed))
    assert "\n" not in str(refused.value)


def test_callbacks_are_tried_before_anything_is_read() -> None:
    config = composed("callbacks=default")
    wrong = replace(config, callbacks={"ema": {"_target_": "ecg.training.WeightEMA", "decay": 2.0}})
    with pytest.raises(EcgError, match=r"^callbacks\.ema\.decay=2: must be from 0"):
        check_devices(wrong)


def test_precision_is_chosen_for_the_machine_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecg.training.trainer.choose_precision", lambda wanted, accelerator: f"for {accelerator}")
    assert trainer_node(composed("trainer.precision=auto"))["precision"] == "for cpu"
    assert trainer_node(composed())["precision"] == "32-true"
