"""A model prepared for labelling gives the model's own logits, wherever the beats of a batch end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecg.beats.table import Beats
from ecg.models import MODELS, LayeredModel, cnn
from ecg.models.faster import faster
from ecg.models.labeller import Labeller, Window, lengths
from ecg.training.inference import ENOUGH, probabilities


def used(model: LayeredModel) -> LayeredModel:
    """The model as training leaves it: no two channels alike, zeros do not stay zeros, and beats make a difference."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data *= 3
        if isinstance(module, nn.BatchNorm1d):
            for tensor in (module.running_mean, module.bias.data):
                assert tensor is not None
                tensor.uniform_(-0.5, 0.5)
            for tensor in (module.running_var, module.weight.data):
                assert tensor is not None
                tensor.uniform_(0.5, 2)
    return model.eval()


def ending(samples: Tensor, channels: int = 1, whole: int = 187) -> Tensor:
    """Beats of noise that end after so many samples."""
    x = torch.rand(len(samples), channels, whole) + 0.1
    return torch.where(torch.arange(whole) < samples[:, None, None], x, torch.zeros(()))


@pytest.mark.parametrize("channels", [1, 2])
def test_logits_are_the_models_for_beats_of_every_length(channels: int) -> None:
    torch.manual_seed(0)
    model = used(cnn(input_shape=(channels, 187), n_classes=5))
    labeller = Labeller.of(model)
    assert labeller is not None
    x = ending(torch.arange(188), channels)
    with torch.inference_mode():
        wanted = model(x)
        alone = torch.cat([labeller(beat[None]) for beat in x])
    torch.testing.assert_close(alone, wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(labeller(x), wanted, rtol=1e-4, atol=1e-5)
    assert wanted.std(dim=0).min() > 0.01  # otherwise all of this would say little


def test_beats_and_weights_stay_as_they_were() -> None:
    model = used(cnn(input_shape=(1, 187), n_classes=5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    labeller = Labeller.of(model)
    assert labeller is not None
    x = ending(torch.tensor([50, 90])) - 0.5
    kept = x.clone()
    labeller(x)
    torch.testing.assert_close(x, kept, rtol=0, atol=0)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_fewer_samples_are_looked_at_when_beats_are_short() -> None:
    model = cnn(input_shape=(1, 187), n_classes=5).eval()
    labeller = Labeller.of(model)
    assert labeller is not None
    seen: list[int] = []
    labeller._convolved[0].register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
    for samples in (1, 9, 10, 100, 187):
        labeller(ending(torch.tensor([samples])))
    assert seen == [29, 29, 38, 128, 187]


def test_window_of_the_cnn() -> None:
    leaves = [nn.Conv1d(1, 2, 5), nn.ReLU(), nn.MaxPool1d(3), nn.Conv1d(2, 2, 3)]
    assert Window.of(leaves) == Window(reach=13, stride=3)
    assert [Window.of(leaves).samples(n) for n in (1, 3, 4)] == [13, 13, 16]


def test_length_of_a_beat_is_up_to_its_last_value() -> None:
    x = torch.zeros(4, 2, 6)
    x[0, 1, 2], x[1, 0, 5], x[2, 0, 0] = 1, float("nan"), -1
    assert lengths(x).tolist() == [3, 6, 1, 6]  # of zeros alone, all of them


def connected_only() -> LayeredModel:
    return LayeredModel({"head": nn.Sequential(nn.Flatten(), nn.Linear(8, 2))}, input_shape=(1, 8), n_classes=2)


def with_padding() -> LayeredModel:
    """PyTorch's convolution, whose padding makes the end of a beat differ from zeros in its middle."""
    layers = {"conv": nn.Conv1d(1, 2, 3, padding=1), "head": nn.Sequential(nn.Flatten(), nn.Linear(16, 2))}
    return LayeredModel(layers, input_shape=(1, 8), n_classes=2)


def mean_over_time() -> LayeredModel:
    """Of any length of beat: it would give another mean for fewer samples."""
    convolved = nn.Sequential(nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(1))
    layers = {"conv": convolved, "head": nn.Sequential(nn.Flatten(), nn.Linear(2, 2))}
    return LayeredModel(layers, input_shape=(1, 8), n_classes=2)


def beside_another() -> LayeredModel:
    """A layer that nothing takes: the head's features are not those of the layer before it."""
    layers = {"conv": nn.Conv1d(1, 2, 3), "other": nn.Conv1d(1, 2, 3)}
    layers["head"] = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    return LayeredModel(layers, input_shape=(1, 8), n_classes=2, takes={"other": ("signal",), "head": ("conv",)})


@pytest.mark.parametrize("make", [connected_only, with_padding, mean_over_time, beside_another, MODELS["sequence"]])
@pytest.mark.parametrize("change", [faster, lambda model: model])
def test_models_of_another_kind_are_left_alone(
    make: Callable[[], LayeredModel], change: Callable[[LayeredModel], LayeredModel]
) -> None:
    assert Labeller.of(change(make())) is None


def test_a_model_of_two_inputs_is_left_alone(two_inputs: LayeredModel) -> None:
    assert Labeller.of(two_inputs) is None


@pytest.mark.parametrize("name", ["cnn", "kachuee"])
def test_many_beats_have_the_models_probabilities_in_their_own_order(name: str, table: Callable[..., Beats]) -> None:
    torch.manual_seed(1)
    model = used(MODELS[name](input_shape=(1, 187), n_classes=5))
    x = ending(torch.randint(20, 188, (ENOUGH + 3,)))
    with torch.inference_mode():
        wanted = model(x).softmax(dim=1).numpy()
    found = probabilities(model, table({"signal": x.numpy()}))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
