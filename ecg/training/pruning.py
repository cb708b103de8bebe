"""Trials of a search report each epoch, and stop where the search sees no hope."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytorch_lightning as pl

from ecg.runs.job import Job
from ecg.runs.study import trial_of

if TYPE_CHECKING:
    from optuna.trial import Trial

log = logging.getLogger(__name__)


class Pruning(pl.Callback):
    """Ends a training whose validation lags behind that of other trials.

    The run ends as usual, so that its folder says how far it came; a trial that is taken up again reports only what is
    new.

    Args:
        trial: of an Optuna study.
        monitor: what is reported, once for each epoch that was validated.

    Attributes:
        after: the number of epochs after which the training was ended; None where it was not.
    """

    def __init__(self, trial: Trial, monitor: str) -> None:
        self.trial, self.monitor = trial, monitor
        self.after: int | None = None
        self._validated = False

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """An epoch without validation reports nothing."""
        self._validated = False

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note that this epoch has a score of its own."""
        self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report, and ask whether to go on."""
        value, epoch = trainer.callback_metrics.get(self.monitor), trainer.current_epoch + 1
        if not self._validated or value is None:
            return
        frozen = self.trial.study._storage.get_trial(self.trial._trial_id)
        if epoch not in frozen.intermediate_values:
            self.trial.report(float(value), epoch)
        last = trainer.max_epochs is not None and epoch >= trainer.max_epochs > 0
        if not last and self.trial.should_prune():
            self.after, trainer.should_stop = epoch, True
            log.info("trial %d lags behind the others: stopped after epoch %d", self.trial.number, epoch)


def pruning_of(job: Job, monitor: str) -> Pruning | None:
    """What ends a hopeless trial of a search early; None for a job that is no trial."""
    trial = trial_of(job)
    return None if trial is None else Pruning(trial, monitor)
