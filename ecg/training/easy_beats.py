"""Short epochs that spend their time on the beats that the model does not know yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from ecg.checks import in_range
from ecg.data.batches import Batch
from ecg.data.drawing import ROW, Chances, Draws
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.training.augment import Augment

SAID = "callbacks.easy_beats: "


class FewerEasyBeats(pl.Callback):
    """Draws beats that the model already gets right less often, and weighs them more, so that the loss is unbiased.

    Nine in ten beats of these databases are ordinary, and soon teach nothing. A beat is drawn with a chance in
    proportion to min(1, least + slope * (sure - p)), p being the probability of its class when it was last drawn; what
    was never drawn counts as unknown. Importance sampling as of Katharopoulos & Fleuret 2018 (arXiv 1803.00942), by
    probability instead of gradient. Each epoch has the same number of beats.

    Args:
        share: beats of an epoch, of all training beats.
        least: chance of a beat that is known.
        sure: probability of its class from which on a beat is known.
        slope: how fast the chance rises below it.
        at_least: chance of the beats of a class, by its name, however well they are known.

    Raises:
        EcgError: a value out of range.
    """

    def __init__(
        self,
        share: float = 0.2,
        least: float = 0.15,
        sure: float = 0.98,
        slope: float = 3.0,
        at_least: Mapping[str, float] | None = None,
    ) -> None:
        in_range("share", share, 0, 1, include_low=False)
        in_range("least", least, 0, 1, include_low=False)
        in_range("sure", sure, 0, 1)
        in_range("slope", slope, 0, 1000)
        self.share, self.least, self.sure, self.slope = share, least, sure, slope
        self.at_least = dict(at_least or {})
        for name, value in self.at_least.items():
            in_range(f"at_least.{name}", value, 0, 1)
        self._known = np.zeros(0, dtype=np.float32)
        self._floor = np.zeros(0, dtype=np.float64)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Have the data module draw.

        Raises:
            EcgError: beats cannot be drawn here; the message says what to choose.
        """
        if stage != "fit":
            return
        data = getattr(trainer, "datamodule", None)
        refuse(trainer, data)
        assert isinstance(data, BeatData)
        module: Any = pl_module
        self.check(data.classes, beats=module.model.beats, loss=module.loss, augment=module.augment)
        y = data.beats.y[data.split.train]
        self._known, self._floor = np.zeros(len(y), dtype=np.float32), np.full(len(y), self.least)
        for name, value in self.at_least.items():
            own = y == data.classes.index(name)
            self._floor[own] = np.maximum(self._floor[own], value)
        data.draws = Draws(len(y), max(round(self.share * len(y)), 1), self._chances)

    def check(self, classes: Sequence[str], *, beats: int, loss: object, augment: Augment) -> None:
        """Refuse a run whose beats cannot be drawn singly or not weighed, before any is prepared.

        Args:
            classes: of the beats.
            beats: how many the model sees at once.
            loss: what is minimised.
            augment: what changes the beats.

        Raises:
            EcgError: so it is.
        """
        if unknown := [name for name in self.at_least if name not in classes]:
            there = ", ".join(classes)
            raise EcgError(f"callbacks.easy_beats.at_least: no class {unknown[0]}; the classes are {there}")
        if beats > 1:
            raise EcgError(SAID + "draws single beats, and this model sees consecutive ones; choose another model")
        if not hasattr(loss, "reduction"):
            raise EcgError(
                SAID + f"{type(loss).__name__} gives no loss of each beat (it has no `reduction`); "
                "choose loss=cross_entropy or loss=weighted"
            )
        if augment.active and augment.pairs(2) is not None:
            raise EcgError(SAID + "weighs single beats, and augment=mixup mixes two; choose another augment")

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """The data is as it was."""
        if stage == "fit" and isinstance(data := getattr(trainer, "datamodule", None), BeatData):
            data.draws = None

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """The data is as it was."""
        self.teardown(trainer, pl_module, "fit")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Remember how well each beat of the batch is known."""
        inputs, y = batch
        logits: Tensor = outputs["logits"]
        p = logits.softmax(dim=1).gather(1, y[:, None])[:, 0]
        self._known[inputs[ROW].cpu().numpy()] = p.cpu().numpy()

    def state_dict(self) -> dict[str, Any]:
        """What is known, for a resumption."""
        return {"known": torch.from_numpy(self._known.copy())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What was known."""
        self._known = state_dict["known"].numpy().copy()

    def _chances(self) -> Chances:
        wanted = np.minimum(self.least + self.slope * np.maximum(self.sure - self._known.astype(np.float64), 0), 1)
        return np.maximum(wanted, self._floor)


def refuse(trainer: pl.Trainer, data: object) -> None:
    """Where a trainer or its data cannot draw beats.

    Raises:
        EcgError: so it is.
    """
    if not isinstance(data, BeatData):
        raise EcgError(SAID + "draws the beats of dataset=arrhythmia or mi; remove it")
    if trainer.world_size > 1:
        raise EcgError(SAID + "each device would know its own beats only; choose trainer.devices=1")
    if getattr(trainer, "overfit_batches", 0):
        raise EcgError(SAID + "draws other beats in each epoch, and trainer.overfit_batches wants the same; remove one")
    if data.sequence is not None:
        raise EcgError(SAID + "draws single beats, and these are served as consecutive ones; choose another model")
