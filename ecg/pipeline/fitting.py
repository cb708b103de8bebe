"""Fitting a prepared model: the head alone first where asked for, then all that learns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import WeightAveraging
from pytorch_lightning.loggers import Logger
from torch import nn

from ecg.config import RunConfig
from ecg.config.signature import signature
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.pipeline.source import augment_of
from ecg.runs.checkpoints import ResumePoint, best_weights, last_weights, resume_point
from ecg.runs.folder import RunFolder
from ecg.targets import locate
from ecg.training.classifier import BeatClassifier, recipe_of
from ecg.training.history import History
from ecg.training.pruning import Pruning
from ecg.training.trainer import make_trainer
from ecg.transfer import Start, Transfer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """What fitting gave.

    Attributes:
        history: of the epochs.
        probe_s: time that the head alone took before, in s.
        before_s: time that was spent before a resumption, on epochs and on the head alone, in s.
        pruned_after: the number of epochs after which a search ended the training; None where it did not.
    """

    history: History
    probe_s: float = 0.0
    before_s: float = 0.0
    pruned_after: int | None = None


def fit(
    config: RunConfig,
    transfer: Transfer,
    start: Start,
    folder: RunFolder,
    loggers: Sequence[Logger],
    *,
    resume: bool,
    pruning: Pruning | None = None,
) -> Fitted:
    """Train, from the last whole epoch on where there is one; the model ends with its best weights.

    Args:
        config: of the run.
        transfer: what is retrained.
        start: the model as training begins.
        folder: of the run.
        loggers: open ones.
        resume: whether the folder's run goes on.
        pruning: of a search's trial.

    Raises:
        EcgError: a damaged checkpoint.
    """
    point = resume_point(folder)
    if resume and point is None:
        log.warning("%s has no checkpoint: no epoch was kept, so it begins again from its first", folder.path)
    probe_s = 0.0
    if transfer.probe_first and len(start.fitted.names) - len(start.frozen) > 1:
        probe_s = _probe(config, transfer, start, folder, needed=point is None)
    classifier = _classifier(config, transfer, start.fitted, start.data, start.frozen)
    history, before_s = trained(config, classifier, start.fitted, start.data, folder, loggers, point, pruning=pruning)
    _complete(folder, start)
    pruned_after = pruning.after if pruning is not None else None
    return Fitted(history, probe_s, before_s + (probe_s if point is not None else 0.0), pruned_after)


def _probe(config: RunConfig, transfer: Transfer, start: Start, folder: RunFolder, *, needed: bool) -> float:
    """Train the head on what the layers before it give now; the rest stays as it is. Returns the time it took in s."""
    probe = RunFolder(folder.path / "probe")
    if not needed:  # the layers were trained on from it before this process began
        history = History(probe.history, config.monitor)
        history.restore(transfer.probe_epochs)
        return history.seconds
    log.info("the head alone first, %d epochs", transfer.probe_epochs)
    probe.make()
    fitted = start.fitted
    learning = {id(p) for p in fitted.parameters() if p.requires_grad}
    settings = {"max_epochs": transfer.probe_epochs}
    classifier = _classifier(config, transfer, fitted, start.data, fitted.names[:-1])
    history, _ = trained(config, classifier, fitted, start.data, probe, (), resume_point(probe), settings)
    for parameter in fitted.parameters():
        parameter.requires_grad_(id(parameter) in learning)
    return history.seconds


def _classifier(
    config: RunConfig, transfer: Transfer, fitted: LayeredModel, data: BeatData, frozen: tuple[str, ...]
) -> BeatClassifier:
    return BeatClassifier(
        fitted,
        loss=loss_node(config, data),
        optimizer=config.optimizer,
        scheduler=config.scheduler,
        augment=augment_of(config, data, transfer),
        frozen=frozen,
        lr_decay=transfer.lr_decay,
        seed=config.seed,
    )


def trained(
    config: RunConfig,
    module: pl.LightningModule,
    fitted: nn.Module,
    data: pl.LightningDataModule,
    folder: RunFolder,
    loggers: Sequence[Logger],
    point: ResumePoint | None,
    settings: dict[str, Any] | None = None,
    pruning: Pruning | None = None,
) -> tuple[History, float]:
    """Train any module whose `model` is `fitted`, which ends with its best weights.

    Returns:
        The history, and the time that was spent before a resumption, in s.

    Raises:
        EcgError: a damaged checkpoint, or settings that Lightning refuses.
    """
    more = () if pruning is None else (pruning,)
    trainer, history = make_trainer(config, folder, loggers, settings=settings, more=more)
    if point is not None:
        history.restore(point.epochs)
        log.info("resuming after epoch %d from %s", point.epochs, point.path)
    before_s = history.seconds
    _run(trainer, module, data, point)
    best = best_weights(folder)
    if best is None:
        callbacks: Sequence[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
        averaged = "averaged " if any(isinstance(one, WeightAveraging) for one in callbacks) else ""
        if config.trainer.get("limit_val_batches") == 0:
            log.info("no validation, as asked for: the %sweights of the end are kept", averaged)
        else:
            log.warning("no validation chose a best epoch: the %sweights of the end are kept", averaged)
        if point is not None and len(history.rows) == point.epochs:  # nothing was left to train, nor to average
            best = last_weights(folder)
    if best is not None:
        own = fitted.state_dict().keys()  # a run that was killed while it reported has the frozen layers there already
        try:
            fitted.load_state_dict({name: value for name, value in best.items() if name in own})
        except RuntimeError as error:
            raise EcgError(f"{folder.checkpoints} are of another model ({_first_line(error)})") from error
    return history, before_s


def _run(
    trainer: pl.Trainer, module: pl.LightningModule, data: pl.LightningDataModule, point: ResumePoint | None
) -> None:
    """Train; what Lightning refuses, and what a checkpoint of another run breaks, is said in a line."""
    try:
        trainer.fit(module, data, ckpt_path=point.path if point else None)
    except SystemExit as end:  # what Lightning makes of Ctrl-C and SIGTERM
        if type(end) is not SystemExit or isinstance(end.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise  # of a cluster's launcher, which has put the job into its queue again
    except MisconfigurationException as error:
        raise EcgError(f"Lightning refuses these settings: {_first_line(error)}") from error
    except (RuntimeError, KeyError, ValueError) as error:
        if "which is not available" in str(error):  # of EarlyStopping, where no validation came before it
            raise EcgError(f"a callback asks for a metric that this epoch has not: {_first_line(error)}") from error
        if point is None or trainer.global_step > 0:
            raise
        said = _first_line(error)
        raise EcgError(f"{point.path} does not fit this run ({said}); without it, the run begins again") from error


def _first_line(error: Exception) -> str:
    return " ".join(next(iter(str(error).strip().splitlines()), "").split())


def loss_node(config: RunConfig, data: BeatData) -> dict[str, Any]:
    """The loss with the classes and their training beats, where it wants to know them; checkpoints then say it too."""
    takes = signature(locate(config.loss["_target_"], "loss._target_")).parameters
    counts = data.info.counts["train"]
    known = {"class_counts": list(counts.values()), "class_names": list(counts)}
    return {**config.loss, **{name: value for name, value in known.items() if name in takes}}


def _complete(folder: RunFolder, start: Start) -> None:
    """Give best.ckpt the frozen layers that were trained on as features: it then holds the whole model."""
    path = folder.best_checkpoint
    if start.fitted is start.model or not path.is_file():
        return
    from ecg.training.checkpoints import WholeCheckpoints

    stored = torch.load(path, map_location="cpu", weights_only=True)
    stored["state_dict"] |= {f"model.{name}": value for name, value in start.model.state_dict().items()}
    if recipe := recipe_of(start.model):
        frozen = [name for name in start.model.names if name not in start.fitted.names]
        stored["hyper_parameters"] |= {"model": recipe, "frozen": [*frozen, *start.frozen]}
    WholeCheckpoints().save_checkpoint(stored, path)
