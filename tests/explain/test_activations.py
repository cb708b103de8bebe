from __future__ import annotations

import numpy as np
import pytest
import torch

from ecg.errors import EcgError
from ecg.explain.activations import collect, last_time_layer, outputs, time_axes
from ecg.models import MODELS, LayeredModel


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> LayeredModel:
    torch.manual_seed(1)
    return MODELS[request.param](input_shape=(1, 187), n_classes=5).eval()


def test_an_impulse_lights_up_at_its_own_time_in_every_layer(model: LayeredModel) -> None:
    axes = time_axes(model)
    for at in (40, 93, 150):
        x = torch.full((2, 1, 187), 0.1)
        x[1, 0, at] = 3.0
        for name, out in outputs(model, x):
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
    axes = time_axes(MODELS["cnn"](input_shape=(1, 187), n_classes=5).eval())
    found = {name: (axis.first, axis.step, axis.width, axis.positions) for name, axis in axes.items()}
    assert found == {
        "conv1": (2, 1, 5, 183),
        "conv2": (5, 3, 11, 59),
        "conv3": (8, 3, 17, 57),
        "conv4": (14, 9, 29, 18),
    }


def test_outputs_follow_the_model_and_end_with_its_logits(model: LayeredModel) -> None:
    x = np.random.default_rng(0).random((5, 1, 187), dtype=np.float32)
    found = collect(model, x, batch=2)
    assert tuple(found) == ("input", *model.names)
    with torch.inference_mode():
        torch.testing.assert_close(found[model.names[-1]], model(torch.from_numpy(x)))


def test_grad_cam_looks_at_the_last_layer_that_tells_moments_apart() -> None:
    built = {name: time_axes(MODELS[name](input_shape=(1, 187), n_classes=5).eval()) for name in ("cnn", "kachuee")}
    assert last_time_layer(built["cnn"], None) == "conv4"
    assert last_time_layer(built["kachuee"], None) == "block4"  # block5 keeps two positions
    assert last_time_layer(built["cnn"], "conv2") == "conv2"
    with pytest.raises(EcgError, match=r"--layer fc1.*conv1, conv2, conv3, conv4"):
        last_time_layer(built["cnn"], "fc1")
