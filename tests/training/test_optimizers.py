"""Optimizers and schedulers out of their nodes: those of conf/ and any other of PyTorch's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from ecg.config.compose import choices, compose, node
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.training import BeatClassifier
from ecg.training.optimizers import make_optimizer, make_scheduler

pytestmark = pytest.mark.filterwarnings("ignore")
Sides = Callable[..., tuple[Any, Any]]
OF_CONF = {"adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop, "sgd": optim.SGD}
SCHEDULERS_OF_CONF = {
    "constant": lr_scheduler.ConstantLR,
    "cosine": lr_scheduler.CosineAnnealingLR,
    "one_cycle": lr_scheduler.OneCycleLR,
    "plateau": lr_scheduler.ReduceLROnPlateau,
    "step": lr_scheduler.StepLR,
}
ANY_OPTIMIZER = (
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "NAdam", "RAdam", "RMSprop",
    "Rprop", "SGD",
)  # fmt: skip
ANY_SCHEDULER: Mapping[str, dict[str, Any]] = {
    "ConstantLR": {"factor": 0.5, "total_iters": 2},
    "CosineAnnealingLR": {"interval": "step"},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.001, "step_size_up": 4, "interval": "step", "cycle_momentum": False},
    "ExponentialLR": {"gamma": 0.5},
    "LinearLR": {"interval": "step"},
    "MultiStepLR": {"milestones": [1, 2]},
    "OneCycleLR": {"interval": "step"},
    "PolynomialLR": {"interval": "step"},
    "ReduceLROnPlateau": {"patience": 0, "mode": "max", "monitor": "val/accuracy"},
    "StepLR": {"step_size": 1},
}


def sgd(lr: float = 1.0, *factors: float) -> optim.Optimizer:
    """One weight per factor on the rate; without any, one weight."""
    weights = [nn.Parameter(torch.zeros(1)) for _ in factors or (1,)]
    learned = [{"params": [w], "lr_factor": f} for w, f in zip(weights, factors, strict=True)] if factors else weights
    return make_optimizer({"_target_": "torch.optim.SGD", "lr": lr}, learned)  # type: ignore[arg-type]


def rates(wanted: dict[str, Any], steps: int, losses: list[float] | None = None) -> list[float]:
    """The learning rate at each step, or epoch."""
    optimizer = sgd()
    made = make_scheduler(wanted, optimizer, steps)
    assert made is not None
    scheduler: Any = made["scheduler"]
    seen = []
    for step in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([losses[step]] if losses else []))
    return seen


class Rates(pl.Callback):
    """Notes the learning rate of every step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_train_batch_start(self, trainer: pl.Trainer, *args: object) -> None:
        self.seen.append(trainer.optimizers[0].param_groups[0]["lr"])


def trained(model: LayeredModel, sides: tuple[Any, Any], *, epochs: int = 3, **more: Any) -> tuple[Rates, pl.Trainer]:
    rates = Rates()
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[rates],
        enable_checkpointing=False,
        num_sanity_val_steps=0,
        **quiet,  # type: ignore[arg-type]
    )
    trainer.fit(BeatClassifier(model, **more), *sides)
    return rates, trainer


def test_every_optimizer_and_scheduler_of_conf_is_tested_here() -> None:
    assert set(OF_CONF) == set(choices("optimizer"))
    assert set(SCHEDULERS_OF_CONF) == set(choices("scheduler"))


@pytest.mark.parametrize("name", OF_CONF)
def test_an_optimizer_of_conf_gets_its_settings_and_learns(name: str) -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = make_optimizer({**node("optimizer", name), "lr": 0.01, "weight_decay": 0.1}, [weight])
    assert type(optimizer) is OF_CONF[name]
    assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.01, 0.1)
    (weight**2).sum().backward()
    optimizer.step()
    assert float(weight.detach()) < 1


@pytest.mark.parametrize("name", ANY_OPTIMIZER)
def test_any_optimizer_of_torch_trains_by_its_import_path(
    tiny: Callable[[], LayeredModel], sides: Sides, name: str
) -> None:
    model, before = tiny(), tiny().state_dict()
    _, trainer = trained(model, sides(), epochs=1, optimizer={"_target_": f"torch.optim.{name}"}, scheduler=None)
    assert type(trainer.optimizers[0]) is getattr(optim, name)
    assert not torch.equal(model.head.weight, before["layers.head.weight"])  # type: ignore[arg-type]
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_any_optimizer_can_be_typed() -> None:
    config = compose("optimizer._target_=torch.optim.NAdam", "optimizer.lr=0.25", "optimizer.momentum_decay=0.01")
    optimizer = make_optimizer(config.optimizer, [nn.Parameter(torch.zeros(1))])
    assert type(optimizer) is optim.NAdam
    assert (optimizer.defaults["lr"], optimizer.defaults["momentum_decay"]) == (0.25, 0.01)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "Adagrad", "RMSprop", "SGD", "NAdam"])
