"""Schemas of the `trainer` group: where, how long and by which rule weights are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecg.config.checks import in_range, one_of

if TYPE_CHECKING:
    from torch import nn

    from ecg.training.augment import Augment
    from ecg.training.fit import FitSettings
    from ecg.training.optimizers import OptimizerRule, ScheduleRule

LOSSES = ("cross_entropy", "weighted", "focal")
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
SCHEDULES = ("one_cycle", "plateau", "constant")
ACCELERATORS = ("auto", "cpu", "gpu", "mps")
STRATEGIES = ("auto", "ddp")
AUGMENTS = ("auto", "always", "never")
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")
MONITORS = ("val/macro_f1", "val/balanced_accuracy", "val/accuracy", "val/loss")


@dataclass
class LossConfig:
    """What is minimised."""

    name: str = "cross_entropy"
    """cross_entropy; weighted: each class by the inverse of its share in training; focal."""
    focal_gamma: float = 2.0
    """Focusing parameter of the focal loss."""

    def __post_init__(self) -> None:
        one_of("trainer.loss.name", self.name, LOSSES)
        in_range("trainer.loss.focal_gamma", self.focal_gamma, 0, 10)

    def build(self, class_counts: Sequence[int]) -> nn.Module:
        """The loss for training beats of these class counts."""
        from ecg.training.losses import make_loss

        return make_loss(self.name, class_counts, focal_gamma=self.focal_gamma)


@dataclass
class OptimizerConfig:
    """Who minimises it."""

    name: str = "adamw"
    lr: float = 2e-3
    """Learning rate; the highest one under `one_cycle`."""
    weight_decay: float = 0.05
    momentum: float = 0.9
    """Of sgd; the others ignore it."""

    def __post_init__(self) -> None:
        one_of("trainer.optimizer.name", self.name, OPTIMIZERS)
        in_range("trainer.optimizer.lr", self.lr, 0, 10, include_low=False)
        in_range("trainer.optimizer.weight_decay", self.weight_decay, 0, 1)
        in_range("trainer.optimizer.momentum", self.momentum, 0, 1, include_high=False)

    def build(self) -> OptimizerRule:
        """A function from parameters to an optimizer."""
        from ecg.training.optimizers import optimizer_rule

        return optimizer_rule(self.name, lr=self.lr, weight_decay=self.weight_decay, momentum=self.momentum)


@dataclass
class ScheduleConfig:
    """How the learning rate moves."""

    name: str = "one_cycle"
    warmup: float = 0.3
    """Share of the steps on which `one_cycle` rises."""
    factor: float = 0.5
    """By how much `plateau` lowers the rate."""
    patience: int = 3
    """Epochs without a better val/loss before `plateau` lowers it."""

    def __post_init__(self) -> None:
        one_of("trainer.schedule.name", self.name, SCHEDULES)
        in_range("trainer.schedule.warmup", self.warmup, 0, 1, include_low=False, include_high=False)
        in_range("trainer.schedule.factor", self.factor, 0, 1, include_low=False, include_high=False)
        in_range("trainer.schedule.patience", self.patience, 0)

    def build(self) -> ScheduleRule:
        """A function from an optimizer and the number of steps to a scheduler."""
        from ecg.training.optimizers import schedule_rule

        return schedule_rule(self.name, warmup=self.warmup, factor=self.factor, patience=self.patience)


@dataclass
class AugmentConfig:
    """How training beats are varied; zeros leave them as they are."""

    when: str = "auto"
    """auto: on recordings of arrhythmia, where it was measured to help, and never in transfer; always; never."""
    stretch: float = 0.06
    """Largest relative change of the time axis."""
    gain: float = 0.03
    """Standard deviation of the factor on the amplitude."""
    noise: float = 0.01
    """Standard deviation of white noise, in units of the beat's range."""

    def __post_init__(self) -> None:
        one_of("trainer.augment.when", self.when, AUGMENTS)
        in_range("trainer.augment.stretch", self.stretch, 0, 0.5)
        in_range("trainer.augment.gain", self.gain, 0, 1)
        in_range("trainer.augment.noise", self.noise, 0, 1)

    def build(self, *, auto: bool) -> Augment:
        """A function from beats to beats; `auto` says what `when=auto` means for this run."""
        from ecg.training.augment import Augment

        if self.when == "never" or (self.when == "auto" and not auto):
            return Augment()
        return Augment(self.stretch, self.gain, self.noise)


@dataclass
class TrainerConfig:
    """`trainer=cpu|gpu|ddp|debug`."""

    accelerator: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str = "auto"
    """auto: what was measured to be fastest for the device, see experiments/speed."""
    epochs: int = 10
    batch_size: int = 256
    """Beats per batch, per process."""
    limit_batches: int | None = None
    """Batches per epoch; null: all. With it, nothing that comes out is a result."""
    patience: int | None = None
    """Epochs without a better `monitor` before training stops; null: never early."""
    monitor: str = "val/macro_f1"
    """What decides which epoch is best."""
    ema_decay: float | None = 0.998
    """Decay per step of the running mean of the weights, which is what is validated, tested and kept; null: none."""
    gradient_clip: float | None = None
    """Largest norm of the gradient; null: no limit."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        one_of("trainer.accelerator", self.accelerator, ACCELERATORS)
        one_of("trainer.strategy", self.strategy, STRATEGIES)
        one_of("trainer.precision", self.precision, PRECISIONS)
        one_of("trainer.monitor", self.monitor, MONITORS)
        in_range("trainer.devices", self.devices, 1)
        in_range("trainer.epochs", self.epochs, 1)
        in_range("trainer.batch_size", self.batch_size, 2)
        if self.limit_batches is not None:
            in_range("trainer.limit_batches", self.limit_batches, 1)
        if self.patience is not None:
            in_range("trainer.patience", self.patience, 1)
        if self.ema_decay is not None:
            in_range("trainer.ema_decay", self.ema_decay, 0, 1, include_low=False, include_high=False)
        if self.gradient_clip is not None:
            in_range("trainer.gradient_clip", self.gradient_clip, 0, include_low=False)

    def fit_settings(self) -> FitSettings:
        """What the fitting room needs to know, with the precision resolved for this machine."""
        from ecg.training.fit import FitSettings
        from ecg.training.precision import choose_precision

        return FitSettings(
            accelerator=self.accelerator,
            devices=self.devices,
            strategy=self.strategy,
            precision=choose_precision(self.precision, self.accelerator),
            epochs=self.epochs,
            limit_batches=self.limit_batches,
            patience=self.patience,
            monitor=self.monitor,
            ema_decay=self.ema_decay,
            gradient_clip=self.gradient_clip,
        )
