"""Which layers move, how fast, and in which mode; and the classifier under somebody's own Trainer."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, TensorDataset

import ecg
from ecg.beats.segmentations import KaggleSegmentation
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.module import BeatData
from ecg.data.sources import Prepared
from ecg.errors import EcgError
from ecg.models import LayeredModel, cnn, kachuee
from ecg.training import BeatClassifier

pytestmark = pytest.mark.filterwarnings("ignore")
ADAMW = {"_target_": "torch.optim.AdamW", "lr": 0.1, "weight_decay": 0.01}
SHORT = 29  # samples of the shortest beat that the cnn takes
Sides = Callable[..., tuple[Any, Any]]


def trainer(**more: Any) -> pl.Trainer:
    """A Trainer of somebody's own, who knows nothing of run folders."""
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return pl.Trainer(**{"accelerator": "cpu", "max_epochs": 2, "enable_checkpointing": False, **quiet, **more})


def classifier(model: LayeredModel, **more: Any) -> BeatClassifier:
    return BeatClassifier(model, **{"optimizer": ADAMW, "scheduler": None, **more})


def groups(made: BeatClassifier, loader: Any) -> list[dict[str, Any]]:
    """The optimizer's groups of parameters, in a training of one step."""
    fitted = trainer(fast_dev_run=True)
    fitted.fit(made, loader)
    (optimizer,) = fitted.optimizers
    return optimizer.param_groups


def logits(made: BeatClassifier, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        out: torch.Tensor = made.eval()(x)
    return out


def plain(value: Any) -> bool:
    """Whether a value is of builtin types, all the way down."""
    if type(value) is dict:
        return all(type(key) is str and plain(one) for key, one in value.items())
    if type(value) in (list, tuple):
        return all(map(plain, value))
    return value is None or type(value) in (str, int, float, bool)


def test_frozen_layers_stay_in_eval_mode_whatever_mode_is_asked_for(tiny: Callable[[], LayeredModel]) -> None:
    model = tiny().eval()
    made = classifier(model, frozen=["fc"])
    for _ in range(2):
        assert not any(module.training for module in model.layers["fc"].modules())
        assert all(module.training for module in model.layers["head"].modules())
        made.train()
    assert not any(p.requires_grad for p in model.layers["fc"].parameters())
    made.eval()
    assert not model.layers["head"].training


def test_frozen_layers_do_not_move_in_training_and_the_others_do(
    tiny: Callable[[], LayeredModel], sides: Sides
) -> None:
    model = tiny()
    before = copy.deepcopy(model.state_dict())
    trainer().fit(classifier(model, frozen=["fc"]), *sides())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) is (not name.startswith("layers.head.")), name


def test_a_frozen_layer_that_does_not_exist_is_answered_with_the_layers(tiny: Callable[[], LayeredModel]) -> None:
    with pytest.raises(EcgError, match=r"^frozen=conv9: no such layer; the layers are fc, head$"):
        classifier(tiny(), frozen=["conv9"])


@pytest.mark.parametrize("frozen", [(), ("conv1", "conv2")])
def test_layers_further_from_the_head_learn_more_slowly(frozen: tuple[str, ...], sides: Sides) -> None:
    model = cnn(input_shape=(1, SHORT), n_classes=2)
    made = classifier(model, frozen=frozen, lr_decay=0.5)
    rates = {id(p): group["lr"] for group in groups(made, sides(SHORT, 2)[0]) for p in group["params"]}
    for i, name in enumerate(reversed(model.names)):
        for parameter in model.layers[name].parameters():
            if name in frozen:
                assert id(parameter) not in rates
            else:
                assert rates[id(parameter)] == pytest.approx(0.1 * 0.5**i)


