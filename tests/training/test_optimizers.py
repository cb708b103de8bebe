"""Optimizers and schedules by name; every name that the config knows can be built."""

from __future__ import annotations

import pytest
import torch
from torch import nn, optim

from ecg.config.trainer import OPTIMIZERS, SCHEDULES, OptimizerConfig, ScheduleConfig
from ecg.training.optimizers import optimizer_rule, schedule_rule

KINDS = {"adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop, "sgd": optim.SGD}


def sgd(lr: float = 1.0) -> optim.Optimizer:
    return optimizer_rule("sgd", lr=lr, weight_decay=0, momentum=0)([nn.Parameter(torch.zeros(1))])


def rates(name: str, steps: int, losses: list[float] | None = None, **settings: float) -> list[float]:
    """The learning rate at each step."""
    values = {"warmup": 0.3, "factor": 0.1, "patience": 1, **settings}
    optimizer = sgd()
    schedule = schedule_rule(name, **values)(optimizer, steps)  # type: ignore[arg-type]
    seen = []
    for step in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step(*([losses[step]] if losses else []))
    return seen


def test_every_optimizer_of_the_config_is_tested_here() -> None:
    assert set(KINDS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_gets_its_settings_and_learns(name: str) -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = OptimizerConfig(name=name, lr=0.01, weight_decay=0.1).build()([weight])
    assert type(optimizer) is KINDS[name]
    assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.01, 0.1)
    (weight**2).sum().backward()
    optimizer.step()
    assert float(weight.detach()) < 1


def test_only_sgd_takes_momentum() -> None:
    made = {n: optimizer_rule(n, lr=1, weight_decay=0, momentum=0.7)([nn.Parameter(torch.zeros(1))]) for n in KINDS}
    assert made["sgd"].defaults["momentum"] == 0.7
    assert made["rmsprop"].defaults["momentum"] == 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_of_the_config_can_be_built(name: str) -> None:
    schedule = ScheduleConfig(name=name).build()(sgd(), 10)
    assert (schedule is None) == (name == "constant")


def test_one_cycle_rises_to_the_given_rate_during_warmup_and_ends_near_zero() -> None:
    seen = rates("one_cycle", 100, warmup=0.3)
    assert max(seen) == pytest.approx(1.0, rel=1e-3)
    assert seen.index(max(seen)) == pytest.approx(30, abs=2)
    assert seen[0] < 0.1
    assert seen[-1] < 1e-3


def test_one_cycle_bears_a_single_step() -> None:
    assert len(rates("one_cycle", 1)) == 1


def test_plateau_lowers_the_rate_after_its_patience() -> None:
    seen = rates("plateau", 6, losses=[1.0, 1.0, 1.0, 1.0, 0.5, 0.5], patience=1, factor=0.1)
    assert seen == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1])


def test_constant_stays() -> None:
    assert rates("constant", 5) == [1.0] * 5