@pytest.mark.parametrize("clipped", [False, True])
def test_the_fast_form_of_an_optimizer_takes_the_plain_form_s_step(name: str, clipped: bool) -> None:
    settings: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.2, **({"momentum": 0.7} if name == "SGD" else {})}
    weights = [nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2)]
    fast = make_optimizer({"_target_": f"torch.optim.{name}", **settings}, [weights[0]], clipped=clipped)
    slow = getattr(optim, name)([weights[1]], **settings, foreach=False)
    assert fast.defaults["foreach"] or fast.defaults["fused"]
    assert not (clipped and fast.defaults.get("fused"))
    for optimizer, weight in ((fast, weights[0]), (slow, weights[1])):
        for step in range(3):
            weight.grad = torch.cos(torch.arange(7.0) + step)
            optimizer.step()
    torch.testing.assert_close(weights[0], weights[1])


@pytest.mark.parametrize("form", ["foreach", "fused", "capturable", "differentiable"])
def test_a_form_that_was_set_is_kept(form: str) -> None:
    made = make_optimizer({"_target_": "torch.optim.Adam", form: False}, [nn.Parameter(torch.zeros(1))])
    assert not made.defaults["fused"]
    assert made.defaults[form] is False


def test_a_wrong_setting_of_an_optimizer_is_said_in_one_line_with_its_node() -> None:
    wrong = {"_target_": "torch.optim.Adam", "lr": -1.0}
    with pytest.raises(EcgError, match=r"^optimizer \(torch\.optim\.Adam\) refuses its settings: .*-1\.0$"):
        make_optimizer(wrong, [nn.Parameter(torch.zeros(1))])


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_whatever_the_precision_and_the_form_of_the_optimizer(
    tiny: Callable[[], LayeredModel], sides: Sides, precision: str, clip: float | None
) -> None:
    made = BeatClassifier(tiny())
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=1,
        precision=precision,  # type: ignore[arg-type]
        gradient_clip_val=clip,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    trainer.fit(made, *sides())
    assert trainer.global_step == 5


# ------------------------------------------------------------------------------------------------------ schedulers


@pytest.mark.parametrize("name", SCHEDULERS_OF_CONF)
def test_every_scheduler_of_conf_can_be_built(name: str) -> None:
    made = make_scheduler(node("scheduler", name), sgd(), 10)
    assert made is not None
    assert type(made["scheduler"]) is SCHEDULERS_OF_CONF[name]


@pytest.mark.parametrize("name", ANY_SCHEDULER)
def test_any_scheduler_of_torch_moves_the_rate_by_its_import_path(
    tiny: Callable[[], LayeredModel], sides: Sides, name: str
) -> None:
    wanted = {"_target_": f"torch.optim.lr_scheduler.{name}", **ANY_SCHEDULER[name]}
    optimizer = {"_target_": "torch.optim.SGD", "lr": 0.1}
    found, trainer = trained(tiny(), sides(), epochs=4, optimizer=optimizer, scheduler=wanted)
    (config,) = trainer.lr_scheduler_configs
    assert type(config.scheduler) is getattr(lr_scheduler, name)
    within = [len(set(found.seen[at : at + 5])) for at in range(0, 20, 5)]
    assert max(within) == (5 if wanted.get("interval") == "step" else 1)
    assert len(set(found.seen)) > 1


def test_every_scheduler_that_takes_plain_values_is_tested_here() -> None:
    takes_others = {"ChainedScheduler", "SequentialLR", "LambdaLR", "MultiplicativeLR", "LRScheduler", "_LRScheduler"}
    there = {
        name
        for name, one in vars(lr_scheduler).items()
        if inspect.isclass(one) and issubclass(one, lr_scheduler.LRScheduler)
    }
    assert there - takes_others <= set(ANY_SCHEDULER)


def test_any_scheduler_can_be_typed() -> None:
    typed = ("scheduler._target_=torch.optim.lr_scheduler.ExponentialLR", "scheduler.gamma=0.5", "~scheduler.pct_start")
    config = compose(*typed, "scheduler.interval=epoch")
    assert config.scheduler is not None
    assert rates(config.scheduler, 4) == [1, 0.5, 0.25, 0.125]


