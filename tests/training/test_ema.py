"""The moving average of the weights equals one computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from ecg.data.batches import BatchOrder, BeatTensors, batches
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.training import BeatClassifier, WeightEMA

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


def watched(model: LayeredModel, decay: float, frozen: tuple[str, ...] = (), **more: Any) -> Watch:
    """What two epochs of five steps show."""
    x, y = torch.randn(40, 1, 8, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    watch = Watch()
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=2,
        callbacks=[watch, WeightEMA(decay)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **more,
    )
    optimizer = {"_target_": "torch.optim.SGD", "lr": 0.1}
    module = BeatClassifier(model, optimizer=optimizer, scheduler=None, frozen=frozen)
    train = batches(BeatTensors({"signal": x}, y), BatchOrder(40, 8, shuffle=True, seed=0))
    trainer.fit(module, train, batches(BeatTensors({"signal": x}, y), BatchOrder(40, 40, shuffle=False, seed=0)))
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


def test_an_average_moves_once_per_step_also_where_gradients_are_collected(tiny: Callable[[], LayeredModel]) -> None:
    watch = watched(tiny(), 0.3, accumulate_grad_batches=2)
    assert len(watch.steps) == 10  # batches; the optimizer steps in every second and at an epoch's end
    stepped = [watch.steps[i] for i in (1, 3, 4, 6, 8, 9)]
    head = "model.layers.head.weight"
    torch.testing.assert_close(watch.validated[1][head], by_hand(stepped, 0.3, head))


def test_validating_between_steps_leaves_training_as_it_is(tiny: Callable[[], LayeredModel]) -> None:
    often, seldom = watched(tiny(), 0.9, val_check_interval=2), watched(tiny(), 0.9)
    assert (len(often.validated), len(seldom.validated)) == (4, 2)
    head = "model.layers.head.weight"
    for a, b in zip(often.steps, seldom.steps, strict=True):
        assert torch.equal(a[head], b[head])
    torch.testing.assert_close(often.validated[0][head], by_hand(often.steps[:2], 0.9, head))


def test_after_training_the_model_has_the_average(tiny: Callable[[], LayeredModel]) -> None:
    model = tiny()
    watch = watched(model, 0.3)
    head = "model.layers.head.weight"
    torch.testing.assert_close(model.head.weight, by_hand(watch.steps, 0.3, head))  # type: ignore[arg-type]


def test_validating_on_its_own_does_not_change_the_weights(tiny: Callable[[], LayeredModel]) -> None:
    module = BeatClassifier(tiny(), scheduler=None)
    x, y = torch.randn(8, 1, 8), torch.arange(8) % 3
    loader = batches(BeatTensors({"signal": x}, y), BatchOrder(8, 8, shuffle=False, seed=0))
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, callbacks=[WeightEMA(0.5)], **quiet)  # type: ignore[arg-type]
    trainer.fit(module, loader, loader)
    before = Watch._copy(module)
    for _ in range(2):
        trainer.validate(module, loader, verbose=False)
        assert all(torch.equal(value, before[name]) for name, value in Watch._copy(module).items())


def test_a_checkpoint_of_an_averaged_training_holds_the_average(
    tmp_path: Path, tiny: Callable[[], LayeredModel]
) -> None:
    saved = pl.callbacks.ModelCheckpoint(tmp_path, filename="mine", save_on_train_epoch_end=True)
    x, y = torch.randn(40, 1, 8, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    watch, loader = Watch(), batches(BeatTensors({"signal": x}, y), BatchOrder(40, 8, shuffle=True, seed=0))
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=1, callbacks=[watch, WeightEMA(0.3), saved], logger=False,
        enable_progress_bar=False,
    )  # fmt: skip
    trainer.fit(BeatClassifier(tiny(), scheduler=None), loader, loader)
    again = BeatClassifier.load_from_checkpoint(tmp_path / "mine.ckpt", model=tiny(), weights_only=True)
    expected = by_hand(watch.steps, 0.3, "model.layers.head.weight")
    torch.testing.assert_close(again.model.head.weight.data, expected)  # type: ignore[union-attr]


@pytest.mark.parametrize("decay", [0, 1, 1.5, -0.1, float("nan")])
def test_a_decay_that_is_none_is_refused(decay: float) -> None:
    with pytest.raises(EcgError, match=rf"^decay={decay:g}: must be from 0 \(not included\) to 1 \(not included\)$"):
        WeightEMA(decay)
