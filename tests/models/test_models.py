"""Every registered model keeps the contract: an ordered list of named layers, the last one the head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

import ecg
from ecg.config.compose import SCHEMAS
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel

CONF = Path(ecg.__file__).parents[1] / "conf" / "model"


@dataclass(frozen=True)
class Expected:
    """What a model is known to be.

    Attributes:
        layers: layer names, input to output.
        parameters: for one channel of 187 samples and five classes.
        shortest: samples of the shortest beats it takes.
    """

    layers: tuple[str, ...]
    parameters: int
    shortest: int


EXPECTED = {
    "cnn": Expected(("conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "fc3", "head"), 5_125_125, 29),
    "kachuee": Expected(("conv", "block1", "block2", "block3", "block4", "block5", "fc", "head"), 53_957, 125),
}
every_model = pytest.mark.parametrize("name", MODELS)


def build(name: str, *, channels: int = 1, samples: int = 187, classes: int = 5, seed: int = 0) -> LayeredModel:
    torch.manual_seed(seed)
    return MODELS[name](input_shape=(channels, samples), n_classes=classes)


def test_every_model_has_a_row_of_expectations_a_schema_and_a_yaml_file() -> None:
    assert set(EXPECTED) == set(MODELS), "add the new model to EXPECTED"
    assert {name.removesuffix("_schema") for group, name in SCHEMAS if group == "model"} == set(MODELS)
    assert {path.stem for path in CONF.glob("*.yaml")} == set(MODELS)


@every_model
def test_yaml_and_schema_of_a_model_carry_its_name(name: str) -> None:
    schema = SCHEMAS["model", f"{name}_schema"]
    assert schema().name == name
    assert f"{name}_schema" in OmegaConf.load(CONF / f"{name}.yaml").defaults


@every_model
def test_the_schema_builds_the_model(name: str) -> None:
    built = SCHEMAS["model", f"{name}_schema"]().build(input_shape=(1, 187), n_classes=5)
    assert built.names == EXPECTED[name].layers


@every_model
def test_layers_have_names_in_order_and_the_last_is_the_head(name: str) -> None:
    model = build(name)
    assert model.names == EXPECTED[name].layers
    assert model.names[-1] == "head"
    assert model.head is model.layers["head"]


@every_model
def test_number_of_parameters(name: str) -> None:
    assert sum(p.numel() for p in build(name).parameters()) == EXPECTED[name].parameters


@every_model
def test_every_layer_has_weights_and_none_are_outside_the_layers(name: str) -> None:
    model = build(name)
    inside = {id(p) for layer in model.layers.values() for p in layer.parameters()}
    assert inside == {id(p) for p in model.parameters()}
    assert all(list(layer.parameters()) for layer in model.layers.values())


@every_model
@pytest.mark.parametrize(("channels", "samples", "classes"), [(1, 187, 5), (1, 187, 2), (2, 150, 5), (1, 300, 3)])
def test_a_model_gives_one_logit_per_class(name: str, channels: int, samples: int, classes: int) -> None:
    model = build(name, channels=channels, samples=samples, classes=classes)
    assert model(torch.rand(3, channels, samples)).shape == (3, classes)
    assert (model.input_shape, model.n_classes) == ((channels, samples), classes)


@every_model
def test_layer_by_layer_is_forward(name: str) -> None:
    model = build(name).eval()
    x = wanted = torch.rand(4, 1, 187)
    for layer in model.layers.values():
        x = layer(x)
    assert torch.equal(x, model(wanted))


@every_model
def test_the_gradient_reaches_every_parameter(name: str) -> None:
    model = build(name)
    model.eval()  # no dropout: every feature counts
    torch.nn.functional.cross_entropy(model(torch.rand(16, 1, 187)), torch.arange(16) % 5).backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@every_model
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name: str) -> None:
    a, b, c = (build(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert any(not torch.equal(a[key], c[key]) for key in a)


@every_model
def test_weights_round_trip(name: str) -> None:
    model, other = build(name, seed=1).eval(), build(name, seed=2).eval()
    x = torch.rand(2, 1, 187)
    assert not torch.allclose(model(x), other(x))
    other.load_state_dict(model.state_dict())
    assert torch.equal(model(x), other(x))


@every_model
def test_evaluation_is_deterministic_and_sees_each_beat_alone(name: str) -> None:
    model = build(name).eval()
    x = torch.rand(6, 1, 187)
    together = model(x)
    assert torch.equal(model(x), together)
    torch.testing.assert_close(model(x[2:3]), together[2:3], rtol=1e-4, atol=1e-5)


@every_model
def test_beats_that_are_too_short_are_refused_with_the_shortest_length(name: str) -> None:
    shortest = EXPECTED[name].shortest
    assert build(name, samples=shortest).eval()(torch.rand(2, 1, shortest)).shape == (2, 5)
    with pytest.raises(EcgError, match=f"model={name}.*{shortest} samples.*{shortest - 1}"):
        build(name, samples=shortest - 1)


def test_cnn_drops_features_in_training_only() -> None:
    model = build("cnn")
    x = torch.rand(4, 1, 187)
    for layer in list(model.layers.values())[:4]:
        layer.eval()  # BatchNorm apart, training differs by dropout alone
    assert not torch.equal(model(x), model(x))
    assert torch.equal(model.eval()(x), model(x))


def test_dropout_of_the_cnn_can_be_set() -> None:
    model = MODELS["cnn"](input_shape=(1, 187), n_classes=5, dropout=0.7)
    rates = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
    assert rates == [0.7] * 4


def test_a_kachuee_block_adds_its_input() -> None:
    block = build("kachuee").layers["block1"]
    for p in block.parameters():
        torch.nn.init.zeros_(p)
    x = torch.randn(2, 32, 50)
    torch.testing.assert_close(block(x), torch.nn.functional.max_pool1d(x.relu(), 5, 2))


def test_a_kachuee_block_is_the_papers_figure_2() -> None:
    torch.manual_seed(0)
    block = build("kachuee").layers["block1"]
    tensors = block.state_dict()

    def convolved(x: torch.Tensor, name: str) -> torch.Tensor:
        return torch.conv1d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding="same")

    x = torch.randn(2, 32, 50)
    inner = convolved(convolved(x, "first").relu(), "second")
    expected = torch.nn.functional.max_pool1d((inner + x).relu(), 5, 2)
    torch.testing.assert_close(block(x), expected)
    assert (expected == 0).any()
