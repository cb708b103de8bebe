"""A model of named layers: which takes what, one beat or several at once, whole or its later part alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ecg.errors import EcgError
from ecg.models import LayeredModel, cnn, sequence
from ecg.models.layered import layered

Inputs = Callable[..., dict[str, Tensor]]


class Ahead(nn.Module):
    """The feature of the beat after this one; 0 where there is none."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        there = x * mask[..., None]
        return torch.cat([there[:, 1:], torch.zeros_like(x[:, :1])], dim=1)


def several(**more: Any) -> LayeredModel:
    layers = {"own": nn.Flatten(), "next": Ahead(), "head": nn.Linear(3, 2)}
    usual: dict[str, Any] = {"takes": {"next": ("own", "mask")}, "beats": 4, "context": 1, "sequence_from": "next"}
    return LayeredModel(layers, **{"input_shape": (1, 3), "n_classes": 2, **usual, **more})


def test_layers_take_what_they_say_and_else_the_layer_before(two_inputs: LayeredModel, given: Inputs) -> None:
    assert two_inputs.takes == {
        "wave": ("signal",), "intervals": ("rhythm",), "shape": ("wave",), "beat": ("shape", "intervals"),
        "again": ("beat", "wave", "rhythm"), "head": ("again",),
    }  # fmt: skip
    x, layers = given(two_inputs, 5), two_inputs.layers
    wave, intervals = layers["wave"](x["signal"]), layers["intervals"](x["rhythm"])
    beat = layers["beat"](layers["shape"](wave), intervals)
    expected = layers["head"](layers["again"](beat, wave, x["rhythm"]))
    assert torch.equal(two_inputs(x), expected)
    assert not two_inputs.chain
    assert cnn().chain


def test_every_value_can_be_looked_at(two_inputs: LayeredModel, given: Inputs) -> None:
    values = two_inputs.values(x := given(two_inputs, 5))
    assert list(values) == ["signal", "rhythm", *two_inputs.names]
    assert torch.equal(values["head"], two_inputs(x))
    some = two_inputs.run(dict(x), ("wave", "intervals"))
    assert list(some) == ["signal", "rhythm", "wave", "intervals"]
    assert torch.equal(some["wave"], values["wave"])
    assert list(x) == ["signal", "rhythm"]  # what was given stays as it was


def test_who_calls_may_say_how_a_layer_is_called(two_inputs: LayeredModel, given: Inputs) -> None:
    seen: list[tuple[str, int]] = []

    def call(name: str, layer: nn.Module, taken: Any) -> Tensor:
        seen.append((name, len(taken)))
        out: Tensor = layer(*taken)
        return out

    x = given(two_inputs, 2)
    assert torch.equal(two_inputs(x, call), two_inputs(x))
    assert seen == [("wave", 1), ("intervals", 1), ("shape", 1), ("beat", 2), ("again", 3), ("head", 1)]


def test_the_only_input_may_come_by_name_or_as_it_is() -> None:
    for model, shape in ((cnn().eval(), (2, 1, 187)), (several(), (2, 4, 1, 3))):
        x = torch.rand(shape)
        assert torch.equal(model(x), model({"signal": x}))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"takes": {"next": ("own", "rhythm")}}, "the layer next takes rhythm, which is no input and no layer before"),
        ({"takes": {"own": ("head",)}}, "the layer own takes head, which is no input and no layer before it"),
        ({"inputs": {"own": (3,)}, "input_shape": None}, "the layer own has the name of an input"),
        ({"sequence_from": None}, r"4 beats at once needs sequence_from=<a layer> \(is None\)"),
        ({"sequence_from": "far"}, r"4 beats at once needs sequence_from=<a layer> \(is far\)"),
        ({"context": 2}, r"less context than half of them \(is 2\)"),
        ({"beats": 1, "context": 0, "sequence_from": None}, "the layer next takes mask, which is no input"),
        ({"sequence_from": "head"}, "the layer next takes mask, which is no input"),  # it sees one beat at a time
    ],
)
def test_what_cannot_work_is_refused_when_the_model_is_built(more: dict[str, Any], said: str) -> None:
    with pytest.raises(EcgError, match=said):
        several(**more)


