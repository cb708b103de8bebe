"""Every registered model keeps the contract: an ordered list of named layers, the last one the head."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import ecg
from ecg.beats.table import Shapes
from ecg.config.build import build as built_from
from ecg.config.compose import choices, compose, node
from ecg.config.signature import signature
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.targets import locate
from ecg.training.classifier import from_recipe, recipe_of


@dataclass(frozen=True)
class Expected:
    """What a model is known to be.

    Attributes:
        layers: layer names, input to output.
        parameters: for what it is built for without being told anything.
        shortest: samples of the shortest beats it takes; None where it takes no signal.
        inputs: what it is built for without being told anything.
        beats: that it sees at once.
    """

    layers: tuple[str, ...]
    parameters: int
    shortest: int | None
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: {"signal": (1, 187)})
    beats: int = 1


FEATURES = {"rhythm": (40,), "shape": (55,)}
JOINED = ("beat", "near1", "near2", "near3", "near4", "both", "head")
CONTEXT = Expected(("rhythm1", "rhythm2", "shape1", "shape2", *JOINED), 140_453, None, FEATURES, 64)
EXPECTED = {
    "cnn": Expected(("conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "fc3", "head"), 5_125_125, 29),
    "compact": Expected(("stem", "block1", "block2", "block3", "fc", "head"), 177_801, 48),
    "kachuee": Expected(("conv", "block1", "block2", "block3", "block4", "block5", "fc", "head"), 53_957, 125),
    "sequence": Expected(
        ("wave1", "wave2", "shape", "intervals", "beat", "near", "far", "head"),
        132_325,
        18,
        {"signal": (1, 102), "rhythm": (4,)},
        32,
    ),
    "context": CONTEXT,
    "context_cnn": Expected(
        (*CONTEXT.layers[:4], "wave1", "wave2", "wave3", "wave4", *JOINED),
        299_845,
        32,
        {"signal": (1, 176), "template": (2, 176), **FEATURES},
        64,
    ),
    "waves": Expected(
        ("wave1", "wave2", "wave3", "measured", "lead", "together", "all", "head"),
        23_453,
        25,
        {"signal": (12, 190), "measures": (12, 27), "global": (25,)},
    ),
    "ensemble": replace(CONTEXT, parameters=5 * CONTEXT.parameters),
}
every_model = pytest.mark.parametrize("name", MODELS)
TYPED = [name for name in MODELS if name != "ensemble"]  # which is put together of trained ones


def shapes(name: str, channels: int = 1, samples: int = 187) -> Shapes:
    """What it takes of beats of so many leads and samples."""
    wide = {"signal": (channels, samples), "template": (2 * channels, samples), "measures": (channels, 27)}
    return {one: wide.get(one, shape) for one, shape in EXPECTED[name].inputs.items()}


def build(
    name: str, *, channels: int = 1, samples: int = 187, classes: int = 5, seed: int = 0, **settings: Any
) -> LayeredModel:
    """As a run builds it."""
    torch.manual_seed(seed)
    inputs = shapes(name, channels, samples)
    node = {"_target_": f"ecg.models.{name}", **settings}
    return built_from(node, "model", inputs=inputs, input_shape=inputs.get("signal"), n_classes=classes)


def some(model: LayeredModel, n: int, seed: int = 0) -> dict[str, Tensor]:
    """So many beats, or windows of beats."""
    generator = torch.Generator().manual_seed(seed)
    lead = (n,) if model.beats == 1 else (n, model.beats)
    return {name: torch.rand(*lead, *shape, generator=generator) for name, shape in model.inputs.items()}


def test_every_model_has_a_row_of_expectations_and_a_yaml_file() -> None:
    assert set(EXPECTED) == set(MODELS), "add the new model to EXPECTED"
    assert set(choices("model")) - set(TYPED) == {"rpeaks"}  # no model of beats: tests/beats/rpeaks


@pytest.mark.parametrize("name", TYPED)
def test_the_yaml_file_of_a_model_names_it_and_says_its_own_defaults(name: str) -> None:
    said = node("model", name)
    assert locate(said["_target_"], "model._target_") is MODELS[name] is getattr(ecg.models, name)
    takes = signature(MODELS[name]).parameters
    assert {key: takes[key].default for key in said if key != "_target_"} == {
        key: value for key, value in said.items() if key != "_target_"
    }


@pytest.mark.parametrize("name", TYPED)
def test_what_is_typed_builds_the_model(name: str) -> None:
    built = compose(f"model={name}").network(inputs={"signal": (2, 150), **shapes(name, 2, 150)}, n_classes=3)
    assert built.names == EXPECTED[name].layers
    assert (built.inputs, built.n_classes) == (shapes(name, 2, 150), 3)


@every_model
def test_a_model_is_built_for_mit_bih_without_being_told_anything(name: str) -> None:
    built = MODELS[name]()
    assert (built.inputs, built.n_classes, built.beats) == (EXPECTED[name].inputs, 5, EXPECTED[name].beats)
    assert sum(p.numel() for p in built.parameters()) == EXPECTED[name].parameters


@every_model
@pytest.mark.parametrize("settings", [{}, {"dropout": 0.6}])
def test_a_recipe_builds_the_same_network_with_fresh_weights(name: str, settings: dict[str, Any]) -> None:
    if not set(settings) <= set(signature(MODELS[name]).parameters):
        pytest.skip(f"{name} has no such setting")
    model = build(name, channels=2, samples=150, classes=3, **settings)
    again = from_recipe(recipe_of(model))
    assert str(again) == str(model)
    assert (again.inputs, again.n_classes, again.recipe) == (shapes(name, 2, 150), 3, model.recipe)
    assert (again.takes, again.beats, again.context) == (model.takes, model.beats, model.context)
    again.load_state_dict(model.state_dict())
    x = some(model, 2)
    assert torch.equal(again.eval()(x), model.eval()(x))


@every_model
def test_the_recipe_of_the_last_layers_builds_them_alone(name: str) -> None:
    model = build(name, classes=3).eval()
    x = some(model, 2)
    values = model.values(x)
    for n in range(len(model.names)):
        features = {name: values[name] for name in model.needed_after(n)}
        given = {name: tuple(value.shape[1 if model.beats == 1 else 2 :]) for name, value in features.items()}
        last = model.last(model.names[n:], given)
        again = from_recipe(recipe_of(last))
        assert (again.names, again.inputs) == (model.names[n:], given)
        assert (again.takes, again.beats, again.context) == (last.takes, model.beats, model.context)
        again.load_state_dict(last.state_dict())
        assert torch.equal(again.eval()(features), last(features))
        assert torch.equal(last(features), model(x))
        assert recipe_of(again) == recipe_of(last)


def test_a_model_of_ones_own_is_named_by_its_import_path_and_need_not_say_how_it_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def net(input_shape: tuple[int, int], n_classes: int, width: int = 4) -> LayeredModel:
        first = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(input_shape[1], width))
        layers = {"first": first, "head": torch.nn.Linear(width, n_classes)}
        return LayeredModel(layers, input_shape=input_shape, n_classes=n_classes)

    module = ModuleType("my_package")
    module.net = net  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_package", module)
    config = compose("model=kachuee", "model._target_=my_package.net", "model.width=7")
    model = config.network(inputs={"signal": (1, 20)}, n_classes=2)
    assert model.names == ("first", "head")
    again = from_recipe(recipe_of(model))
    assert again.layers["first"][1].out_features == 7  # type: ignore[index, union-attr]


@every_model
def test_layers_have_names_in_order_and_the_last_is_the_head(name: str) -> None:
    model = build(name)
    assert model.names == EXPECTED[name].layers
    assert model.names[-1] == "head"
    assert model.head is model.layers["head"]


@every_model
def test_number_of_parameters(name: str) -> None:
    channels, samples = EXPECTED[name].inputs.get("signal", (1, 187))
    assert (
        sum(p.numel() for p in build(name, channels=channels, samples=samples).parameters())
        == EXPECTED[name].parameters
    )


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
    wanted = (3, classes) if model.beats == 1 else (3, model.beats, classes)
    assert model(some(model, 3)).shape == wanted
    assert (model.inputs, model.n_classes) == (shapes(name, channels, samples), classes)
    assert model.input_shape == next(iter(model.inputs.values()))


@every_model
def test_layer_by_layer_is_forward(name: str) -> None:
    model = build(name).eval()
    x = some(model, 4)
    several = model.beats > 1
    values = {key: value.flatten(0, 1) if several else value for key, value in x.items()}
    for key, layer in model.layers.items():
        if key == model.sequence_from:
            values = {one: value.unflatten(0, (4, model.beats)) for one, value in values.items()}
            values["mask"] = torch.ones(4, model.beats, dtype=torch.bool)
        values[key] = layer(*(values[one] for one in model.takes[key]))
    assert torch.equal(values["head"], model(x))


@every_model
def test_the_gradient_reaches_every_parameter(name: str) -> None:
    model = build(name)
    model.eval()  # no dropout: every feature counts
    out = model(some(model, 16)).flatten(0, -2)
    torch.nn.functional.cross_entropy(out, torch.arange(len(out)) % 5).backward()
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
    x = some(model, 2)
    assert not torch.allclose(model(x), other(x))
    other.load_state_dict(model.state_dict())
    assert torch.equal(model(x), other(x))


@every_model
def test_evaluation_is_deterministic_and_sees_each_beat_or_window_alone(name: str) -> None:
    model = build(name).eval()
    x = some(model, 6)
    together = model(x)
    assert torch.equal(model(x), together)
    third = {key: value[2:3] for key, value in x.items()}
    torch.testing.assert_close(model(third), together[2:3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shortest"), [(name, one.shortest) for name, one in EXPECTED.items() if one.shortest is not None]
)
def test_beats_that_are_too_short_are_refused_with_the_shortest_length(name: str, shortest: int) -> None:
    model = build(name, samples=shortest).eval()
    assert model(some(model, 2)).shape[-1] == 5
    with pytest.raises(EcgError, match=f"model={name}.*{shortest} samples.*{shortest - 1}"):
        build(name, samples=shortest - 1)
