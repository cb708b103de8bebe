"""The classifier of consecutive beats, under somebody's own Trainer: only what counts is learned from and scored."""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from ecg.data import BeatData
from ecg.errors import EcgError
from ecg.models import LayeredModel, sequence
from ecg.models.layered import layered
from ecg.training import Augment, BeatClassifier
from ecg.training.inference import probabilities

pytestmark = pytest.mark.filterwarnings("ignore")
ADAMW = {"_target_": "torch.optim.AdamW", "lr": 0.01, "weight_decay": 0.01}
Windows = Callable[..., BeatData]
Batch = tuple[dict[str, Tensor], Tensor]


def trainer(**more: Any) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return pl.Trainer(**{"accelerator": "cpu", "max_epochs": 2, "enable_checkpointing": False, **quiet, **more})


def classifier(data: BeatData, **more: Any) -> BeatClassifier:
    torch.manual_seed(0)
    model = sequence(inputs=data.shapes, n_classes=len(data.classes), beats=8, context=2, width=16)
    return BeatClassifier(model, **{"optimizer": ADAMW, "scheduler": None, **more})


def test_it_is_fitted_tested_and_predicts_beat_by_beat(windows: Windows) -> None:
    data, own = windows(), trainer()
    made = classifier(data)
    before = copy.deepcopy(made.model.state_dict())
    own.fit(made, datamodule=data)
    moved = [name for name, value in made.model.state_dict().items() if not torch.equal(value, before[name])]
    assert set(moved) == set(before)  # every tensor learns
    assert own.global_step == 2 * len(data.train_dataloader())
    (tested,) = own.test(made, datamodule=data, verbose=False)
    predicted = torch.cat(own.predict(made, datamodule=data)).numpy()  # type: ignore[arg-type]
    index = data.split.test
    assert predicted.shape == (len(index), 5)
    np.testing.assert_allclose(predicted, probabilities(made.model, data.beats, index=index), atol=1e-5)
    right = predicted.argmax(axis=1) == data.beats.y[index]
    assert tested["test/accuracy"] == pytest.approx(right.mean(), abs=1e-6)  # each beat once, none beside
    own_class = predicted[np.arange(len(index)), data.beats.y[index]]
    assert tested["test/loss"] == pytest.approx(-np.log(own_class).mean(), rel=1e-4)


@pytest.mark.parametrize("weights_only", [True, False])
def test_a_checkpoint_gives_the_same_logits_again(tmp_path: Path, windows: Windows, weights_only: bool) -> None:
    data, own, path = windows(), trainer(max_epochs=1), tmp_path / "my.ckpt"
    made = classifier(data, frozen=["near"])
    own.fit(made, datamodule=data)
    own.save_checkpoint(path, weights_only=weights_only)
    again = BeatClassifier.load_from_checkpoint(path, weights_only=True)
    assert (again.model.beats, again.model.context, again.model.alone) == (8, 2, made.model.alone)
    assert (again.model.inputs, again.model.takes, again.frozen) == (made.model.inputs, made.model.takes, ("near",))
    given, _ = next(iter(data.test_dataloader()))
    with torch.inference_mode():
        assert torch.equal(again.eval()(given), made.eval()(given))
    if not weights_only:
        more = trainer(max_epochs=2)
        more.fit(again, datamodule=data, ckpt_path=path)
        assert more.global_step == 2 * len(data.train_dataloader())


@pytest.mark.parametrize("frozen", [("near", "far"), ("wave1", "beat", "near")])
def test_a_frozen_layer_stays_in_eval_mode_and_does_not_move(windows: Windows, frozen: tuple[str, ...]) -> None:
    data = windows()
    made = classifier(data, frozen=frozen)
    before = copy.deepcopy(made.model.state_dict())
    modes: list[bool] = []
    for name in frozen:
        for part in made.model.layers[name].modules():
            part.register_forward_pre_hook(lambda part, _: modes.append(part.training))
    trainer().fit(made, datamodule=data)
    assert modes
    assert not any(modes)
    for name, value in made.model.state_dict().items():
        assert torch.equal(value, before[name]) is (name.split(".")[1] in frozen), name


