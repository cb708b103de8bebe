"""The Lightning trainer of a run: the user's own parameters, callbacks and loggers beside what every run keeps."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, ProgressBar, WeightAveraging
from pytorch_lightning.loggers import Logger
from rich.console import Console

from ecg.config import RunConfig
from ecg.config.build import build
from ecg.errors import EcgError
from ecg.runs.folder import RunFolder
from ecg.training.bar import TrainingBar
from ecg.training.checkpoints import BestEpoch, LastEpoch, WholeCheckpoints
from ecg.training.history import History
from ecg.training.processor import choose_precision, keep_freed_memory


def trainer_node(config: RunConfig) -> dict[str, Any]:
    """The trainer's node with the precision resolved for this machine."""
    node = config.trainer
    precision, accelerator = node.get("precision", "auto"), node.get("accelerator", "auto")
    return node | {"precision": choose_precision(precision, accelerator) if precision == "auto" else precision}


def limit_of(trainer: Mapping[str, Any]) -> float | None:
    """How many batches an epoch is limited to (or which share of them): nothing that comes out is then a result.

    None where there is no limit.
    """
    for name in ("fast_dev_run", "overfit_batches"):
        if value := trainer.get(name):
            return float(value)
    for name in ("limit_train_batches", "limit_val_batches"):
        value = trainer.get(name)
        all_of_them = isinstance(value, float) and value == 1
        if value is not None and not all_of_them and (value or name == "limit_train_batches"):
            return float(value)  # no validation at all is a choice, not a limit
    return None


def check_devices(config: RunConfig) -> list[Callback]:
    """Refuse an accelerator, a number of devices or any other setting that a trainer does not take on this machine.

    Returns:
        The configuration's callbacks, built to be looked at.

    Raises:
        EcgError: so it is; the message says what to choose.
    """
    _quiet()
    node = trainer_node(config)
    quiet = {"logger": False, "enable_model_summary": False, "enable_progress_bar": False, "callbacks": None}
    try:
        build({**node, "enable_checkpointing": False, **quiet}, "trainer")
    except EcgError as error:
        about_devices = any(
            word in str(error).lower() for word in ("accelerator", "device", "gpu", "cuda", "precision")
        )
        hint = f" (here: {torch.cuda.device_count()} graphics cards; try trainer=cpu)" if about_devices else ""
        asked = " ".join(f"trainer.{k}={node[k]}" for k in ("accelerator", "devices") if k in node)
        raise EcgError(f"{asked}: {error}{hint}" if hint else str(error)) from error
    return _callbacks(config)


def _callbacks(config: RunConfig) -> list[Callback]:
    return [build(one, f"callbacks.{name}") for name, one in config.callbacks.items() if one is not None]


def make_trainer(
    config: RunConfig,
    folder: RunFolder,
    loggers: Sequence[Logger],
    *,
    settings: Mapping[str, Any] | None = None,
    more: Sequence[Callback] = (),
) -> tuple[pl.Trainer, History]:
    """A trainer that keeps best.ckpt and last.ckpt at each epoch's end, and the history it writes.

    The machine must have what `config` asks for: see `check_devices`.

    Args:
        config: of the run.
        folder: where checkpoints and the history go.
        loggers: open ones; empty for none.
        settings: parameters of the trainer in place of the configuration's.
        more: callbacks beside the configuration's.
    """
    _quiet()
    keep_freed_memory()
    node = trainer_node(config) | dict(settings or {})
    history = History(folder.history, config.monitor)
    own = _callbacks(config)
    average = next((one for one in own if isinstance(one, WeightAveraging)), None)
    callbacks: list[Callback] = [history]
    if node.get("enable_checkpointing") is not False and not node.get("fast_dev_run"):
        best = BestEpoch(average, dirpath=folder.checkpoints, monitor=config.monitor, mode=config.mode)
        callbacks += [best, LastEpoch(dirpath=folder.checkpoints)]
        node["enable_checkpointing"] = True
    callbacks += [*own, *more]
    watched, own_bar = Console(stderr=True).is_terminal, any(isinstance(one, ProgressBar) for one in own)
    if watched and node.get("enable_progress_bar") is not False and not own_bar:
        callbacks.append(TrainingBar(config.monitor))
    node.setdefault("enable_progress_bar", watched or own_bar)
    given = {"callbacks": callbacks, "plugins": [WholeCheckpoints()], "default_root_dir": folder.path}
    return build(node, "trainer", logger=list(loggers) or False, **given), history


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
