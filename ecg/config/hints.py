"""Habits from neighbours and from earlier versions, answered with what the setting is called here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "ckpt_path": "write resume=RUN to go on with a run, or transfer.source=RUN to start from its weights",
        "checkpoint": "write resume=RUN to go on with a run, or transfer.source=RUN to start from its weights",
        "test": "a run is always tested; `ecg evaluate RUN` tests it on other beats",
        "train": "`python train.py` always trains; `ecg evaluate RUN` tests without training",
        "lr": "write optimizer.lr=",
        "model.lr": "write optimizer.lr=",
        "model.optimizer": "choose optimizer=",
        "model.scheduler": "choose scheduler=",
        "learning_rate": "write optimizer.lr=",
        "optimizer.learning_rate": "write optimizer.lr=",
        "optimizer.name": "choose optimizer=adamw, or write optimizer._target_=torch.optim.AdamW",
        "loss.name": "choose loss=, or write loss._target_=",
        "epochs": "write trainer.max_epochs=",
        "max_epochs": "write trainer.max_epochs=",
        "batch_size": "write dataset.batch_size=",
        "data": "choose dataset=",
        "datamodule": "choose dataset=",
        "gpus": "write trainer.accelerator=gpu trainer.devices=",
        "trainer.gpus": "write trainer.accelerator=gpu trainer.devices=",
        "trainer.epochs": "write trainer.max_epochs=",
        "trainer.batch_size": "write dataset.batch_size=",
        "trainer.limit_batches": "write trainer.limit_train_batches= (and limit_val_batches=)",
        "trainer.patience": "choose callbacks=[default,early_stopping] callbacks.early_stopping.patience=",
        "trainer.monitor": "write monitor=",
        "trainer.ema_decay": "write callbacks.ema.decay=, or callbacks.ema=null",
        "trainer.gradient_clip": "write trainer.gradient_clip_val=",
        "trainer.loss": "choose loss=",
        "trainer.optimizer": "choose optimizer=, or write optimizer.lr=",
        "trainer.lr": "write optimizer.lr=",
        "trainer.schedule": "choose scheduler=",
        "trainer.augment": "write augment.when=, augment.stretch= ...",
        "schedule": "choose scheduler=",
        "tracking": "choose logger=, or write logger.wandb.mode=",
        "wandb": "write logger.wandb.project= and so on",
        "ckpt": "write resume=RUN",
    }
)
"""By the key that was typed, or by what it begins with."""


def hint_for(key: str) -> str | None:
    """The answer to a key, or to the longest of the keys it lies below; None for one that nobody is known to type."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (said := HINTS.get(".".join(parts[:length]))) is not None:
            return said
    return None