# --------------------------------------------------------------------------------------------------- several beats


def test_layers_before_the_sequence_see_beats_one_by_one_and_those_after_it_side_by_side() -> None:
    model, shapes = several(), {}
    for name, layer in model.layers.items():
        layer.register_forward_hook(lambda _, taken, __, name=name: shapes.update({name: [x.shape for x in taken]}))
    out = model({"signal": torch.rand(5, 4, 1, 3)})
    assert out.shape == (5, 4, 2)
    assert shapes == {"own": [(20, 1, 3)], "next": [(5, 4, 3), (5, 4)], "head": [(5, 4, 3)]}
    assert (model.alone, model.names[len(model.alone) :]) == (("own",), ("next", "head"))
    assert cnn().alone == cnn().names


def test_without_a_mask_every_beat_is_there() -> None:
    model, x = several(), {"signal": torch.rand(5, 4, 1, 3)}
    there = torch.ones(5, 4, dtype=torch.bool)
    assert torch.equal(model(x), model({**x, "mask": there}))
    there[2, 3] = False
    assert not torch.equal(model(x)[2, 2], model({**x, "mask": there})[2, 2])
    assert list(x) == ["signal"]


@pytest.mark.parametrize("beyond", [0.0, 100.0])
def test_what_lies_beyond_a_record_is_not_learned_from(beyond: float) -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(3)
    layers = {"own": nn.Sequential(nn.Flatten(), norm, nn.Linear(3, 3)), "next": Ahead(), "head": nn.Linear(3, 2)}
    takes = {"next": ("own", "mask")}
    model = LayeredModel(
        layers, input_shape=(1, 3), n_classes=2, takes=takes, beats=4, context=1, sequence_from="next"
    ).train()
    x, mask = torch.randn(2, 4, 1, 3), torch.tensor([[True] * 4, [False, True, True, False]])
    x[~mask] = beyond
    out = model({"signal": x, "mask": mask})
    there = x[mask].flatten(1)
    torch.testing.assert_close(norm.running_mean, 0.1 * there.mean(dim=0))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * there.var(dim=0))
    normed = (there - there.mean(dim=0)) / (there.var(dim=0, unbiased=False) + norm.eps).sqrt()
    own = torch.zeros(2, 4, 3)
    own[mask] = layers["own"][2](normed)
    following = torch.cat([own[:, 1:], torch.zeros(2, 1, 3)], dim=1)
    torch.testing.assert_close(out[mask], model.head(following)[mask])
    for only in ([], [2]):  # too few beats for statistics are no reason to stop
        mask = torch.zeros(2, 4, dtype=torch.bool)
        mask[0, only] = True
        assert torch.isfinite(model({"signal": torch.randn(2, 4, 1, 3), "mask": mask})).all()
    assert torch.isfinite(norm.running_var).all()


def test_a_beat_is_where_it_was_among_its_neighbours() -> None:
    model, x = several(), torch.rand(5, 4, 1, 3)
    following = torch.cat([x[:, 1:], torch.zeros(5, 1, 1, 3)], dim=1)[:, :, 0]
    assert torch.equal(model(x), model.head(following))


# ---------------------------------------------------------------------------------------------------- the later part


def cuts(model: LayeredModel) -> range:
    return range(len(model.names))


