"""The loss of the R-peak detector's windows, and its LightningModule."""

from __future__ import annotations

import pytest
import pytorch_lightning as pl
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.utils.data import DataLoader

from ecg.beats.rpeaks.network import RPeakNet
from ecg.checks import BadSettingError
from ecg.training.rpeaks import RPeakLoss, RPeakTraining


def test_the_loss_is_weighted_entropy_over_what_counts() -> None:
    rng = torch.Generator().manual_seed(0)
    logits, target = torch.randn(2, 50, generator=rng), torch.rand(2, 50, generator=rng)
    counts = torch.rand(2, 50, generator=rng) > 0.4
    each = bce(logits, target, reduction="none") * (1 + 2 * target)
    torch.testing.assert_close(RPeakLoss()(logits, target, counts), each[counts].sum() / counts.sum())
    plain = bce(logits[counts], target[counts])
    torch.testing.assert_close(RPeakLoss(beat_weight=0)(logits, target, counts), plain)


def test_what_does_not_count_teaches_nothing() -> None:
    logits = torch.zeros(1, 8, requires_grad=True)
    counts = torch.tensor([[True] * 3 + [False] * 5])
    RPeakLoss()(logits, torch.ones(1, 8), counts).backward()
    assert logits.grad is not None
    assert (logits.grad[0, :3] != 0).all()
    assert (logits.grad[0, 3:] == 0).all()
    assert float(RPeakLoss()(logits, torch.ones(1, 8), torch.zeros(1, 8, dtype=torch.bool))) == 0


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(BadSettingError, match=r"^beat_weight=-1: must be at least 0"):
        RPeakLoss(-1)


def windows(n: int) -> DataLoader[object]:
    rng = torch.Generator().manual_seed(1)
    signal, target = torch.randn(n, 2, 128, generator=rng), torch.rand(n, 2, 64, generator=rng)
    batches = [(one, two, torch.ones(2, 64, dtype=torch.bool)) for one, two in zip(signal, target, strict=True)]
    return DataLoader(batches, batch_size=None)  # type: ignore[arg-type]


def fitted(seed: int = 0, epochs: int = 2, **node: object) -> tuple[RPeakTraining, pl.Trainer]:
    torch.manual_seed(0)
    net = RPeakNet(channels=(4, 4), dilations=(1,))
    how = {"optimizer": {"_target_": "torch.optim.SGD", "lr": 0.1}, "scheduler": node or None}
    module = RPeakTraining(net, loss=RPeakLoss(), seed=seed, **how)  # type: ignore[arg-type]
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=epochs, enable_model_summary=False, **quiet)  # type: ignore[arg-type]
    trainer.fit(module, windows(3), windows(2))
    return module, trainer


@pytest.mark.filterwarnings("ignore")
def test_it_logs_both_losses_and_forgets_those_of_the_epoch_before() -> None:
    module, trainer = fitted()
    assert len(module._losses) == 3
    assert module.train_loss is not None
    assert float(module.train_loss) > 0
    expected = [module.loss(module.model.eval()(x), y, c) for x, y, c in windows(2)]
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(float(torch.stack(expected).mean()), rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_a_plateau_scheduler_is_stepped() -> None:
    node = {"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau", "patience": 0, "threshold": 1e9, "factor": 0.5}
    _, trainer = fitted(epochs=3, **node)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**3)


@pytest.mark.filterwarnings("ignore")
def test_draws_of_an_epoch_depend_on_the_seed_and_the_epoch() -> None:
    states = []
    for seed in (0, 0, 1):
        fitted(seed)
        states.append(torch.rand(1).item())
    assert states[0] == states[1] != states[2]
