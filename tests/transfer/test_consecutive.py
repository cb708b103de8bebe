"""Transfer of a model of consecutive beats, and of one with two inputs: features of single beats, computed once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecg.beats.segmentations import WindowSegmentation
from ecg.beats.splits import Split
from ecg.beats.table import Beats, Inputs, shapes_of
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.data.module import BeatData
from ecg.models import LayeredModel, sequence
from ecg.models.blocks import Joined
from ecg.pipeline.fitting import fit
from ecg.runs.checkpoints import best_weights
from ecg.runs.folder import RunFolder
from ecg.training import BeatClassifier
from ecg.training.inference import probabilities
from ecg.training.trainer import make_trainer
from ecg.transfer import Start, Transfer, prepare_start
from ecg.transfer.features import cached_features, feature_shapes

pytestmark = pytest.mark.filterwarnings("ignore")
Make = Callable[[], LayeredModel]
SHAPES = {"signal": (1, 24), "rhythm": (4,)}
LENGTHS = (30, 21, 40, 9)


def table() -> Beats:
    """Records of beats of two kinds; every third one of a record comes early."""
    rng = np.random.default_rng(3)
    n, record = sum(LENGTHS), np.repeat([f"r{i}" for i in range(len(LENGTHS))], LENGTHS)
    y = np.arange(n) % 3 // 2
    none = np.full(n, np.nan, dtype=np.float32)
    signal = rng.standard_normal((n, 1, 24)) + 3 * y[:, None, None] * np.hanning(24)
    return Beats(
        inputs={
            "signal": signal.astype(np.float32),
            "rhythm": (rng.standard_normal((n, 4)) - y[:, None]).astype(np.float32),
        },
        y=y.astype(np.int64),
        record=record,
        patient=record,
        database=record,
        lead=record,
        sample=np.arange(n),
        seconds=np.arange(n, dtype=np.float64),
        symbol=record,
        rr_before=none,
        rr_after=none,
    )


def consecutive() -> LayeredModel:
    """Norms that were trained elsewhere, so that what zeros give is not zero."""
    torch.manual_seed(5)
    model = sequence(inputs=SHAPES, n_classes=2, beats=7, context=2, width=8)
    model.train()({name: 2 * torch.randn(20, 7, *shape) + 1 for name, shape in SHAPES.items()})
    return model


def two_inputs() -> LayeredModel:
    torch.manual_seed(5)
    layers: dict[str, nn.Module] = {
        "wave": nn.Sequential(nn.Conv1d(1, 4, 5), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten()),
        "intervals": nn.Sequential(nn.Linear(4, 5), nn.ReLU()),
        "beat": Joined(80 + 5, 6, 0.2),
        "again": Joined(6 + 80 + 4, 6, 0.2),
        "head": nn.Linear(6, 2),
    }
    takes = {"intervals": ("rhythm",), "beat": ("wave", "intervals"), "again": ("beat", "wave", "rhythm")}
    recipe = {"_target_": "my_package.two_inputs"}
    model = LayeredModel(layers, inputs=SHAPES, takes=takes, n_classes=2, recipe=recipe)
    model.train()({name: 2 * torch.randn(50, *shape) + 1 for name, shape in SHAPES.items()})
    return model


both_kinds = pytest.mark.parametrize("make", [consecutive, two_inputs])


def computed(model: LayeredModel, n: int, inputs: Inputs) -> dict[str, np.ndarray]:
    """What the first n layers give of every beat, all at once."""
    with torch.inference_mode():
        values = model.eval().run({name: torch.from_numpy(x) for name, x in inputs.items()}, model.names[:n])
    return {name: values[name].numpy() for name in model.needed_after(n)}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.npy")}


def close(found: Inputs, wanted: Inputs) -> None:
    assert list(found) == list(wanted)
    for name, x in wanted.items():
        np.testing.assert_allclose(found[name], x, rtol=1e-4, atol=1e-5, err_msg=name)


# ----------------------------------------------------------------------------------------------------------- features


@both_kinds
def test_features_are_what_the_layers_behind_take_and_equal_to_computing_them(make: Make, tmp_path: Path) -> None:
    model, inputs = make(), table().inputs
    for n in range(1, min(len(model.alone), len(model.names) - 1) + 1):
        for expected in (False, True):
            found, there = cached_features(model, n, inputs, tmp_path / str(n), batch_size=7)
            assert there is expected
            close(found, computed(model, n, inputs))
        layers = [name for name in found if name in model.layers]
        assert len(names(tmp_path / str(n))) == len(layers) > 0
        assert all(isinstance(found[name], np.memmap) for name in layers)
        assert all(found[name] is inputs[name] for name in found if name in inputs)
        shapes = feature_shapes(model, model.names[:n])
        assert {name: shapes[name] for name in found} == shapes_of(found)


@both_kinds
def test_a_flipped_bit_in_any_file_is_noticed_and_only_that_file_computed_anew(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model, inputs, n = make(), table().inputs, 3
    n = 4 if model.beats > 1 else 3  # two layers are taken behind: shape and intervals, wave and beat
    cached_features(model, n, inputs, tmp_path)
    whole = {path: path.read_bytes() for path in tmp_path.glob("*.npy")}
    assert len(whole) == 2
    for path, content in whole.items():
        for position in (3, 200, len(content) - 1):
            damaged = bytearray(content)
            damaged[position] ^= 0x10
            path.write_bytes(damaged)
            caplog.clear()
            found, there = cached_features(model, n, inputs, tmp_path)
            assert not there
            close(found, computed(model, n, inputs))
            (record,) = caplog.records
            assert record.levelno == logging.WARNING
            assert f"{path} is damaged" in record.getMessage()
            assert {one: one.read_bytes() for one in whole} == whole


@both_kinds
def test_what_other_jobs_will_ask_for_is_kept_on_the_way(make: Make, tmp_path: Path) -> None:
    model, inputs = make(), table().inputs
    last = min(len(model.alone), len(model.names) - 1)
    cached_features(model, last, inputs, tmp_path, also=range(1, last))
    kept = names(tmp_path)
    seen: list[str] = []
    for name, layer in model.layers.items():
        layer.register_forward_hook(lambda *_, name=name: seen.append(name))
    for n in range(1, last + 1):
        found, there = cached_features(model, n, inputs, tmp_path)
        assert there
        close(found, computed(model, n, inputs))
        seen.clear()
        cached_features(model, n, inputs, tmp_path)
        assert seen == []
    assert names(tmp_path) == kept


def test_what_depends_on_a_changed_input_alone_is_computed_anew(tmp_path: Path) -> None:
    model, inputs = two_inputs(), dict(table().inputs)
    cached_features(model, 3, inputs, tmp_path)
    before = names(tmp_path)
    seen: list[str] = []
    for name, layer in model.layers.items():
        layer.register_forward_hook(lambda _, taken, __, name=name: seen.append(name) if len(taken[0]) > 1 else None)
    inputs["rhythm"] = inputs["rhythm"] + 1
    found, there = cached_features(model, 3, inputs, tmp_path)
    assert not there
    assert set(seen) == {"intervals", "beat"}  # the wave is that of before
    close(found, computed(model, 3, inputs))
    assert before < names(tmp_path)
    assert len(names(tmp_path)) == 3


# --------------------------------------------------------------------------------------------------------- whole starts


class Task(BeatData):
    """The task that is transferred to."""

    dataset = "mi"
    classes = ("normal", "MI")


@pytest.fixture
def windows(given_source: Callable[[Beats], object], tmp_path: Path) -> BeatData:
    def rule(beats: Beats) -> Split:
        return Split(
            "patients", *(np.flatnonzero(np.isin(beats.record, own)) for own in (["r0", "r1"], ["r2"], ["r3"]))
        )

    made = Task(
        source=given_source(table()),  # type: ignore[arg-type]
        segmentation=WindowSegmentation(),
        split_rule=rule,
        cache=tmp_path / "cache",
        batch_size=14,
    )
    made.setup()
    return made


@cache
def composed(precision: str = "32-true") -> RunConfig:
    return compose(
        "dataset=mi", "augment=none", "trainer=cpu", f"trainer.precision={precision}", "trainer.max_epochs=3",
        "logger=none", "monitor=val/loss", "optimizer.lr=1e-2",
    )  # fmt: skip


def start(
    model: LayeredModel, data: BeatData, cache: Path, k: int, sweep: tuple[int, ...] = (), **rule: object
) -> Start:
    data.serve(model)  # as a run does
    made = Transfer(trainable_layers=k, **rule)  # type: ignore[arg-type]
    return prepare_start(model, data, None, made, name="sequence", cache=cache, augmented=False, sweep=sweep)


def fitted(begun: Start, folder: Path, precision: str = "32-true") -> LayeredModel:
    """Train as a run does and return the whole model with its best weights."""
    run, how = RunFolder(folder), composed(precision)
    run.make()
    classifier = BeatClassifier(begun.fitted, optimizer=how.optimizer, scheduler=how.scheduler, frozen=begun.frozen)
    trainer, _ = make_trainer(how, run, ())
    trainer.fit(classifier, begun.data)
    best = best_weights(run)
    assert best is not None
    begun.fitted.load_state_dict(best)
    return begun.model


@pytest.mark.parametrize(("make", "ks"), [(consecutive, range(1, 9)), (two_inputs, range(1, 6))])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_features_computed_once_give_the_predictions_of_the_uncached_run_for_every_k(
    windows: BeatData, tmp_path: Path, make: Make, ks: range, precision: str
) -> None:
    untouched = probabilities(make(), windows.beats)
    for k in ks:
        out = []
        for cached in (True, False):
            model = make()
            begun = start(model, windows, tmp_path, k, cache_features=cached)
            alone = min(len(model.names) - k, len(model.alone))
            assert (begun.fitted is begun.model) is (not cached or alone == 0)
            if begun.fitted is not begun.model:
                assert begun.fitted.names == model.names[alone:]
                assert begun.frozen == model.names[alone:-k]
            before = {key: value.clone() for key, value in model.state_dict().items()}
            out.append(probabilities(fitted(begun, tmp_path / f"run-{k}-{cached}", precision), windows.beats))
            for key, value in model.state_dict().items():
                frozen = key.split(".")[1] in model.names[:-k]
                assert torch.equal(value, before[key]) is frozen, (k, cached, key)
        np.testing.assert_allclose(out[0], out[1], atol=1e-5, err_msg=f"k={k}")
        assert np.abs(out[0] - untouched).max() > 0.01


@pytest.mark.parametrize(("ks", "expected"), [((1, 2, 4, 7), [5, 0, 0, 0]), ((7, 4, 3, 2, 1), [1, 3, 1, 0, 0])])
def test_a_sweep_passes_the_beats_through_each_layer_of_single_beats_once(
    windows: BeatData, tmp_path: Path, ks: tuple[int, ...], expected: list[int]
) -> None:
    passes = []
    for k in ks:
        model, seen = consecutive(), []
        for layer in model.layers.values():
            layer.register_forward_hook(lambda _, taken, __, seen=seen: seen.append(len(taken[0])))
        begun = start(model, windows, tmp_path / "sweep", k, sweep=ks)
        passes.append(seen.count(len(windows.beats)))  # what asks for shapes passes one beat alone
        close(begun.data.inputs, start(consecutive(), windows, tmp_path / f"alone{k}", k).data.inputs)
    assert passes == expected


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_a_frozen_layer_of_the_sequence_is_in_eval_mode_in_every_training_step(
    windows: BeatData, tmp_path: Path, k: int
) -> None:
    begun = start(consecutive(), windows, tmp_path, k)
    modes: dict[str, set[bool]] = {name: set() for name in begun.fitted.names}
    for name, layer in begun.fitted.layers.items():
        for part in layer.modules():
            part.register_forward_pre_hook(
                lambda part, _, name=name: modes[name].add(part.training) if torch.is_grad_enabled() else None
            )
    fitted(begun, tmp_path / "run")
    for name, seen in modes.items():
        assert seen == {name not in begun.frozen}, name


def test_batches_over_features_hold_what_the_later_part_takes_before_any_trainer_asks(
    windows: BeatData, tmp_path: Path
) -> None:
    for make, k in ((consecutive, 5), (two_inputs, 2)):
        begun = start(make(), windows, tmp_path, k)
        inputs, y = next(iter(begun.data.val_dataloader()))
        assert [name for name in inputs if name != "mask"] == list(begun.fitted.inputs)
        assert begun.fitted(inputs).shape == (*y.shape, 2)
        own, _ = next(iter(windows.val_dataloader()))
        assert [name for name in own if name != "mask"] == ["signal", "rhythm"]  # the data themselves stay as they are


@pytest.mark.parametrize("k", [1, 3, 4, 7])
def test_checkpoints_over_features_hold_the_whole_model_or_the_later_part(
    windows: BeatData, tmp_path: Path, k: int
) -> None:
    begun, run = start(consecutive(), windows, tmp_path, k), RunFolder(tmp_path / "run")
    run.make()
    rule = build({"_target_": "ecg.transfer.Transfer", "trainable_layers": k}, "transfer")
    fit(composed(), rule, begun, run, (), resume=False)
    best = BeatClassifier.load_from_checkpoint(run.best_checkpoint, weights_only=True)
    assert (best.model.names, best.model.beats, best.frozen) == (begun.model.names, 7, begun.model.names[:-k])
    given = {name: torch.from_numpy(x[:14]).unflatten(0, (2, 7)) for name, x in windows.beats.inputs.items()}
    mask = torch.tensor([[True] * 7, [False] * 3 + [True] * 4])
    with torch.inference_mode():
        assert torch.equal(best.model.eval()({**given, "mask": mask}), begun.model.eval()({**given, "mask": mask}))
    last = BeatClassifier.load_from_checkpoint(run.last_checkpoint, weights_only=True)
    assert (last.model.names, last.frozen) == (begun.fitted.names, begun.frozen)
    assert last.model.inputs == shapes_of(begun.data.inputs)
