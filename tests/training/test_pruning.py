"""A trial reports each validated epoch once, and stops where the search sees no hope."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ecg.training.pruning import Pruning


class FakeTrial:
    """Reports into a dictionary; hopeless from some epoch on."""

    number = 3
    _trial_id = 3

    def __init__(self, hopeless_from: int, known: dict[int, float] | None = None) -> None:
        self.reported = dict(known or {})
        self.hopeless_from = hopeless_from
        frozen = SimpleNamespace(intermediate_values=self.reported)
        self.study = SimpleNamespace(_storage=SimpleNamespace(get_trial=lambda _: frozen))

    def report(self, value: float, step: int) -> None:
        assert step not in self.reported, "reported twice"
        self.reported[step] = value

    def should_prune(self) -> bool:
        return max(self.reported) >= self.hopeless_from


def epochs(pruning: Pruning, count: int, first: int = 0, validated: bool = True) -> list[bool]:
    """Whether each epoch asked the trainer to stop."""
    trainer: Any = SimpleNamespace(current_epoch=first, max_epochs=count, should_stop=False, callback_metrics={})
    asked = []
    for epoch in range(first, count):
        trainer.current_epoch = epoch
        pruning.on_train_epoch_start(trainer, None)  # type: ignore[arg-type]
        if validated:
            trainer.callback_metrics["val/macro_f1"] = torch.tensor(0.1 * epoch)
            pruning.on_validation_epoch_end(trainer, None)  # type: ignore[arg-type]
        pruning.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
        asked.append(trainer.should_stop)
    return asked


def test_it_stops_after_the_epoch_that_shows_no_hope() -> None:
    trial = FakeTrial(hopeless_from=2)
    pruning = Pruning(trial, "val/macro_f1")  # type: ignore[arg-type]
    assert epochs(pruning, 2 + 1)[:2] == [False, True]
    assert pruning.after == 2
    assert trial.reported[1] == pytest.approx(0.0)
    assert trial.reported[2] == pytest.approx(0.1)


def test_a_whole_training_is_never_stopped_at_its_last_epoch() -> None:
    pruning = Pruning(FakeTrial(hopeless_from=3), "val/macro_f1")  # type: ignore[arg-type]
    assert not any(epochs(pruning, 3))
    assert pruning.after is None


def test_a_resumed_trial_reports_only_what_is_new() -> None:
    trial = FakeTrial(hopeless_from=9, known={1: 0.5, 2: 0.6})
    epochs(Pruning(trial, "val/macro_f1"), 4, first=1)  # type: ignore[arg-type]
    assert trial.reported[2] == 0.6
    assert list(trial.reported) == [1, 2, 3, 4]


def test_an_epoch_without_validation_reports_nothing() -> None:
    trial = FakeTrial(hopeless_from=0)
    assert not any(epochs(Pruning(trial, "val/macro_f1"), 3, validated=False))  # type: ignore[arg-type]
    assert not trial.reported
