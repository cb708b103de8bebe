"""Optimizers and learning-rate schedulers out of their nodes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

import pytorch_lightning as pl
from pytorch_lightning.plugins.precision import MixedPrecision
from pytorch_lightning.utilities.types import LRSchedulerConfigType
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ecg.config.build import build
from ecg.config.signature import signature
from ecg.errors import EcgError
from ecg.targets import locate

Learned = Sequence[Parameter] | Sequence[dict[str, Any]]
"""Parameters; or groups `{"params": ..., "lr_factor": ...}` whose learning rate is the optimizer's times the factor."""

OptimizerLike = Mapping[str, Any] | Callable[[Any], Optimizer]
"""A node such as `{"_target_": "torch.optim.AdamW", "lr": 1e-3}`, or a function from parameters to an optimizer."""

SchedulerLike = Mapping[str, Any] | Callable[[Optimizer], Any] | None
"""A node such as `{"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 5, "interval": "epoch"}`, a function
from an optimizer to a scheduler that moves once per epoch, or None for a rate that stays as it is."""

NEVER = 2**62
"""A frequency in epochs at which Lightning never steps a scheduler by itself."""
OF_LIGHTNING = ("interval", "frequency", "monitor")
"""Keys of a scheduler's node that are Lightning's, not the scheduler's."""
ALL_STEPS = ("total_steps", "T_max", "total_iters")
"""Names that schedulers have for the number of steps of a whole training."""


def make_optimizer(wanted: OptimizerLike, learned: Learned, *, clipped: bool = False) -> Optimizer:
    """The optimizer over what is learned.

    Args:
        wanted: its node, or what makes it.
        learned: parameters, or groups of them.
        clipped: whether the trainer clips gradients in mixed precision, which Lightning does not do for fused
            optimizers.

    Raises:
        EcgError: it refuses its settings.
    """
    if not isinstance(wanted, Mapping):
        return wanted(learned)
    takes = signature(locate(wanted["_target_"], "optimizer._target_")).parameters
    lr = wanted.get("lr", getattr(takes.get("lr"), "default", None))
    groups = [
        {"params": part["params"], "lr": lr * part["lr_factor"]} if isinstance(part, dict) else part for part in learned
    ]
    made: Optimizer = build(wanted, "optimizer", params=groups, **_fast(takes, wanted, groups, clipped=clipped))
    return made


def _fast(takes: Collection[str], wanted: Collection[str], groups: Sequence[Any], *, clipped: bool) -> dict[str, bool]:
    """One pass over all tensors instead of many; on a processor Adam then takes an eighth of the time for a step.

    Elsewhere PyTorch chooses by itself.
    """
    parameters = [p for group in groups for p in (group["params"] if isinstance(group, dict) else [group])]
    chosen = any(key in wanted for key in ("fused", "foreach", "capturable", "differentiable"))
    if chosen or not all(p.device.type == "cpu" and p.is_floating_point() for p in parameters):
        return {}
    return {"fused": True} if "fused" in takes and not clipped else {"foreach": True} if "foreach" in takes else {}


def mixed(trainer: pl.Trainer) -> bool:
    """Whether a trainer computes in two precisions."""
    return isinstance(trainer.precision_plugin, MixedPrecision)


def make_scheduler(
    wanted: SchedulerLike, optimizer: Optimizer, steps: float, epochs: int | None = None
) -> LRSchedulerConfigType | None:
    """The scheduler as Lightning takes it; None for a rate that stays as it is.

    A scheduler that wants to know the number of its steps (or epochs, where it moves once for each) is told it, and one
    with a highest rate gets the optimizer's, unless its node says them.

    Args:
        wanted: its node, or what makes it.
        optimizer: whose rate it moves.
        steps: optimizer steps of the whole training; infinite where it has no end.
        epochs: of the whole training; None or -1 where it has no end.

    Raises:
        EcgError: it refuses its settings, or needs an end of the training that there is none of.
    """
    if wanted is None:
        return None
    if not isinstance(wanted, Mapping):
        return _as_lightning_takes_it(wanted(optimizer), {})
    node = {key: value for key, value in wanted.items() if key not in OF_LIGHTNING}
    takes = signature(locate(node["_target_"], "scheduler._target_")).parameters
    timed = [name for name in ALL_STEPS if name in takes and name not in node]
    said_otherwise = {"epochs", "steps_per_epoch"} <= set(node)
    given: dict[str, Any] = {"optimizer": optimizer}
    if timed and not said_otherwise and timed != ["total_iters"]:
        whole = steps if wanted.get("interval") == "step" else epochs or -1
        if whole == float("inf") or whole < 0:
            ways = f"set trainer.max_epochs= or trainer.max_steps=, or scheduler.{timed[0]}="
            raise EcgError(f"scheduler ({node['_target_']}) must know when training ends; {ways}")
        given |= dict.fromkeys(timed, max(int(whole), 2))
    if "max_lr" in takes:
        rates = [group["lr"] for group in optimizer.param_groups]
        highest, top = node.get("max_lr"), max(rates)
        if not isinstance(highest, Sequence):  # else one for each group, as they are
            node.pop("max_lr", None)
            given["max_lr"] = rates if highest is None else [highest * rate / top for rate in rates]
    return _as_lightning_takes_it(build(node, "scheduler", **given), wanted)


def step_plateaus(trainer: pl.Trainer) -> None:
    """Step plateau schedulers at an epoch's end, before its checkpoint is written: they are resumed as they were."""
    for config in trainer.lr_scheduler_configs:
        value = trainer.callback_metrics.get(str(config.monitor))
        if isinstance(config.scheduler, ReduceLROnPlateau) and value is not None:
            config.scheduler.step(value)


def _as_lightning_takes_it(scheduler: Any, said: Mapping[str, Any]) -> LRSchedulerConfigType:
    if isinstance(scheduler, ReduceLROnPlateau):
        # Lightning would step it after the checkpoint is written; see step_plateaus
        return {"scheduler": scheduler, "monitor": said.get("monitor", "val/loss"), "frequency": NEVER}
    own = {key: said[key] for key in OF_LIGHTNING if key in said}
    return cast(LRSchedulerConfigType, {"scheduler": scheduler, "interval": "epoch", "frequency": 1, **own})