@pytest.mark.parametrize("kind", ["two inputs", "consecutive beats", "a plain chain"])
@pytest.mark.parametrize("train", [True, False])
def test_the_later_part_on_what_the_earlier_gives_is_the_whole_for_every_cut(
    two_inputs: LayeredModel, given: Inputs, kind: str, train: bool
) -> None:
    made = {
        "two inputs": lambda: two_inputs,
        "consecutive beats": lambda: sequence(beats=6, context=1),
        "a plain chain": cnn,
    }
    model = made[kind]().train(train)
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    lead = (5,) if model.beats == 1 else (3, 6)
    x = given(model, *lead)
    mask = (
        {} if model.beats == 1 else {"mask": torch.tensor([[True] * 6, [False] * 2 + [True] * 4, [True] + [False] * 5])}
    )
    whole, values = model({**x, **mask}), model.values({**x, **mask})
    for n in cuts(model):
        features = {name: values[name] for name in model.needed_after(n)}
        last = model.last(model.names[n:], {name: tuple(f.shape[len(lead) :]) for name, f in features.items()})
        assert last.names == model.names[n:]
        torch.testing.assert_close(last.train(train)({**features, **mask}), whole, msg=f"after {n} layers")
        assert all(last.layers[name] is model.layers[name] for name in last.names)  # shared, not copied
        for name, value in features.items():  # all that is said to be needed is
            changed = last({**features, **mask, name: value.square() + 0.5})
            assert not torch.allclose(changed, whole), (n, name)


def test_what_is_needed_after_a_cut_are_inputs_and_layers_that_are_taken_behind_it(two_inputs: LayeredModel) -> None:
    assert [two_inputs.needed_after(n) for n in cuts(two_inputs)] == [
        ("signal", "rhythm"),
        ("rhythm", "wave"),
        ("rhythm", "wave", "intervals"),
        ("rhythm", "wave", "intervals", "shape"),
        ("rhythm", "wave", "beat"),
        ("again",),
    ]
    model = sequence()
    assert [model.needed_after(n) for n in cuts(model)] == [
        ("signal", "rhythm"), ("rhythm", "wave1"), ("rhythm", "wave2"), ("rhythm", "shape"), ("shape", "intervals"),
        ("beat",), ("near",), ("far",),
    ]  # fmt: skip


def test_a_part_of_a_part_is_the_same_as_that_part(given: Inputs) -> None:
    model = sequence(beats=6, context=1, n_classes=3).eval()
    first = model.last(model.names[3:], {"shape": (64,), "rhythm": (4,)})
    second = first.last(model.names[5:], {"beat": (64,)})
    at_once = model.last(model.names[5:], {"beat": (64,)})
    x = torch.rand(2, 6, 64)
    assert torch.equal(second(x), at_once(x))
    assert second.recipe == at_once.recipe
    assert second.recipe["inputs"] == {"signal": [1, 102], "rhythm": [4]}
    assert (second.beats, second.context, second.alone) == (6, 1, ())


# ------------------------------------------------------------------------------------------- models of somebody's own


def test_a_sequential_of_named_layers_is_a_model() -> None:
    relu = nn.ReLU()
    made = nn.Sequential(
        OrderedDict(flat=nn.Flatten(), one=nn.Linear(8, 6), r1=relu, two=nn.Linear(6, 6), r2=relu, head=nn.Linear(6, 3))
    )
    model = layered(made, inputs={"signal": (1, 8)}, n_classes=3)
    assert model is not None
    assert model.names == ("flat", "one", "r1", "two", "r2", "head")  # also a module that comes twice
    x = torch.randn(5, 1, 8)
    assert torch.equal(model(x), made(x))
    assert (model.inputs, model.n_classes, model.head) == ({"signal": (1, 8)}, 3, made.head)
    assert model.divide(2) == (("flat", "one", "r1", "two"), ("r2", "head"))
    unnamed = layered(nn.Sequential(nn.Flatten(), nn.Linear(8, 3)), inputs={"signal": (1, 8)}, n_classes=3)
    assert unnamed is not None
    assert unnamed.names == ("0", "1")


def test_a_layered_model_is_itself_and_anything_else_is_none(two_inputs: LayeredModel) -> None:
    for other in (nn.Linear(3, 2), "cnn", None, lambda: None):
        assert layered(other, inputs={"signal": (1, 3)}, n_classes=2) is None
    assert layered(two_inputs, inputs={"signal": (1, 3)}, n_classes=2) is two_inputs
