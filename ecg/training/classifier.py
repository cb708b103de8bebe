"""The LightningModule: one step, one validation, one choice of optimizer, for any layered model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import Parameter

from ecg.beats.table import SIGNAL
from ecg.config.build import build
from ecg.config.compose import node
from ecg.data.batches import Batch
from ecg.data.drawing import WEIGHT
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.metrics.classification import validation_metrics
from ecg.models import LayeredModel
from ecg.models.blocks import learn_scales, without_scale
from ecg.models.faster import faster
from ecg.models.layered import Given, layered
from ecg.targets import require_known
from ecg.training.augment import Augment
from ecg.training.optimizers import OptimizerLike, SchedulerLike, make_optimizer, make_scheduler, mixed, step_plateaus

DEFAULT: Any = "default"
"""What conf/ has: cross-entropy, AdamW, one cycle."""


class BeatClassifier(pl.LightningModule):
    """Learns the weights of a layered model.

    Logs `train/loss`, `val/loss`, `val/accuracy`, `val/balanced_accuracy` and `val/macro_f1` per epoch, and the same
    under `test/`. Its checkpoints hold what it takes to build it again: `BeatClassifier.load_from_checkpoint(path)`. A
    model, a loss or an optimizer that is not named by its import path must be given there once more.

    Args:
        model: gives logits [beat, class] for inputs by name, see `LayeredModel`, and learns here in the faster way of
            `ecg.models.faster`; or its recipe (`LayeredModel.recipe` with inputs and n_classes).
        loss: scalar of logits and class numbers, or its node (`_target_` and settings).
        optimizer: its node, or a function from parameters to an optimizer.
        scheduler: its node, a function from an optimizer to a scheduler, or None.
        augment: changes training beats; None leaves them.
        frozen: names of layers that do not move: no gradient, and eval mode even inside training steps, so that
            BatchNorm statistics stay and dropout is off; and float32 whatever the precision, as where what they give
            is computed beforehand (`ecg.transfer.features`).
        lr_decay: factor on the learning rate for each layer further from the head.
        seed: dropout and augmentation in epoch e depend on the seed and e alone, so that a resumed run equals an
            uninterrupted one.

    Raises:
        EcgError: settings that are refused, or a name in `frozen` that is no layer.
    """

    def __init__(
        self,
        model: LayeredModel | Mapping[str, Any],
        *,
        loss: nn.Module | Mapping[str, Any] = DEFAULT,
        optimizer: OptimizerLike = DEFAULT,
        scheduler: SchedulerLike = DEFAULT,
        augment: Augment | Mapping[str, Any] | None = None,
        frozen: Sequence[str] = (),
        lr_decay: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        loss = node("loss", "cross_entropy") if loss is DEFAULT or loss == DEFAULT else loss
        optimizer = node("optimizer", "adamw") if optimizer == DEFAULT else optimizer
        scheduler = node("scheduler", "one_cycle") if scheduler == DEFAULT else scheduler
        loss = builtin(loss) if isinstance(loss, Mapping) else loss
        optimizer = builtin(optimizer) if isinstance(optimizer, Mapping) else optimizer
        scheduler = builtin(scheduler) if isinstance(scheduler, Mapping) else scheduler
        self.model = faster(model if isinstance(model, LayeredModel) else from_recipe(model))
        self._loss = build(loss, "loss") if isinstance(loss, Mapping) else loss
        augment = {"_target_": "ecg.training.Augment", **augment} if isinstance(augment, Mapping) else augment
        made = build(augment, "augment") if isinstance(augment, Mapping) else augment
        self.augment: Augment = made or Augment(when="never")
        if self.augment.active:
            self.augment.check(self.model.beats)
        self.optimizer_like, self.scheduler_like = optimizer, scheduler
        self.frozen, self.lr_decay, self.seed = tuple(frozen), float(lr_decay), int(seed)
        for name in self.frozen:
            if name not in self.model.layers:
                raise EcgError(f"frozen={name}: no such layer; the layers are {', '.join(self.model.names)}")
            self.model.layers[name].requires_grad_(False)
        self._losses: list[Tensor] = []  # of this epoch's training batches
        self.scores = nn.ModuleDict({subset: validation_metrics(self.model.n_classes) for subset in ("val", "test")})
        self._keep_settings(loss, optimizer, scheduler)
        self.train()  # Lightning keeps the modes that it finds, and whoever used the model before left it in eval mode

    def _keep_settings(self, loss: Any, optimizer: Any, scheduler: Any) -> None:
        """Hyper-parameters of plain values only: others break reading a checkpoint as data."""
        recipe = recipe_of(self.model)
        kind = type(self.augment)
        room = "ecg.training" if kind.__module__.startswith("ecg.training.") else kind.__module__
        augment = {"_target_": f"{room}.{kind.__name__}", **vars(self.augment)}
        kept: dict[str, Any] = {"frozen": list(self.frozen), "lr_decay": self.lr_decay, "seed": self.seed}
        kept |= {"augment": augment} | ({"model": recipe} if recipe else {})
        for name, value in (("loss", loss), ("optimizer", optimizer), ("scheduler", scheduler)):
            if value is None or isinstance(value, Mapping):
                kept[name] = value
        self._set_hparams(builtin(kept))

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path: Any, *args: Any, **kwargs: Any) -> BeatClassifier:
        """As Lightning's, but nothing is built that a stranger's checkpoint may not name (see `ecg.targets`).

        Raises:
            EcgError: it names something else; one's own package is allowed by ECG_TRUST=my_package.
        """
        stored = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
        require_known(stored.get("hyper_parameters"), f"{checkpoint_path}: hyper_parameters")
        return super().load_from_checkpoint(checkpoint_path, *args, **kwargs)

    def train(self, mode: bool = True) -> BeatClassifier:
        """Switch to training, but for the frozen layers."""
        super().train(mode)
        for name in self.frozen:
            self.model.layers[name].eval()
        return self

    def forward(self, given: Given) -> Tensor:
        """Logits of shape [beat, class], or [window, beat, class]."""
        logits: Tensor = self.model(given, self._call)
        return logits

    def _call(self, name: str, layer: nn.Module, taken: Sequence[Tensor]) -> Tensor:
        """What a layer gives; a frozen one outside of mixed precision."""
        if name not in self.frozen:
            return layer(*taken)  # type: ignore[no-any-return]
        with torch.autocast(taken[0].device.type, enabled=False):
            return layer(*(one.float() if one.is_floating_point() else one for one in taken))  # type: ignore[no-any-return]

    def setup(self, stage: str) -> None:
        """Have the data serve what the model takes; refuse other classes or beats, before anything is learned.

        Raises:
            EcgError: so it is.
        """
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, BeatData):
            return
        if len(data.classes) != self.model.n_classes:
            raise EcgError(
                f"the data has {len(data.classes)} classes ({', '.join(data.classes)}), the model "
                f"{self.model.n_classes} logits; build it with n_classes={len(data.classes)}"
            )
        data.serve(self.model)
        if stage == "fit":
            learn_scales(self.model, data.taken("train", without_scale(self.model)))
        for scores in self.scores.values():
            for one in scores.values():  # type: ignore[operator]
                one.classes = data.classes

    def on_train_epoch_start(self) -> None:
        """Make the epoch's dropout independent of what ran before it in this process."""
        self._losses.clear()
        torch.manual_seed((self.seed * 1_000_003 + self.current_epoch) * 1_009 + self.global_rank)

    def on_train_epoch_end(self) -> None:
        """Step a plateau scheduler before the epoch's checkpoint is written, so that it is resumed as it was."""
        step_plateaus(self.trainer)

    def on_train_end(self) -> None:
        """Forget the last epoch's losses: a validation of its own, later, is not about them."""
        self._losses.clear()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | dict[str, Tensor] | None:
        """Loss of one batch; None, which Lightning leaves out, where no beat of it counts.

        Processes that share a training wait for each other's gradients, so there the loss of nothing is 0. Beside the
        loss of drawn beats (`ecg.data.drawing`) are their `logits`.
        """
        inputs, y = batch
        given: Given = self.augment.batch(inputs) if self.augment.active else inputs
        pairs = self.augment.pairs(len(y)) if self.augment.active else None
        if pairs is not None:
            return self._mixed(given, y, *pairs)
        logits, y = _counted(self(given), y)
        if not len(y):
            return logits.sum() if torch.distributed.is_available() and torch.distributed.is_initialized() else None
        weight = inputs.get(WEIGHT) if isinstance(inputs, Mapping) else None
        loss: Tensor = self._loss(logits, y) if weight is None else (self._of_each(logits, y) * weight).mean()
        self._losses.append(loss.detach())
        return loss if weight is None else {"loss": loss, "logits": logits.detach()}

    def _of_each(self, logits: Tensor, y: Tensor) -> Tensor:
        """Loss of each beat."""
        loss: Any = self._loss
        usual, loss.reduction = loss.reduction, "none"
        try:
            return loss(logits, y)  # type: ignore[no-any-return]
        finally:
            loss.reduction = usual

    def _mixed(self, given: Given, y: Tensor, other: Tensor, share: float) -> Tensor:
        """Loss of beats that are each mixed with another."""
        other = other.to(y.device)
        named = {SIGNAL: given} if isinstance(given, Tensor) else given
        logits = self({name: share * x + (1 - share) * x[other] for name, x in named.items()})
        loss: Tensor = share * self._loss(logits, y) + (1 - share) * self._loss(logits, y[other])
        self._losses.append(loss.detach())
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Scores of one validation batch."""
        self._evaluate("val", batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Scores of one test batch."""
        self._evaluate("test", batch)

    def predict_step(self, batch: Batch | Given, batch_idx: int) -> Tensor:
        """Class probabilities [beat, class] of the beats of one batch that count; of all where there are no labels."""
        if isinstance(batch, Tensor | Mapping):
            return self(batch).float().softmax(dim=-1)  # type: ignore[no-any-return]
        logits, _ = _counted(self(batch[0]), batch[1])
        return logits.softmax(dim=1)

    @property
    def loss(self) -> nn.Module:
        """What is minimised: a scalar of logits and class numbers."""
        return self._loss

    @property
    def train_loss(self) -> Tensor | None:
        """Mean loss of this epoch's training batches so far; None before the first."""
        return torch.stack(self._losses).mean() if self._losses else None

    def _evaluate(self, subset: str, batch: Batch) -> None:
        logits, y = _counted(self(batch[0]), batch[1])
        if not len(y):
            return
        self.log(f"{subset}/loss", self._loss(logits, y), on_epoch=True, batch_size=len(y), sync_dist=True)
        scores: Any = self.scores[subset]
        scores.update(logits, y)

    def on_validation_epoch_end(self) -> None:
        """Log the scores over all validation beats, and the mean loss of the training batches before them."""
        self._log_scores("val")
        if (loss := self.train_loss) is not None:  # once: `self.log` in each step is a good part of a small step
            self.log("train/loss", loss, sync_dist=True)

    def on_test_epoch_end(self) -> None:
        """Log the scores over all test beats."""
        self._log_scores("test")

    def _log_scores(self, subset: str) -> None:
        scores: Any = self.scores[subset]
        self.log_dict({f"{subset}/{name}": value for name, value in scores.compute().items()}, sync_dist=True)
        scores.reset()

    def _groups(self) -> list[Parameter] | list[dict[str, Any]]:
        """What learns: one group, or with `lr_decay` one for each layer, the head's first."""
        if self.lr_decay == 1:
            return [p for p in self.parameters() if p.requires_grad]
        layers = [[p for p in layer.parameters() if p.requires_grad] for layer in self.model.layers.values()]
        return [{"params": p, "lr_factor": self.lr_decay**i} for i, p in enumerate(reversed(layers)) if p]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer over the parameters that learn, with its scheduler."""
        clipped = self.trainer.gradient_clip_val is not None and mixed(self.trainer)
        optimizer = make_optimizer(self.optimizer_like, self._groups(), clipped=clipped)
        scheduler = make_scheduler(
            self.scheduler_like, optimizer, self.trainer.estimated_stepping_batches, self.trainer.max_epochs
        )
        return optimizer if scheduler is None else {"optimizer": optimizer, "lr_scheduler": scheduler}


def builtin(value: Any) -> Any:
    """Settings as a checkpoint may hold them: NumPy's numbers, and any mapping or sequence, as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): builtin(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [builtin(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def recipe_of(model: LayeredModel) -> dict[str, Any]:
    """What builds the same network: its recipe with the inputs and the number of classes; empty without one."""
    if not model.recipe:
        return {}
    shapes = model.recipe.get("inputs", model.inputs)
    return {**model.recipe, "inputs": {name: list(one) for name, one in shapes.items()}, "n_classes": model.n_classes}


def from_recipe(recipe: Mapping[str, Any]) -> LayeredModel:
    """The network that `recipe_of` described, with fresh weights.

    Raises:
        EcgError: what it names cannot be built.
    """
    whole = {key: value for key, value in recipe.items() if key not in ("layers", "given")}
    shapes = {name: tuple(shape) for name, shape in whole.pop("inputs").items()}
    n_classes = whole.pop("n_classes")
    made = build(whole, "model", inputs=shapes, input_shape=shapes.get(SIGNAL), n_classes=n_classes)
    model = layered(made, inputs=shapes, n_classes=n_classes)
    if model is None:
        raise EcgError(f"model._target_={whole['_target_']}: gives no ecg.models.LayeredModel")
    model.recipe = model.recipe or whole
    given = {name: tuple(shape) for name, shape in recipe.get("given", {}).items()}
    return model.last(tuple(recipe["layers"]), given) if "layers" in recipe else model


def _counted(logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [beat, class] and class numbers [beat] of the beats that count, in order."""
    if y.dim() == 1:
        return logits.float(), y
    counts = y >= 0
    return logits[counts].float(), y[counts]