def test_without_decay_there_is_one_rate_for_all_that_learns(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    made = classifier(tiny())
    (group,) = groups(made, sides()[0])
    assert group["lr"] == 0.1
    assert len(group["params"]) == len(list(made.parameters()))


# ----------------------------------------------------------------------------------------------------- checkpoints


@pytest.mark.parametrize("weights_only", [False, True])
def test_a_checkpoint_of_somebodys_own_trainer_gives_the_same_classifier_again(
    tmp_path: Path, sides: Sides, weights_only: bool
) -> None:
    made = BeatClassifier(
        cnn(input_shape=(1, SHORT), n_classes=3, dropout=0.2),
        loss={"_target_": "ecg.training.WeightedCrossEntropy", "class_counts": [3, 2, 1]},
        optimizer=ADAMW,
        scheduler={"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 5, "interval": "epoch"},
        augment={"gain": 0.2, "when": "always"},
        frozen=["conv1"],
        lr_decay=0.7,
        seed=4,
    )
    fitted, path = trainer(), tmp_path / "my.ckpt"
    fitted.fit(made, *sides(SHORT))
    fitted.save_checkpoint(path, weights_only=weights_only)
    x = torch.randn(5, 1, SHORT)
    again = BeatClassifier.load_from_checkpoint(path, weights_only=True)
    assert torch.equal(logits(again, x), logits(made, x))
    assert not torch.equal(logits(BeatClassifier(cnn(input_shape=(1, SHORT), n_classes=3)), x), logits(made, x))
    assert (again.frozen, again.lr_decay, again.seed, again.augment) == (("conv1",), 0.7, 4, made.augment)
    assert (again.optimizer_like, again.scheduler_like) == (made.optimizer_like, made.scheduler_like)
    assert [m.p for m in again.model.modules() if isinstance(m, torch.nn.Dropout)] == [0.2] * 4
    y = torch.tensor([0, 1, 2, 2, 0])
    assert float(again._loss(logits(again, x), y)) == float(made._loss(logits(made, x), y))
    if not weights_only:
        more = trainer(max_epochs=3)
        more.fit(again, *sides(SHORT), ckpt_path=path)  # and training goes on
        assert more.global_step == 15


@pytest.mark.parametrize("build", [cnn, kachuee])
def test_a_classifier_of_nothing_but_defaults_comes_back(
    tmp_path: Path, sides: Sides, build: Callable[..., LayeredModel]
) -> None:
    made, fitted = BeatClassifier(build(input_shape=(1, 125), n_classes=3)), trainer(max_epochs=1)
    fitted.fit(made, *sides(125))
    fitted.save_checkpoint(tmp_path / "my.ckpt")
    again = BeatClassifier.load_from_checkpoint(tmp_path / "my.ckpt")
    x = torch.randn(4, 1, 125)
    assert torch.equal(logits(again, x), logits(made, x))


def test_hyper_parameters_are_builtins_and_checkpoints_are_read_as_data(tmp_path: Path, sides: Sides) -> None:
    made = BeatClassifier(kachuee(input_shape=(1, 125), n_classes=3), augment=ecg.training.Augment(), frozen=("conv",))
    fitted = trainer(max_epochs=1)
    fitted.fit(made, *sides(125))
    fitted.save_checkpoint(tmp_path / "my.ckpt")
    stored = torch.load(tmp_path / "my.ckpt", weights_only=True)
    kept = stored["hyper_parameters"]
    assert {"model", "loss", "optimizer", "scheduler", "augment", "frozen", "lr_decay", "seed"} == set(kept)
    assert plain(dict(kept)), kept
    assert kept["model"] == {"_target_": "ecg.models.kachuee", "inputs": {"signal": [1, 125]}, "n_classes": 3}


@pytest.mark.parametrize(
    "more",
    [
        {"lr_decay": np.float64(0.5), "seed": np.int64(3)},
        {"optimizer": {**ADAMW, "lr": np.float64(0.1), "betas": (0.9, 0.95)}},
        {"optimizer": OmegaConf.create({**ADAMW, "betas": [0.9, 0.95]})},
        {"loss": {"_target_": "ecg.training.WeightedCrossEntropy", "class_counts": list(np.array([5, 3, 2]))}},
    ],
    ids=["numbers", "optimizer", "omegaconf", "loss"],
)
def test_numpys_numbers_and_omegaconf_in_the_settings_break_no_checkpoint(
    tmp_path: Path, sides: Sides, more: dict[str, Any]
) -> None:
    model = cnn(input_shape=(1, SHORT), n_classes=np.int64(3), dropout=np.float64(0.2))  # type: ignore[arg-type]
    made, fitted = classifier(model, **more), trainer(max_epochs=1)
    fitted.fit(made, *sides(SHORT))
    fitted.save_checkpoint(tmp_path / "my.ckpt")
    assert plain(dict(torch.load(tmp_path / "my.ckpt", weights_only=True)["hyper_parameters"]))


def test_a_part_of_ones_own_is_given_again_when_a_checkpoint_is_read(
    tmp_path: Path, tiny: Callable[[], LayeredModel], sides: Sides
) -> None:
    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    made = BeatClassifier(tiny(), loss=loss, optimizer=lambda p: torch.optim.SGD(p, lr=0.1), scheduler=None)
    assert not {"model", "loss", "optimizer"} & set(made.hparams)
    fitted = trainer(max_epochs=1)
    fitted.fit(made, *sides())
    fitted.save_checkpoint(tmp_path / "my.ckpt")
    again = BeatClassifier.load_from_checkpoint(tmp_path / "my.ckpt", model=tiny(), loss=loss, weights_only=True)
    x = torch.randn(4, 1, 8)
    assert torch.equal(logits(again, x), logits(made, x))


def test_a_classifier_travels_to_another_process(sides: Sides) -> None:
    made = BeatClassifier(kachuee(input_shape=(1, 125), n_classes=3))
    again = pickle.loads(pickle.dumps(made))
    x = torch.randn(4, 1, 125)
    assert torch.equal(logits(again, x), logits(made, x))
    trainer(fast_dev_run=True).fit(again, *sides(125))


# ---------------------------------------------------------------------------------------- somebody's own Trainer


def test_somebodys_own_trainer_validates_and_tests_with_the_same_scores(
    tiny: Callable[[], LayeredModel], sides: Sides
) -> None:
    made = classifier(tiny())
    train, val = sides()
    fitted = trainer()
    fitted.fit(made, train, val)
    (validated,) = fitted.validate(made, val, verbose=False)
    (tested,) = trainer().test(made, val, verbose=False)
    names = ("loss", "accuracy", "balanced_accuracy", "macro_f1")
    assert set(validated) == {f"val/{name}" for name in names}
    assert set(tested) == {f"test/{name}" for name in names}
    assert [tested[f"test/{name}"] for name in names] == [validated[f"val/{name}"] for name in names]
    ((x, y),) = list(val)
    right = (logits(made, x).argmax(dim=1) == y).float().mean()
    assert tested["test/accuracy"] == pytest.approx(float(right))
    assert tested["test/loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits(made, x), y)), rel=1e-5)


def test_testing_twice_counts_nothing_twice(tiny: Callable[[], LayeredModel], sides: Sides) -> None:
    made, (_, val) = classifier(tiny()), sides()
    first, second = (trainer().test(made, val, verbose=False) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("labelled", [True, False])
def test_somebodys_own_trainer_predicts_with_or_without_labels(
    tiny: Callable[[], LayeredModel], labelled: bool
) -> None:
    made = classifier(tiny())
    x, y = torch.randn(10, 1, 8), torch.arange(10) % 3
    data: Any = TensorDataset(x, y) if labelled else x
    found = trainer().predict(made, DataLoader(data, batch_size=4))
    assert found is not None
    assert [len(part) for part in found] == [4, 4, 2]
    together = torch.cat(found)  # type: ignore[arg-type]
    torch.testing.assert_close(together, logits(made, x).softmax(dim=1))
    torch.testing.assert_close(together.sum(dim=1), torch.ones(10))


class Given(BeatData):
    """Beats that are there already."""

    dataset = "mi"
    classes = ("normal", "MI")


class Few:
    """Thirty beats of two classes."""

    name, simulated, databases = "given", True, ()

    def prepare(self, segmentation: object, leads: object, cache: Path) -> Prepared:
        n = 30
        text, none = np.full(n, "a"), np.full(n, np.nan, dtype=np.float32)
        beats = Beats(
            inputs={"signal": np.random.default_rng(0).random((n, 1, 187), dtype=np.float32)},
            y=np.arange(n) % 2,
            record=text,
            patient=text,
            database=text,
            lead=text,
            sample=np.arange(n),
            seconds=np.arange(n, dtype=np.float64),
            symbol=text,
            rr_before=none,
            rr_after=none,
        )
        return Prepared(beats, "0" * 64, False, facts={})

    def recording(self, name: str) -> None:
        return None

    def at_hand(self) -> bool:
        return True


def given(tmp_path: Path) -> BeatData:
    def rule(table: Beats) -> Split:
        index = np.arange(len(table))
        return Split("beats", index[:16], index[16:24], index[24:])

    return Given(source=Few(), segmentation=KaggleSegmentation(), split_rule=rule, cache=tmp_path, batch_size=8)


@pytest.mark.parametrize("what", ["fit", "validate", "test", "predict"])
def test_a_data_module_of_other_classes_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    made, before = classifier(kachuee(n_classes=5)), trainer()
    said = "the data has 2 classes (normal, MI), the model 5 logits; build it with n_classes=2"
    with pytest.raises(EcgError, match=f"^{re.escape(said)}$"):
        getattr(before, what)(made, datamodule=given(tmp_path))
    assert before.global_step == 0


@pytest.mark.parametrize("what", ["fit", "validate", "test", "predict"])
def test_a_data_module_of_other_beats_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    made, before = classifier(kachuee(input_shape=(2, 200), n_classes=2)), trainer()
    said = "the data's signal has the shape (1, 187), the model takes (2, 200); build it with "
    said += "inputs={'signal': (1, 187)}"
    with pytest.raises(EcgError, match=f"^{re.escape(said)}$"):
        getattr(before, what)(made, datamodule=given(tmp_path))


def test_a_data_module_trains_tests_and_predicts_under_somebodys_own_trainer(tmp_path: Path) -> None:
    made, data, own = classifier(kachuee(n_classes=2)), given(tmp_path), trainer(max_epochs=1)
    own.fit(made, data)
    assert own.global_step == 2
    (tested,) = own.test(made, data, verbose=False)
    found = torch.cat(own.predict(made, data))  # type: ignore[arg-type]
    assert found.shape == (6, 2)
    right = (found.argmax(dim=1).numpy() == data.beats.y[data.split.test]).mean()
    assert tested["test/accuracy"] == pytest.approx(float(right))


def test_loaders_of_ones_own_are_taken_without_a_data_module(tiny: Callable[[], LayeredModel]) -> None:
    loader = DataLoader(TensorDataset(torch.randn(20, 1, 8), torch.arange(20) % 3), batch_size=5, shuffle=True)
    own = trainer(max_epochs=1)
    own.fit(classifier(tiny()), loader, loader)
    assert own.global_step == 4
    assert {"train/loss", "val/loss", "val/macro_f1"} <= set(own.callback_metrics)


def test_a_gradient_that_is_averaged_over_batches_and_clipped_is_the_trainers_business(
    tiny: Callable[[], LayeredModel], sides: Sides
) -> None:
    own = trainer(max_epochs=1, accumulate_grad_batches=2, gradient_clip_val=0.5, gradient_clip_algorithm="value")
    own.fit(classifier(tiny()), *sides())
    assert own.global_step == 3
