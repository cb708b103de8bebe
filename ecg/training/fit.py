"""Fitting: a Lightning trainer with checkpoints, history, early stopping and averaged weights."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, EarlyStopping, RichProgressBar
from pytorch_lightning.loggers import Logger
from rich.console import Console

from ecg.errors import EcgError
from ecg.training.checkpoints import BestEpoch, LastEpoch, WholeCheckpoints
from ecg.training.folder import RunFolder
from ecg.training.history import History
from ecg.training.memory import keep_freed_memory
from ecg.training.running_mean import RunningMean


@dataclass(frozen=True)
class FitSettings:
    """How to fit; see `ecg.config.TrainerConfig` for the meaning of each."""

    accelerator: str
    devices: int
    strategy: str
    precision: str
    epochs: int
    limit_batches: int | None
    patience: int | None
    monitor: str
    ema_decay: float | None
    gradient_clip: float | None

    @property
    def mode(self) -> str:
        """Whether less or more of `monitor` is better."""
        return "min" if self.monitor.endswith("loss") else "max"


def check_devices(settings: FitSettings) -> None:
    """Refuse an accelerator, a number of devices or a precision that this machine does not have.

    Raises:
        EcgError: so it is; the message says what to choose.
    """
    _quiet()
    try:
        pl.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            strategy=settings.strategy,
            precision=settings.precision,  # type: ignore[arg-type]
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
        )
    except (MisconfigurationException, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise EcgError(
            f"trainer.accelerator={settings.accelerator} trainer.devices={settings.devices}: {reason} "
            f"(here: {torch.cuda.device_count()} graphics cards; try trainer=cpu)"
        ) from None


def make_trainer(settings: FitSettings, folder: RunFolder, logger: Logger | None) -> tuple[pl.Trainer, History]:
    """A trainer that keeps best.ckpt and last.ckpt at each epoch's end, and the history it writes.

    The machine must have what `settings` ask for: see `check_devices`.
    """
    _quiet()
    keep_freed_memory()
    history = History(folder.history, settings.monitor)
    mean = RunningMean(settings.ema_decay) if settings.ema_decay is not None else None
    best = BestEpoch(mean, dirpath=folder.checkpoints, monitor=settings.monitor, mode=settings.mode)
    callbacks: list[Callback] = [history, best, LastEpoch(dirpath=folder.checkpoints)]
    if mean is not None:
        callbacks.append(mean)
    if settings.patience is not None:
        stop = EarlyStopping(
            settings.monitor, mode=settings.mode, patience=settings.patience, check_on_train_epoch_end=True
        )
        callbacks.append(stop)
    watched = Console(stderr=True).is_terminal
    if watched:
        callbacks.append(RichProgressBar(leave=False))
    limit: Any = settings.limit_batches if settings.limit_batches is not None else 1.0
    trainer = pl.Trainer(
        accelerator=settings.accelerator,
        devices=settings.devices,
        strategy=settings.strategy,
        precision=settings.precision,  # type: ignore[arg-type]
        max_epochs=settings.epochs,
        limit_train_batches=limit,
        limit_val_batches=limit,
        gradient_clip_val=settings.gradient_clip,
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        logger=logger or False,
        default_root_dir=folder.path,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_progress_bar=watched,
        log_every_n_steps=10,
        use_distributed_sampler=False,  # TensorBatches shares out the beats itself
    )
    return trainer, history


def best_weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    """The model's tensors in best.ckpt (the running means, where weights were averaged).

    Raises:
        EcgError: no checkpoint was written, or it is damaged.
    """
    path = folder.checkpoints / "best.ckpt"
    if not path.is_file():
        raise EcgError(f"{path} is missing: training ended before its first epoch did")
    state = _stored(path)["state_dict"]
    return {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}


@dataclass(frozen=True)
class ResumePoint:
    """A checkpoint to go on from, and the number of whole epochs behind it."""

    path: Path
    epochs: int


def resume_point(folder: RunFolder) -> ResumePoint | None:
    """Where an interrupted run goes on, None where no epoch was finished.

    Raises:
        EcgError: the last checkpoint is damaged.
    """
    path = folder.last_checkpoint
    if not path.is_file():
        return None
    return ResumePoint(path, int(_stored(path)["epoch"]) + 1)


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError):
        raise EcgError(f"{path} is damaged; without it, the run begins again from its first epoch") from None
    return stored


def _quiet() -> None:
    """Silence what Lightning says about choices that are made here on purpose."""
    for name in ("pytorch_lightning.utilities.rank_zero", "pytorch_lightning.accelerators.cuda", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message=".*is deprecated, use .isinstance.treespec.*")
    warnings.filterwarnings("ignore", message=".*number of training batches.*smaller than the logging interval")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*Checkpoint directory.*")
    warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")  # the frozen layers