def test_without_a_scheduler_the_rate_stays_as_it_is(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    found, trainer = trained(tiny(), sides(), epochs=2, scheduler=None)
    assert trainer.lr_scheduler_configs == []
    assert found.seen == [node("optimizer", "adamw")["lr"]] * 10


def test_one_cycle_rises_to_the_optimizers_rate_and_ends_near_zero() -> None:
    seen = rates(node("scheduler", "one_cycle"), 100)
    assert max(seen) == pytest.approx(1.0, rel=1e-3)
    assert seen.index(max(seen)) == pytest.approx(30, abs=2)
    assert seen[0] < 0.1
    assert seen[-1] < 1e-3


@pytest.mark.parametrize(
    ("max_lr", "expected"), [(0.5, [0.5, 0.25]), (None, [1.0, 0.5]), ([0.3, 0.2], [0.3, 0.2]), (2, [2.0, 1.0])]
)
def test_a_highest_rate_that_is_set_goes_before_the_optimizers_and_keeps_the_layers_share(
    max_lr: object, expected: list[float]
) -> None:
    wanted = {**node("scheduler", "one_cycle"), **({} if max_lr is None else {"max_lr": max_lr})}
    optimizer = sgd(1.0, 1.0, 0.5)
    made = make_scheduler(wanted, optimizer, 20)
    assert made is not None
    assert [group["max_lr"] for group in optimizer.param_groups] == pytest.approx(expected)


def test_one_cycle_with_a_highest_rate_reaches_it_in_training(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    wanted = {**node("scheduler", "one_cycle"), "max_lr": 0.03, "pct_start": 0.5}
    found, _ = trained(tiny(), sides(), epochs=4, scheduler=wanted)
    assert max(found.seen) == pytest.approx(0.03, rel=0.02)


def test_one_cycle_bears_a_single_step() -> None:
    assert len(rates(node("scheduler", "one_cycle"), 1)) == 1


def test_one_cycle_takes_epochs_and_steps_of_ones_own() -> None:
    wanted = {**node("scheduler", "one_cycle"), "epochs": 2, "steps_per_epoch": 5}
    made = make_scheduler(wanted, sgd(), float("inf"))
    assert made is not None
    assert made["scheduler"].total_steps == 10  # type: ignore[union-attr]


def test_cosine_falls_over_the_whole_training() -> None:
    seen = rates(node("scheduler", "cosine"), 20)
    assert seen[0] == 1
    assert seen[10] == pytest.approx(0.5)
    assert seen[-1] < 0.01


def test_plateau_lowers_the_rate_after_its_patience() -> None:
    wanted = {**node("scheduler", "plateau"), "patience": 1, "factor": 0.1}
    assert rates(wanted, 6, losses=[1.0, 1.0, 1.0, 1.0, 0.5, 0.5]) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1])


def test_plateau_watches_the_metric_that_is_named(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    lowered = {}
    for mode in ("min", "max"):  # of a metric that is always 0 one way or the other: never better
        wanted = {**node("scheduler", "plateau"), "patience": 0, "monitor": "val/accuracy", "mode": mode}
        wanted |= {"threshold": 10.0, "threshold_mode": "abs"}
        lowered[mode] = len(set(trained(tiny(), sides(), epochs=3, scheduler=wanted)[0].seen))
    assert lowered == {"min": 2, "max": 2}
    never = {**wanted, "monitor": "val/nothing"}
    assert len(set(trained(tiny(), sides(), epochs=3, scheduler=never)[0].seen)) == 1


def test_constant_stays() -> None:
    assert rates(node("scheduler", "constant"), 7) == [1.0] * 7


@pytest.mark.parametrize("name", ["one_cycle", "cosine"])
def test_a_scheduler_that_needs_an_end_says_so_where_training_has_none(
    tiny: Callable[[], LayeredModel], sides: Sides, name: str
) -> None:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=-1, enable_checkpointing=False, **quiet)  # type: ignore[arg-type]
    key = {"one_cycle": "total_steps", "cosine": "T_max"}[name]
    said = rf"must know when training ends; set trainer\.max_epochs= or trainer\.max_steps=, or scheduler\.{key}=$"
    with pytest.raises(EcgError, match=said):
        trainer.fit(BeatClassifier(tiny(), scheduler=node("scheduler", name)), *sides())
    assert trainer.global_step == 0


@pytest.mark.parametrize(
    ("name", "more"), [("one_cycle", {"total_steps": 100}), ("cosine", {"T_max": 5}), ("step", {}), ("constant", {})]
)
def test_a_training_without_end_takes_schedulers_that_need_none(name: str, more: dict[str, Any]) -> None:
    assert make_scheduler({**node("scheduler", name), **more}, sgd(), float("inf")) is not None


def test_a_wrong_setting_of_a_scheduler_is_said_in_one_line_with_its_node() -> None:
    wrong = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 3, "gama": 0.1}
    with pytest.raises(EcgError, match=r"^scheduler \(torch\.optim\.lr_scheduler\.StepLR\) refuses .*gama.*$"):
        make_scheduler(wrong, sgd(), 10)


def test_functions_are_taken_as_they_are(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    found, trainer = trained(
        tiny(),
        sides(),
        epochs=2,
        optimizer=lambda p: optim.SGD(p, lr=0.5),
        scheduler=lambda o: lr_scheduler.StepLR(o, step_size=1, gamma=0.1),
    )
    assert type(trainer.optimizers[0]) is optim.SGD
    assert found.seen == pytest.approx([0.5] * 5 + [0.05] * 5)
