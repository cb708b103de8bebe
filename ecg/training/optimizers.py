"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import optim
from torch.nn import Parameter
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

Learned = Sequence[Parameter] | Sequence[dict[str, Any]]
"""Parameters; or groups `{"params": ..., "lr_factor": ...}` whose learning rate is the rule's times the factor."""

OptimizerRule = Callable[[Learned], optim.Optimizer]
ScheduleRule = Callable[[optim.Optimizer, int], LRScheduler | None]


def optimizer_rule(name: str, *, lr: float, weight_decay: float, momentum: float) -> OptimizerRule:
    """A function from what is learned to the optimizer called `name`: adam, adamw, rmsprop or sgd."""
    if name == "sgd":
        kind: Callable[..., optim.Optimizer] = partial(optim.SGD, momentum=momentum)
    else:
        kind = {"adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop}[name]

    def build(learned: Learned) -> optim.Optimizer:
        groups = [
            {"params": part["params"], "lr": lr * part["lr_factor"]} if isinstance(part, dict) else part
            for part in learned
        ]
        return kind(groups, lr=lr, weight_decay=weight_decay, **_fast(name, groups))

    return build


def _fast(name: str, groups: Sequence[Any]) -> dict[str, bool]:
    """One pass over all tensors instead of many; on a processor Adam then takes an eighth of the time for a step.

    Elsewhere PyTorch chooses by itself.
    """
    parameters = [p for group in groups for p in (group["params"] if isinstance(group, dict) else [group])]
    if not all(p.device.type == "cpu" and p.is_floating_point() for p in parameters):
        return {}
    return {"foreach": True} if name == "rmsprop" else {"fused": True}


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
