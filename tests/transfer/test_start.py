"""What a transfer freezes stays as it was; features computed once change nothing but the time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ecg.beats.segmentations import PaperSegmentation
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.data.batches import AT_ONCE, CONNECTED_AT_ONCE
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.runs.checkpoints import best_weights
from ecg.runs.folder import RunFolder
from ecg.runs.weights import Weights
from ecg.training import BeatClassifier
from ecg.training.inference import probabilities
from ecg.training.trainer import make_trainer
from ecg.transfer import Start, Transfer, check_source, load_layers, prepare_start

pytestmark = pytest.mark.filterwarnings("ignore")
NewModel = Callable[..., LayeredModel]
USUAL = (
    "trainer=cpu", "trainer.max_epochs=3", "logger=none", "monitor=val/loss", "callbacks.ema.decay=0.9",
    "optimizer.lr=1e-3", "optimizer.weight_decay=0.01",
)  # fmt: skip


@cache
def config(precision: str) -> RunConfig:
    return compose(*USUAL, f"trainer.precision={precision}")


def start(
    model: LayeredModel,
    data: BeatData,
    source: Weights | None,
    *,
    cache: Path,
    augmented: bool = False,
    sweep: tuple[int, ...] = (),
    **rule: object,
) -> Start:
    made = Transfer(**rule)  # type: ignore[arg-type]
    return prepare_start(model, data, source, made, name="cnn", cache=cache, augmented=augmented, sweep=sweep)


def fitted(begun: Start, folder: Path, precision: str = "32-true") -> LayeredModel:
    """Train as a run does and return the whole model with its best weights."""
    run = RunFolder(folder)
    run.make()
    how = config(precision)
    classifier = BeatClassifier(begun.fitted, optimizer=how.optimizer, scheduler=how.scheduler, frozen=begun.frozen)
    trainer, _ = make_trainer(how, run, ())
    trainer.fit(classifier, begun.data)
    best = best_weights(run)
    assert best is not None
    begun.fitted.load_state_dict(best)
    return begun.model


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("cached", [True, False])
def test_frozen_layers_are_bit_for_bit_those_of_the_source_after_training(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, k: int, cached: bool
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=k, cache_features=cached)
    assert (begun.fitted is begun.model) is not cached
    names = begun.model.names
    before = {key: value.clone() for key, value in begun.model.state_dict().items()}
    after = fitted(begun, tmp_path / "run").state_dict()
    theirs = source.model.state_dict()
    for key, value in after.items():
        layer = key.split(".")[1]
        if layer in names[:-k]:
            assert torch.equal(value, theirs[key]), key
    assert not torch.equal(after["layers.head.1.weight"], before["layers.head.1.weight"])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_features_computed_once_give_the_predictions_of_the_uncached_run(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, k: int, precision: str
) -> None:
    out = []
    for cached in (True, False):
        begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=k, cache_features=cached)
        out.append(probabilities(fitted(begun, tmp_path / f"run-{cached}", precision), data.beats))
    np.testing.assert_allclose(out[0], out[1], atol=1e-5)


@pytest.mark.parametrize(("k", "at_once"), [(4, CONNECTED_AT_ONCE), (5, AT_ONCE)])
def test_larger_batches_validate_fully_connected_layers_alone(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, k: int, at_once: int
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=k)
    assert begun.data.val_dataloader().sampler.batch_size == at_once
    assert data.val_dataloader().sampler.batch_size == AT_ONCE  # the data themselves stay as they are
    assert begun.data.train_dataloader().sampler.batch_size == data.batch_size


def test_all_layers_but_the_head_come_from_the_source_and_the_head_is_new(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=8)
    ours, theirs, fresh = begun.model.state_dict(), source.model.state_dict(), new_model().state_dict()
    for key, value in ours.items():
        wanted = fresh if ".head." in key else theirs
        assert torch.equal(value, wanted[key]), key
    assert begun.facts["transfer/frozen"] == 0
    assert begun.facts["transfer/matched_tensors"] == len(theirs) - 2


def test_fresh_layers_are_only_those_that_are_retrained(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=3, init="fresh")
    ours, theirs, fresh = begun.model.state_dict(), source.model.state_dict(), new_model().state_dict()
    retrained = {"fc2", "fc3", "head"}
    for key, value in ours.items():
        assert torch.equal(value, (fresh if key.split(".")[1] in retrained else theirs)[key]), key


def test_the_control_keeps_random_layers(data: BeatData, new_model: NewModel, tmp_path: Path) -> None:
    begun = start(new_model(), data, None, cache=tmp_path, trainable_layers=2)
    fresh = new_model().state_dict()
    assert all(torch.equal(value, fresh[key]) for key, value in begun.model.state_dict().items())
    assert begun.facts["transfer/features"] == "random"


def test_jobs_share_features_and_other_layers_have_others(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path
) -> None:
    first = start(new_model(), data, source, cache=tmp_path, trainable_layers=2)
    again = start(new_model(), data, source, cache=tmp_path, trainable_layers=2)
    control = start(new_model(), data, None, cache=tmp_path, trainable_layers=2)
    stored = [s.facts["transfer/features_stored"] for s in (first, again, control)]
    assert stored == [False, True, False]
    assert list(first.data.inputs) == ["fc2"]
    np.testing.assert_array_equal(first.data.inputs["fc2"], again.data.inputs["fc2"])
    assert not np.array_equal(first.data.inputs["fc2"], control.data.inputs["fc2"])
    assert len(list((tmp_path / "features").glob("*.npy"))) == 2


@pytest.mark.parametrize(("ks", "expected"), [((1, 2, 4), [7, 0, 0]), ((4, 2, 1), [4, 2, 1])])
def test_a_sweep_passes_the_beats_through_each_frozen_layer_once(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, ks: tuple[int, ...], expected: list[int]
) -> None:
    passes = []
    for k in ks:
        model = new_model()
        seen: list[int] = []
        for layer in model.layers.values():
            layer.register_forward_hook(lambda _, given, __, seen=seen: seen.append(len(given[0])))
        begun = start(model, data, source, cache=tmp_path / "sweep", sweep=ks, trainable_layers=k)
        passes.append(seen.count(len(data.beats)))  # what asks for shapes passes one beat alone
        alone = start(new_model(), data, source, cache=tmp_path / f"alone{k}", trainable_layers=k)
        (name,) = begun.data.inputs
        np.testing.assert_allclose(begun.data.inputs[name], alone.data.inputs[name], rtol=1e-5, atol=1e-6)
    assert passes == expected


def test_augmentation_turns_the_cache_off_and_says_so(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=2, augmented=True)
    assert begun.fitted is begun.model
    assert begun.facts["transfer/cached"] is False
    assert "augment=none makes this faster" in caplog.text


def test_features_too_large_to_keep_are_not_kept(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=7, cache_limit_mb=0.1)
    assert begun.fitted is begun.model
    assert "transfer.cache_limit_mb" in caplog.text


def test_reestimated_statistics_are_those_of_the_new_training_beats(
    data: BeatData, source: Weights, new_model: NewModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun = start(new_model(), data, source, cache=tmp_path, trainable_layers=1, reestimate_batchnorm=True)
    convolution, norm = begun.model.layers["conv1"][0], begun.model.layers["conv1"][1]  # type: ignore[index]
    with torch.no_grad():
        seen = convolution(torch.from_numpy(data.beats.signal[data.split.train]))
    torch.testing.assert_close(norm.running_mean, seen.mean(dim=(0, 2)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, seen.var(dim=(0, 2)), rtol=1e-3, atol=1e-5)
    assert norm.momentum == 0.1
    everything = start(new_model(), data, source, cache=tmp_path, trainable_layers=8, reestimate_batchnorm=True)
    kept = everything.model.layers["conv1"][1].running_mean.clone()  # type: ignore[index]
    fitted(everything, tmp_path / "run")
    moved = everything.model.layers["conv1"][1].running_mean  # type: ignore[index]
    assert not torch.equal(kept, moved)  # what learns is back in training mode
    assert "4 BatchNorm layers" in caplog.text


@pytest.mark.parametrize("k", [0, 9, -1])
def test_a_number_of_layers_out_of_range_names_the_layers(new_model: NewModel, k: int) -> None:
    with pytest.raises(EcgError, match=rf"trainable_layers={k}: must be from 1 .* to 8 .* conv1, .*head"):
        new_model().divide(k)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_divided_anywhere(name: str) -> None:
    torch.manual_seed(0)
    model = MODELS[name](n_classes=2).eval()
    lead = (3,) if model.beats == 1 else (3, model.beats)
    x = {key: torch.randn(*lead, *shape) for key, shape in model.inputs.items()}
    values = model.values(x)
    for k in range(1, len(model.names) + 1):
        frozen, trained = model.divide(k)
        features = {key: values[key] for key in model.needed_after(len(frozen))}
        rest = model.last(trained, {key: tuple(value.shape[len(lead) :]) for key, value in features.items()})
        torch.testing.assert_close(rest(features), model(x))
        assert (frozen + trained) == model.names


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"init": "new"}, "init=new: choose one of source, fresh"),
        ({"probe_epochs": 0}, "probe_epochs=0: must be at least 1"),
        ({"lr_decay": 0}, r"lr_decay=0: must be from 0 \(not included\) to 1"),
        ({"lr_decay": 1.5}, r"lr_decay=1\.5: must be from 0 \(not included\) to 1"),
        ({"cache_limit_mb": -1}, "cache_limit_mb=-1: must be at least 0"),
        ({"source_epochs": 0}, "source_epochs=0: must be at least 1"),
    ],
)
def test_a_wrong_setting_of_a_transfer_is_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        Transfer(**wrong)


def test_settings_of_conf_are_those_of_the_transfer() -> None:
    for name, expected in {
        "source": Transfer(trainable_layers=2),
        "random": Transfer(trainable_layers=2, source="random"),
        "published": Transfer(trainable_layers=2, init="fresh"),
    }.items():
        typed = compose(f"transfer={name}", "dataset=mi", "transfer.trainable_layers=2").transfer
        assert build(typed, "transfer") == expected


def test_a_source_of_another_model_segmentation_or_shape_is_refused(source: Weights, data: BeatData) -> None:
    check_source(source, model="cnn", data=data)
    with pytest.raises(EcgError, match="is a cnn, the new model is a kachuee; choose model=cnn"):
        check_source(source, model="kachuee", data=data)
    data.info = replace(data.info, shapes={"signal": (2, 187)})
    said = r"have the shapes {'signal': \(1, 187\)}, the new ones {'signal': \(2, 187\)}; choose as many dataset.leads"
    with pytest.raises(EcgError, match=said):
        check_source(source, model="cnn", data=data)
    data.segmentation = PaperSegmentation()
    with pytest.raises(EcgError, match=r"choose dataset\.segmentation=kaggle with the same settings"):
        check_source(source, model="cnn", data=data)


def test_a_partial_match_is_refused(source: Weights, new_model: NewModel) -> None:
    narrow = replace(source, model=MODELS["kachuee"](input_shape=(1, 187), n_classes=5))
    with pytest.raises(EcgError, match=r"0 of .* tensors match"):
        load_layers(new_model(), narrow, ("conv1", "conv2"))
