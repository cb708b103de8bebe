from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecg.beats.table import SIGNAL, Beats
from ecg.errors import EcgError
from ecg.explain.activations import collect, last_time_layer, time_axes
from ecg.explain.view import View, look_of, situated
from ecg.models import MODELS, LayeredModel
from ecg.models.blocks import Joined
from ecg.training.inference import probabilities

from .conftest import SAMPLES, beats_of

OTHERS = {"template": (2, SAMPLES), "rhythm": (40,), "shape": (55,), "measures": (1, 27), "global": (2,)}


def built(name: str) -> LayeredModel:
    """A registered model for beats of `beats_with_features`, as an explanation shows it: with their signal."""
    torch.manual_seed(1)
    inputs, kind = {SIGNAL: (1, SAMPLES), **OTHERS}, MODELS[name]
    given = {"inputs": inputs} if "inputs" in signature(kind).parameters else {"input_shape": inputs[SIGNAL]}
    model = kind(**given, n_classes=5).eval()
    model.inputs = {SIGNAL: inputs[SIGNAL], **model.inputs}
    return model


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> LayeredModel:
    return built(request.param)


def beats_with_features(x: np.ndarray) -> Beats:
    """Beats in a record each, whose other inputs are drawn."""
    rng, n = np.random.default_rng(0), len(x)
    more = {name: rng.standard_normal((n, *shape)).astype(np.float32) for name, shape in OTHERS.items()}
    return beats_of(x, np.zeros(n), patient=np.arange(n), **more)


def seen(model: LayeredModel, beats: Beats) -> View:
    return look_of(model, beats)(situated(beats, np.arange(len(beats)), model))


@pytest.mark.parametrize("name", ["cnn", "kachuee", "sequence"])
def test_an_impulse_lights_up_at_its_own_time_in_every_layer(name: str) -> None:
    model = built(name)
    axes = time_axes(model)
    assert axes
    for at in (40, 93, 150):
        x = np.full((2, 1, SAMPLES), 0.1, dtype=np.float32)
        x[1, 0, at] = 3.0
        beats = beats_with_features(x)
        for other in OTHERS:
            beats.inputs[other][1] = beats.inputs[other][0]
        for name, out in collect(model, seen(model, beats)).items():
            if name not in axes:
                continue
            axis = axes[name]
            changed = (out[1] - out[0]).abs().amax(dim=0).numpy()
            lit = np.flatnonzero(changed > 1e-9)
            reach = axis.width / 2 + 1e-6
            assert np.all(np.abs(axis.centres[lit] - at) <= reach), name
            dark = np.setdiff1d(np.arange(axis.positions), lit)
            if axis.width < 40:  # a position right above the impulse must have seen it
                assert not len(dark) or np.abs(axis.centres[dark] - at).min() >= axis.step / 2, name


def test_axes_of_the_cnn_are_those_of_its_kernels() -> None:
    found = {
        name: (axis.first, axis.step, axis.width, axis.positions) for name, axis in time_axes(built("cnn")).items()
    }
    assert found == {
        "conv1": (2, 1, 5, 183),
        "conv2": (5, 3, 11, 59),
        "conv3": (8, 3, 17, 57),
        "conv4": (14, 9, 29, 18),
    }


def test_only_layers_that_keep_the_time_of_one_beats_signal_have_an_axis() -> None:
    assert list(time_axes(built("sequence"))) == ["wave1", "wave2"]
    assert time_axes(built("context")) == {}  # no layer takes the signal


class Sum(nn.Module):
    """Of two values."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Shape as both."""
        return one + other


@pytest.fixture
def two_branches() -> LayeredModel:
    """Two ways from the signal, one from a second signal that keeps a time of its own, joined before the head.

    What is made of two values has no axis, even where both keep the same time.
    """
    torch.manual_seed(2)
    layers = {
        "fine": nn.Conv1d(1, 3, 5),
        "coarse": nn.Sequential(nn.Conv1d(1, 3, 9, stride=4), nn.ReLU()),
        "twin": nn.Conv1d(1, 3, 5),
        "sum": Sum(),
        "finer": nn.Conv1d(3, 2, 3),
        "other": nn.Conv1d(1, 2, 3),
        "left": nn.Flatten(),
        "right": nn.Flatten(),
        "third": nn.Flatten(),
        "head": Joined(2 * 181 + 3 * 45 + 2 * 28, 4, 0.0),
    }
    takes = {
        "coarse": ("signal",),
        "twin": ("signal",),
        "sum": ("fine", "twin"),
        "finer": ("fine",),
        "other": ("second",),
        "left": ("finer",),
        "right": ("coarse",),
        "third": ("other",),
        "head": ("left", "right", "third"),
    }
    return LayeredModel(layers, inputs={SIGNAL: (1, SAMPLES), "second": (1, 30)}, takes=takes, n_classes=4).eval()


def test_each_branch_has_the_time_axis_of_its_own_kernels(two_branches: LayeredModel) -> None:
    """`coarse` comes behind `fine` in the list, and does not take what `fine` gives."""
    found = {name: (a.first, a.step, a.width, a.positions) for name, a in time_axes(two_branches).items()}
    assert found == {"fine": (2, 1, 5, 183), "coarse": (4, 4, 9, 45), "twin": (2, 1, 5, 183), "finer": (3, 1, 7, 181)}


def test_grad_cam_may_look_at_either_branch(two_branches: LayeredModel) -> None:
    axes = time_axes(two_branches)
    assert last_time_layer(axes, "coarse") == "coarse"
    with pytest.raises(EcgError, match=r"--layer other.*fine, coarse, twin, finer"):
        last_time_layer(axes, "other")


def test_outputs_follow_the_model_and_end_with_its_logits(model: LayeredModel) -> None:
    beats = beats_with_features(50 * np.random.default_rng(0).random((5, 1, SAMPLES)))
    found = collect(model, seen(model, beats), batch=2)
    assert tuple(found) == ("input", *(name for name in model.inputs if name != SIGNAL), *model.names)
    np.testing.assert_array_equal(found["input"].numpy(), beats.signal)
    log_p = found[model.names[-1]].log_softmax(dim=1).numpy()
    np.testing.assert_allclose(log_p, np.log(probabilities(model, beats)), atol=1e-5)
    assert np.ptp(log_p, axis=0).max() > 1e-3  # of beats that the model tells apart


def test_grad_cam_looks_at_the_last_layer_that_tells_moments_apart() -> None:
    axes = {name: time_axes(built(name)) for name in ("cnn", "kachuee", "sequence")}
    assert last_time_layer(axes["cnn"], None) == "conv4"
    assert last_time_layer(axes["kachuee"], None) == "block4"  # block5 keeps two positions
    assert last_time_layer(axes["sequence"], None) == "wave2"
    assert last_time_layer(axes["cnn"], "conv2") == "conv2"
    with pytest.raises(EcgError, match=r"--layer fc1.*conv1, conv2, conv3, conv4"):
        last_time_layer(axes["cnn"], "fc1")


def test_what_weighs_a_whole_channel_leaves_the_time_of_a_layer_alone() -> None:
    axes = time_axes(built("compact"))  # squeeze and excitation
    assert {name: (axis.first, axis.step, axis.positions) for name, axis in axes.items()} == {
        "stem": (1.5, 4, 47), "block1": (3.5, 8, 24), "block2": (7.5, 16, 12), "block3": (7.5, 16, 12),
    }  # fmt: skip
    assert last_time_layer(axes, None) == "block3"
