"""Fitting a prepared model: the head alone first where asked for, then all that learns."""

from __future__ import annotations

import logging
from dataclasses import replace

from pytorch_lightning.loggers import Logger

from ecg.config import RunConfig
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.run.transferred import augmented
from ecg.training.classifier import Classifier
from ecg.training.fit import FitSettings, best_weights, make_trainer, resume_point
from ecg.training.folder import RunFolder
from ecg.training.history import History
from ecg.transfer import Start

log = logging.getLogger(__name__)


def fit(config: RunConfig, start: Start, folder: RunFolder, logger: Logger | None) -> History:
    """Train, from the last whole epoch on where there is one; the model ends with its best weights."""
    settings = config.trainer.fit_settings()
    if config.transfer.probe_first and len(start.fitted.names) - len(start.frozen) > 1 and not resume_point(folder):
        _probe(config, start, folder, settings)
    return _phase(config, start.fitted, start.data, start.frozen, folder, settings, logger)


def _probe(config: RunConfig, start: Start, folder: RunFolder, settings: FitSettings) -> None:
    """Train the head on what the layers before it give now; the rest stays as it is."""
    log.info("the head alone first, %d epochs", config.transfer.probe_epochs)
    probe = RunFolder(folder.path / "probe")
    probe.make()
    fitted = start.fitted
    learning = {id(p) for p in fitted.parameters() if p.requires_grad}
    alone = replace(settings, epochs=config.transfer.probe_epochs)
    _phase(config, fitted, start.data, fitted.names[:-1], probe, alone, logger=None)
    for parameter in fitted.parameters():
        parameter.requires_grad_(id(parameter) in learning)


def _phase(
    config: RunConfig,
    fitted: LayeredModel,
    data: BeatData,
    frozen: tuple[str, ...],
    folder: RunFolder,
    settings: FitSettings,
    logger: Logger | None,
) -> History:
    classifier = Classifier(
        fitted,
        loss=config.trainer.loss.build(list(data.info.counts["train"].values())),
        optimizer=config.trainer.optimizer.build(),
        schedule=config.trainer.schedule.build(),
        augment=config.trainer.augment.build(auto=augmented(config)),
        frozen=frozen,
        lr_decay=config.transfer.lr_decay,
        seed=config.seed,
    )
    trainer, history = make_trainer(settings, folder, logger)
    point = resume_point(folder)
    if point is not None:
        history.restore(point.epochs)
        log.info("resuming after epoch %d from %s", point.epochs, point.path)
    trainer.fit(classifier, data, ckpt_path=point.path if point else None)
    fitted.load_state_dict(best_weights(folder))
    return history
