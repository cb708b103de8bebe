"""The running mean of the weights equals one computed by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import pytorch_lightning as pl
import torch

from ecg.data.batches import BatchOrder, TensorBatches
from ecg.models import LayeredModel
from ecg.training.classifier import Classifier
from ecg.training.optimizers import optimizer_rule, schedule_rule
from ecg.training.running_mean import RunningMean

pytestmark = pytest.mark.filterwarnings("ignore")


class Watch(pl.Callback):
    """Keeps the trained weights after each step, and those used in validation."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []
        self.validated: list[dict[str, torch.Tensor]] = []

    @staticmethod
    def _copy(module: pl.LightningModule) -> dict[str, torch.Tensor]:
        return {k: v.clone() for k, v in module.state_dict().items()}

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: object) -> None:
        self.steps.append(self._copy(pl_module))

    def on_validation_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: object) -> None:
        self.validated.append(self._copy(pl_module))


def by_hand(steps: list[dict[str, torch.Tensor]], decay: float, name: str) -> torch.Tensor:
    """The mean after all steps: it starts at the first step's weights."""
    mean = steps[0][name]
    for n, weights in enumerate(steps[1:], start=1):
        keep = min(decay, (1 + n) / (10 + n))
        mean = keep * mean + (1 - keep) * weights[name]
    return mean


def watched(model: LayeredModel, decay: float, frozen: tuple[str, ...] = ()) -> Watch:
    """What two epochs of five steps show."""
    x, y = torch.randn(40, 1, 8, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    watch = Watch()
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=2,
        callbacks=[watch, RunningMean(decay)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    module = Classifier(
        model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=optimizer_rule("sgd", lr=0.1, weight_decay=0, momentum=0),
        schedule=schedule_rule("constant", warmup=0.3, factor=0.3, patience=0),
        frozen=frozen,
    )
    train = TensorBatches(x, y, BatchOrder(40, 8, shuffle=True, seed=0))
    trainer.fit(module, train, TensorBatches(x, y, BatchOrder(40, 40, shuffle=False, seed=0)))
    return watch


@pytest.mark.parametrize("decay", [0.3, 0.998])
def test_validation_uses_the_mean_of_all_steps_and_training_goes_on_without_it(
    tiny: Callable[[], LayeredModel], decay: float
) -> None:
    watch = watched(tiny(), decay)
    assert (len(watch.steps), len(watch.validated)) == (10, 2)
    head = "model.layers.head.weight"
    torch.testing.assert_close(watch.validated[0][head], by_hand(watch.steps[:5], decay, head))
    torch.testing.assert_close(watch.validated[1][head], by_hand(watch.steps, decay, head))
    assert not torch.allclose(watch.validated[1][head], watch.steps[-1][head])
    means = [k for k in watch.steps[0] if k.endswith("running_mean")]
    assert means
    for name in means:  # BatchNorm statistics are averaged too
        torch.testing.assert_close(watch.validated[1][name], by_hand(watch.steps, decay, name))
    counters = [k for k in watch.steps[0] if k.endswith("num_batches_tracked")]
    assert [int(watch.validated[1][k]) for k in counters] == [10]  # counted, not averaged


def test_frozen_layers_stay_and_the_others_are_averaged(tiny: Callable[[], LayeredModel]) -> None:
    model = tiny()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    watch = watched(model, 0.3, frozen=model.names[:-1])
    for name, value in before.items():
        seen = watch.validated[1][f"model.{name}"]
        if name.startswith("layers.head."):
            torch.testing.assert_close(seen, by_hand(watch.steps, 0.3, f"model.{name}"))
            assert not torch.equal(seen, value)
        else:
            assert torch.equal(seen, value)
