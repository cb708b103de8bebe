"""Habits from neighbours and from earlier versions, answered with what the setting is called here."""

from __future__ import annotations

from collections.abc import Mapping

_TYPED = {
    "write resume=RUN to go on, or transfer.source=RUN to start from its weights": ("ckpt", "ckpt_path", "checkpoint"),
    "`python train.py` always trains; `ecg evaluate RUN` tests without training": ("train",),
    "write optimizer.lr=": ("lr", "model.lr", "learning_rate", "optimizer.learning_rate", "trainer.lr"),
    "choose optimizer=": ("model.optimizer",),
    "choose scheduler=": ("model.scheduler", "trainer.schedule", "schedule"),
    "choose optimizer=adamw, or write optimizer._target_=torch.optim.AdamW": ("optimizer.name",),
    "choose loss=, or write loss._target_=": ("loss.name",),
    "write trainer.max_epochs=": ("epochs", "max_epochs", "trainer.epochs"),
    "write dataset.batch_size=": ("batch_size", "trainer.batch_size"),
    "choose dataset=": ("data", "datamodule"),
    "write dataset.segmentation=": ("dataset.cut",),
    "write 'dataset.segmentation={name:paper,...}'": ("dataset.paper",),
    "write trainer.accelerator=gpu trainer.devices=": ("gpus", "trainer.gpus"),
    "write trainer.limit_train_batches= (and limit_val_batches=)": ("trainer.limit_batches",),
    "choose callbacks=[default,early_stopping] callbacks.early_stopping.patience=": ("trainer.patience",),
    "write monitor=": ("trainer.monitor",),
    "write callbacks.ema.decay=, or callbacks.ema=null": ("trainer.ema_decay",),
    "write trainer.gradient_clip_val=": ("trainer.gradient_clip",),
    "choose loss=": ("trainer.loss",),
    "choose optimizer=, or write optimizer.lr=": ("trainer.optimizer",),
    "write augment.when=, augment.stretch= ...": ("trainer.augment",),
    "choose logger=, or write logger.wandb.mode=": ("tracking",),
    "write logger.wandb.project= and so on": ("wandb",),
}
HINTS: Mapping[str, str] = {key: answer for answer, keys in _TYPED.items() for key in keys}
"""By the key that was typed, or by what it begins with."""

NAMES = ("mitdb", "svdb", "ptbdb", "ptb-xl", "ludb")
VALUES: Mapping[tuple[str, str], str] = {
    ("dataset.source", "both"): "write dataset.databases=[ptbdb,ptb-xl]",
    **{("dataset.source", name): f"write dataset.databases=[{name}]" for name in NAMES},
}
"""By the key and the value that it does not take."""


def hint_for(key: str) -> str | None:
    """The answer to a key, or to the longest of the keys it lies below; None for one that nobody is known to type."""
    parts = key.split(".")
    longest_first = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((HINTS[one] for one in longest_first if one in HINTS), None)
