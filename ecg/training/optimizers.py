"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from torch import optim
from torch.nn import Parameter
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

OptimizerRule = Callable[[Iterable[Parameter]], optim.Optimizer]
ScheduleRule = Callable[[optim.Optimizer, int], LRScheduler | None]


def optimizer_rule(name: str, *, lr: float, weight_decay: float, momentum: float) -> OptimizerRule:
    """A function from parameters to the optimizer called `name`: adam, adamw, rmsprop or sgd."""
    if name == "sgd":
        return partial(optim.SGD, lr=lr, weight_decay=weight_decay, momentum=momentum)
    plain = {"adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop}[name]
    return partial(plain, lr=lr, weight_decay=weight_decay)


def schedule_rule(name: str, *, warmup: float, factor: float, patience: int) -> ScheduleRule:
    """A function from an optimizer and the number of steps to a scheduler, None for `constant`.

    `one_cycle` moves every step (Smith & Topin 2018, arXiv:1708.07120), `plateau` once per epoch by val/loss.
    """

    def one_cycle(optimizer: optim.Optimizer, steps: int) -> LRScheduler:
        highest = [group["lr"] for group in optimizer.param_groups]
        return OneCycleLR(optimizer, highest, total_steps=max(steps, 2), pct_start=warmup)

    def plateau(optimizer: optim.Optimizer, steps: int) -> LRScheduler:
        return ReduceLROnPlateau(optimizer, factor=factor, patience=patience)

    def constant(optimizer: optim.Optimizer, steps: int) -> None:
        return None

    return {"one_cycle": one_cycle, "plateau": plateau, "constant": constant}[name]