def test_augmentation_changes_the_signal_of_training_beats_and_nothing_else(windows: Windows) -> None:
    data = windows()
    made = classifier(data, augment=Augment(when="always"))
    data.serve(made.model)
    given, y = next(iter(data.train_dataloader()))
    taken: list[dict[str, Tensor]] = []
    made.model.register_forward_pre_hook(lambda _, arguments: taken.append(dict(arguments[0])))
    made.training_step((given, y), 0)
    assert taken[0]["signal"].shape == given["signal"].shape == (8, 8, *data.info.shape)
    assert not torch.equal(taken[0]["signal"], given["signal"])
    assert all(torch.equal(taken[0][name], given[name]) for name in ("rhythm", "mask"))


def test_batches_without_names_are_augmented_as_well(tiny: Callable[[], LayeredModel]) -> None:
    loader = DataLoader(TensorDataset(torch.randn(20, 1, 8), torch.arange(20) % 3), batch_size=5)
    own = trainer(max_epochs=1)
    own.fit(BeatClassifier(tiny(), augment=Augment(when="always"), scheduler=None), loader)
    assert own.global_step == 4


# -------------------------------------------------------------------------------------------- batches that do not count


def batch(data: BeatData, counting: bool, seed: int) -> Batch:
    """Two windows of noise with labels, or none that count."""
    generator = torch.Generator().manual_seed(seed)
    given = {name: torch.randn(2, 8, *shape, generator=generator) for name, shape in data.shapes.items()}
    given["mask"] = torch.ones(2, 8, dtype=torch.bool)
    y = torch.randint(0, 5, (2, 8), generator=generator)
    return given, y if counting else torch.full_like(y, -1)


