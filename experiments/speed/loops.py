"""Training loops to compare: ours, a bare one, the published study's. Each gives beats trained per second."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from ecg.beats.splits import Split
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import node
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.models.faster import AvgPool1d, BatchNorm1d, Conv1d, Dropout, MaxPool1d, faster
from ecg.pipeline.fitting import loss_node
from ecg.runs.folder import RunFolder
from ecg.training import Augment, BeatClassifier
from ecg.training.optimizers import make_optimizer, make_scheduler
from ecg.training.trainer import make_trainer, trainer_node

LAYOUT = (Conv1d, BatchNorm1d, MaxPool1d, AvgPool1d)
Kinds = Sequence[type[nn.Module]]


class Clock(pl.Callback):
    """Notes when each training step and the whole epoch ended."""

    def __init__(self) -> None:
        self.start, self.steps, self.end = 0.0, list[float](), 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The epoch begins."""
        self.start = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        """A step is done; this callback is the last, so the moving average is updated too."""
        self.steps.append(time.perf_counter())

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Training and validation are done."""
        self.end = time.perf_counter()


def without_extras(config: RunConfig) -> RunConfig:
    """The configuration without augmentation and moving average."""
    return replace(config, augment=node("augment", "none"), callbacks={})


def with_precision(config: RunConfig, precision: str) -> RunConfig:
    """The configuration with another precision."""
    return replace(config, trainer={**config.trainer, "precision": precision})


def subset(data: BeatData, beats: int) -> BeatData:
    """Data of `beats` training beats, with validation beats in the proportion of the whole.

    The data module is changed; measure this last.
    """
    split = data.split
    val = round(len(split.val) * beats / len(split.train))
    rng = np.random.default_rng(0)
    train = np.sort(rng.permutation(split.train)[:beats])
    data.split = Split(split.name, train, split.val[:val], split.test)
    return data


def ours(config: RunConfig, data: BeatData, steps: int | None) -> Clock:
    """One epoch of `python train.py`'s loop without a logger; `steps` limits it."""
    classifier = BeatClassifier(
        fresh(config, data),
        loss=loss_node(config, data),
        optimizer=config.optimizer,
        scheduler=config.scheduler,
        augment=_augment(config),
        seed=config.seed,
    )
    settings = {"max_epochs": 1, "limit_train_batches": steps, "limit_val_batches": steps}
    with tempfile.TemporaryDirectory() as path:
        folder, clock = RunFolder(Path(path)), Clock()
        folder.make()
        trainer, _ = make_trainer(config, folder, (), settings=settings)
        trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        trainer.fit(classifier, data)
    return clock


def our_steps(config: RunConfig, data: BeatData, steps: int, warmup: int) -> float:
    """Beats trained per second from step `warmup` to step `steps`; of windows, those at their ends count too."""
    ends = ours(config, data, steps).steps
    return (steps - warmup) * data.batch_size / (ends[steps - 1] - ends[warmup - 1])


def our_epoch(config: RunConfig, data: BeatData) -> float:
    """Beats trained per second over a whole epoch, its validation included."""
    clock = ours(config, data, None)
    return len(clock.steps) * data.batch_size / (clock.end - clock.start)


def bare_steps(config: RunConfig, data: BeatData, steps: int, warmup: int) -> float:
    """The same steps as a plain PyTorch loop: same model, loss, optimizer, scheduler, augmentation, moving average.

    Batches are gathered from the same tensors, in an order that is drawn before.
    """
    model, augment, loss_of = fresh(config, data), _augment(config), build(loss_node(config, data), "loss")
    optimizer = make_optimizer(config.optimizer, list(model.parameters()))
    scheduler = make_scheduler(config.scheduler, optimizer, steps)
    total, average, highest = torch.zeros(()), config.callbacks.get("ema"), config.trainer.get("gradient_clip_val")
    mean = None
    if average is not None:
        mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(average["decay"]), use_buffers=True)
    data.serve(model)
    loader = data.train_dataloader()
    order = list(islice(loader.sampler, steps))
    model.train()
    start = 0.0
    for step in range(steps):
        if step == warmup:
            start = time.perf_counter()
        inputs, y = loader.dataset[order[step]]
        given = augment.batch(inputs) if augment.active else inputs
        with _autocast(config):
            logits, counts = model(given), y >= 0
            loss = loss_of(logits[counts].float() if y.dim() > 1 else logits.float(), y[counts] if y.dim() > 1 else y)
        optimizer.zero_grad()
        loss.backward()
        if highest is not None:
            nn.utils.clip_grad_norm_(model.parameters(), highest, foreach=True)
        optimizer.step()
        if scheduler is not None:
            scheduler["scheduler"].step()
        if mean is not None:
            mean.update_parameters(model)
        total += loss.detach()
    return (steps - warmup) * data.batch_size / (time.perf_counter() - start)


class Rows(Dataset[tuple[Tensor, Tensor]]):
    """One beat at a time, as the published study reads them."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return torch.tensor(self.x[i]), torch.tensor(self.y[i])


def published_epoch(config: RunConfig, data: BeatData, batch_size: int = 64) -> float:
    """Beats trained per second in the published study's loop: an epoch trains on the beats, then evaluates on them.

    PyTorch's own modules, float32, per-sample reading by two worker processes, RMSprop. The clock stops while workers
    start and the first batch of either pass is made, which an epoch as short as this one would otherwise overrate.
    """
    model, loss_of = pytorchs_own(fresh(config, data), (Dropout, *LAYOUT)), nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-4, weight_decay=2e-4)
    index = data.split.train
    rows = Rows(data.beats.signal[index], data.beats.y[index])

    def train(x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        loss.item()

    def evaluate(x: Tensor, y: Tensor) -> None:
        with torch.no_grad():
            (model(x).argmax(dim=1) == y).sum().item()

    model.train()
    seconds = _pass(DataLoader(rows, batch_size, shuffle=True, num_workers=2), train)
    model.eval()
    seconds += _pass(DataLoader(rows, batch_size, shuffle=False, num_workers=2), evaluate)
    return (len(rows) - batch_size) / seconds


def _pass(batches: DataLoader[tuple[Tensor, Tensor]], step: Callable[[Tensor, Tensor], None]) -> float:
    """Seconds of all steps but the first."""
    start = 0.0
    for i, (x, y) in enumerate(batches):
        step(x, y)
        if i == 0:
            start = time.perf_counter()
    return time.perf_counter() - start


def pytorchs_own(model: LayeredModel, kinds: Kinds) -> LayeredModel:
    """The model, where modules of these kinds work as PyTorch's of the same name do."""
    for part in model.modules():
        if type(part) in kinds:
            part.__class__ = type(part).__bases__[0]
    return model


def fresh(config: RunConfig, data: BeatData) -> LayeredModel:
    """The model with new weights, in the way that train.py has it."""
    return faster(config.network(inputs=data.info.shapes, n_classes=len(data.info.classes)))


def _augment(config: RunConfig) -> Augment:
    return build(config.augment, "augment").resolved(auto=True)


def _autocast(config: RunConfig) -> AbstractContextManager[object]:
    """What Lightning's precision of that name does on the processor."""
    bf16 = trainer_node(config)["precision"] == "bf16-mixed"
    return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else nullcontext()
