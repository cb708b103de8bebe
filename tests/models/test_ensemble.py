"""Several models as one: its probabilities are the mean of theirs, and it travels as one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ecg.beats.table import Beats
from ecg.checks import BadSettingError
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel, ensemble
from ecg.models.ensemble import together
from ecg.training.inference import probabilities

Inputs = Callable[..., dict[str, Tensor]]
KINDS: dict[str, dict[str, Any]] = {
    "cnn": {},
    "kachuee": {},
    "sequence": {"beats": 8, "context": 2, "width": 12},
    "context": {"beats": 8, "context": 2, "width": 12},
    "context_cnn": {"beats": 8, "context": 2, "width": 12},
}


def members(kind: str, number: int = 3) -> list[LayeredModel]:
    """Of one kind, whose norms and scales saw something."""
    torch.manual_seed(0)
    made = [MODELS[kind](n_classes=4, **KINDS[kind]) for _ in range(number)]
    for one in made:
        for buffer in one.buffers():
            if buffer.is_floating_point() and buffer.dim():
                buffer.add_(0.3 * torch.rand_like(buffer))
    return [one.eval() for one in made]


def leading(model: LayeredModel) -> tuple[int, ...]:
    return (7,) if model.beats == 1 else (5, model.beats)


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_the_mean_of_the_members(kind: str, given: Inputs) -> None:
    own = members(kind)
    whole = together(own).eval()
    x = given(whole, *leading(whole))
    if whole.beats > 1:
        x["mask"] = torch.rand(5, whole.beats) < 0.8
    with torch.inference_mode():
        each = torch.stack([one(x).softmax(dim=-1) for one in own])
        logits = whole(x)
    torch.testing.assert_close(logits.softmax(dim=-1), each.mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits.exp().sum(dim=-1), torch.ones(leading(whole)), rtol=1e-4, atol=1e-5)
    assert float((each[0] - each[1]).abs().max()) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_beats_of_a_table_are_labelled_by_the_mean(kind: str, table: Callable[..., Beats]) -> None:
    """Layers that see one beat work on each beat once."""
    own = members(kind)
    rng = np.random.default_rng(0)
    inputs = {name: rng.normal(size=(40, *shape)).astype(np.float32) for name, shape in own[0].inputs.items()}
    beats = table(inputs, ["a"] * 25 + ["b"] * 15)
    expected = np.mean([probabilities(one, beats) for one in own], axis=0)
    np.testing.assert_allclose(probabilities(together(own), beats), expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_like_its_members_in_all_but_size(kind: str) -> None:
    own = members(kind)
    whole = together(own)
    for name in ("inputs", "takes", "names", "beats", "context", "sequence_from", "alone", "n_classes", "chain"):
        assert getattr(whole, name) == getattr(own[0], name), name
    assert sum(p.numel() for p in whole.parameters()) == 3 * sum(p.numel() for p in own[0].parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_its_tensors_fit_one_that_is_built_by_name(kind: str, given: Inputs) -> None:
    whole = together(members(kind)).eval()
    built = ensemble(of=kind, settings=KINDS[kind], n_classes=4, inputs=whole.inputs, members=3).eval()
    built.load_state_dict(whole.state_dict())
    x = given(whole, *leading(whole))
    with torch.inference_mode():
        torch.testing.assert_close(built(x), whole(x))
    assert built.recipe == {"_target_": "ecg.models.ensemble", "of": kind, "settings": KINDS[kind], "members": 3}


def test_members_are_shared_not_copied() -> None:
    own = members("cnn", 2)
    whole = together(own)
    ids = {id(p) for p in whole.parameters()}
    assert ids == {id(p) for one in own for p in one.parameters()}


def test_one_member_alone_is_itself(given: Inputs) -> None:
    (one,) = members("context", 1)
    whole = together([one]).eval()
    x = given(one, 2, 8)
    with torch.inference_mode():
        torch.testing.assert_close(whole(x), one(x).log_softmax(dim=-1))


def test_fresh_members_differ(given: Inputs) -> None:
    torch.manual_seed(0)
    whole = ensemble(of="cnn", members=2).eval()
    first, second = (layer.clone() for layer in whole.state_dict().values() if layer.dim() == 3 and layer.shape[1] == 1)
    assert not torch.equal(first, second)
    assert whole(given(whole, 3)).shape == (3, 5)


def test_a_part_of_it_can_be_taken(given: Inputs) -> None:
    """As for labelling with layers that see one beat run beforehand."""
    whole = together(members("context", 2)).eval()
    x = given(whole, 3, 8)
    with torch.inference_mode():
        values = whole.values(dict(x))
        names = whole.names[-2:]
        taken = {one for name in names for one in whole.takes[name]} - set(names)
        last = whole.last(names, {name: tuple(values[name].shape[2:]) for name in taken})
        torch.testing.assert_close(last({name: values[name] for name in taken}), whole(x))


def test_models_of_different_layers_are_refused() -> None:
    with pytest.raises(EcgError, match="models of the same layers"):
        together([*members("cnn", 1), *members("kachuee", 1)])
    with pytest.raises(EcgError, match="models of the same layers"):
        together([])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"of": "nothing"}, "of=nothing: choose one of cnn, compact, kachuee, sequence, context, context_cnn"),
        ({"of": "ensemble"}, "of=ensemble: choose one of"),
        ({"members": 0}, "members=0: must be from 1 to 100"),
        ({"of": "cnn", "settings": {"width": 3}}, r"settings=\{'width': 3\}: .*width"),
        ({"of": "cnn", "settings": {"dropout": 2}}, "dropout=2: must be"),
    ],
)
def test_what_it_cannot_be_built_of_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=f"^{said}"):
        ensemble(**settings)