def loaded(items: Iterable[Batch]) -> DataLoader[Batch]:
    return DataLoader(list(items), batch_size=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", [ADAMW, {"_target_": "torch.optim.SGD", "lr": 0.1, "momentum": 0.9}])
def test_a_batch_in_which_no_beat_counts_teaches_nothing(windows: Windows, optimizer: dict[str, Any]) -> None:
    data, found = windows(), []
    for counting in ([True, True], [True, False, True], [False, True, True, False]):
        made = classifier(
            data, optimizer=optimizer, frozen=["wave1", "wave2"]
        )  # norms would see the beats all the same
        for part in made.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        seeds = iter((1, 2))
        items = [batch(data, one, next(seeds) if one else 9) for one in counting]
        own = trainer(max_epochs=1)
        own.fit(made, loaded(items), loaded([batch(data, False, 3), batch(data, True, 4)]))
        assert all(torch.isfinite(value).all() for value in made.model.state_dict().values())
        found.append((made.model.state_dict(), own.callback_metrics))
    for weights, metrics in found[1:]:
        for name, value in weights.items():
            torch.testing.assert_close(value, found[0][0][name], msg=name)
        for name in ("train/loss", "val/loss", "val/accuracy"):
            assert float(metrics[name]) == pytest.approx(float(found[0][1][name]), abs=1e-6)


def test_processes_that_share_a_training_learn_nothing_from_nothing(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning refuses None there."""
    made = classifier(windows())
    assert made.training_step(batch(windows(), False, 1), 0) is None
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    loss = made.training_step(batch(windows(), False, 1), 0)
    assert loss is not None
    assert float(loss) == 0
    loss.backward()
    assert all(not p.grad.any() for p in made.parameters() if p.grad is not None)
    assert any(p.grad is not None for p in made.parameters())
    assert made.train_loss is None


def test_batches_in_which_no_beat_counts_are_predicted_as_nothing_and_score_nothing(windows: Windows) -> None:
    data = windows()
    made, items = classifier(data), [batch(data, False, 1), batch(data, True, 2)]
    items[1][1][0, 3] = -1
    found = trainer().predict(made, loaded(items))
    assert [tuple(one.shape) for one in found] == [(0, 5), (15, 5)]  # type: ignore[union-attr]
    (alone,) = trainer().test(made, loaded(items[1:]), verbose=False)
    (both,) = trainer().test(made, loaded(items), verbose=False)
    assert both == alone


def test_what_does_not_count_changes_no_loss(windows: Windows) -> None:
    data = windows()
    made = classifier(data).eval()
    given, y = batch(data, True, 1)
    y[:, :5] = -1
    logits = made(given)
    expected = nn.functional.cross_entropy(logits[:, 5:].flatten(0, 1), y[:, 5:].flatten())
    assert float(made.training_step((given, y), 0)) == pytest.approx(float(expected), rel=1e-6)  # type: ignore[arg-type]


def test_without_labels_every_place_of_a_window_is_predicted(windows: Windows) -> None:
    data = windows()
    made = classifier(data).eval()
    given, _ = batch(data, True, 1)
    (found,) = trainer().predict(made, DataLoader([given], batch_size=None))  # type: ignore[arg-type, misc]
    torch.testing.assert_close(found, made(given).softmax(dim=-1))
    assert found.shape == (2, 8, 5)


# ------------------------------------------------------------------------------------------- models of somebody's own


def chain(input_shape: tuple[int, int], n_classes: int) -> nn.Sequential:
    channels, samples = input_shape
    return nn.Sequential(
        OrderedDict(
            conv=nn.Sequential(nn.Conv1d(channels, 4, 5), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten()),
            head=nn.Linear(4 * (samples - 4), n_classes),
        )
    )


@pytest.fixture
def own_package(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("my_package")
    module.chain = chain  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_package", module)


def test_a_sequential_of_named_layers_is_trained_and_read_again(
    tmp_path: Path, windows: Windows, own_package: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, own = windows(), trainer(max_epochs=1)
    shapes = {name: list(shape) for name, shape in data.shapes.items()}
    recipe = {"_target_": "my_package.chain", "inputs": shapes, "n_classes": 5}
    made = BeatClassifier(recipe, optimizer=ADAMW, scheduler=None, frozen=["conv"])
    assert made.model.names == ("conv", "head")
    own.fit(made, datamodule=data)
    assert data.names == ("signal",)  # the other input is not served
    predicted = torch.cat(own.predict(made, datamodule=data)).numpy()  # type: ignore[arg-type]
    np.testing.assert_allclose(predicted, probabilities(made.model, data.beats, index=data.split.test), atol=1e-5)
    own.save_checkpoint(tmp_path / "my.ckpt")
    with pytest.raises(EcgError, match=r"my_package\.chain.*ECG_TRUST=my_package"):
        BeatClassifier.load_from_checkpoint(tmp_path / "my.ckpt")
    monkeypatch.setenv("ECG_TRUST", "my_package")
    again = BeatClassifier.load_from_checkpoint(tmp_path / "my.ckpt", weights_only=True)
    x = torch.randn(3, *data.info.shape)
    with torch.inference_mode():
        assert torch.equal(again.eval()(x), made.eval()(x))


def test_a_sequential_that_is_there_already_becomes_a_model(windows: Windows) -> None:
    data = windows()
    model = layered(chain(data.info.shape, 5), inputs=data.shapes, n_classes=5)
    assert model is not None
    own = trainer(max_epochs=1)
    own.fit(BeatClassifier(model, scheduler=None), datamodule=data)
    assert own.global_step == len(data.train_dataloader())


def test_data_that_lack_an_input_are_refused_before_anything_is_learned(windows: Windows) -> None:
    data = windows()
    model = sequence(inputs={"signal": (1, 40), "rhythm": (4,)}, n_classes=5)
    own = trainer()
    with pytest.raises(EcgError, match="the data's signal has the shape"):
        own.fit(BeatClassifier(model), datamodule=data)
    assert own.global_step == 0
