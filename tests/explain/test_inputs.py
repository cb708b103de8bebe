"""Evidence is shared out among inputs as the model takes it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecg.beats.features import FEATURES
from ecg.beats.table import SIGNAL, Beats
from ecg.explain.inputs import AROUND, OWN, input_table
from ecg.explain.view import look_of, situated
from ecg.models import LayeredModel
from ecg.models.blocks import Joined

from .conftest import SAMPLES, beats_of


class OfTheBeatBefore(nn.Module):
    """What the beat before it gave."""

    def forward(self, x: Tensor) -> Tensor:
        """[window, beat, class] to the same."""
        return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


@pytest.fixture
def table(rng: np.random.Generator) -> Beats:
    rhythm = rng.standard_normal((30, 4)).astype(np.float32)
    x = rng.standard_normal((30, 1, SAMPLES))
    return beats_of(x, np.arange(30) % 2, rhythm=rhythm)


def shares(model: LayeredModel, table: Beats, classes: tuple[str, ...] = ("N", "S")) -> dict[tuple[str, str], float]:
    """Mean over classes, by input."""
    index = np.arange(3, 27)
    view = look_of(model, table)(situated(table, index, model))
    target, baseline = np.zeros(24, dtype=np.int64), np.full((1, SAMPLES), 0.1, dtype=np.float32)
    found, features = input_table(model, view, target, table.y[index], baseline, classes, seed=0)
    assert features.empty  # four numbers are not those that have names
    if not len(found):
        return {}
    np.testing.assert_allclose(found.groupby("class")["share"].sum(), 1, atol=1e-5)
    assert (found["beats"] == 12).all()
    assert ((found["low"] <= found["share"] + 1e-6) & (found["share"] <= found["high"] + 1e-6)).all()
    return dict(found.groupby(["input", "of"])["share"].mean())


def model_of(head: Mapping[str, nn.Module], *, reads: tuple[str, ...], **consecutive: object) -> LayeredModel:
    """A model that is given signal and rhythm; its first layer joins those that it `reads`."""
    torch.manual_seed(0)
    width = sum({"flat": SAMPLES, "rhythm": 4}[name] for name in reads)
    layers = {"flat": nn.Flatten(), "joined": Joined(width, 8, 0.0), "out": nn.Linear(8, 2), **head}
    inputs = {SIGNAL: (1, SAMPLES), "rhythm": (4,)}
    return LayeredModel(layers, inputs=inputs, takes={"joined": reads}, n_classes=2, **consecutive).eval()  # type: ignore[arg-type]


def test_a_model_that_sees_the_signal_alone_has_nothing_to_share_out(network: LayeredModel, table: Beats) -> None:
    assert shares(network, table, ("N", "S", "V")) == {}


def test_an_input_that_no_layer_reads_has_no_share(table: Beats) -> None:
    assert shares(model_of({}, reads=("rhythm",)), table) == {("rhythm", OWN): pytest.approx(1)}
    assert shares(model_of({}, reads=("flat",)), table) == {(SIGNAL, OWN): pytest.approx(1)}
    both = shares(model_of({}, reads=("flat", "rhythm")), table)
    assert min(both.values()) > 0.005


@pytest.mark.parametrize(("head", "of"), [(nn.Identity(), OWN), (OfTheBeatBefore(), AROUND)])
def test_the_beat_and_its_neighbours_have_the_share_that_is_theirs(head: nn.Module, of: str, table: Beats) -> None:
    model = model_of({"last": head}, reads=("flat", "rhythm"), beats=5, sequence_from="last")
    found = shares(model, table)
    assert set(found) == {(SIGNAL, of), ("rhythm", of)}
    assert min(found.values()) > 0.005


def test_the_one_feature_that_a_model_reads_has_all_of_the_evidence_under_its_own_name(
    rng: np.random.Generator,
) -> None:
    known = FEATURES["rhythm"]
    rhythm = rng.standard_normal((30, len(known))).astype(np.float32)
    beats = beats_of(rng.standard_normal((30, 1, SAMPLES)), np.arange(30) % 2, rhythm=rhythm)
    head = nn.Linear(len(known), 2)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[1, 7] = 1
    inputs = {SIGNAL: (1, SAMPLES), "rhythm": (len(known),)}
    model = LayeredModel({"head": head}, inputs=inputs, takes={"head": ("rhythm",)}, n_classes=2).eval()
    view, target = look_of(model, beats)(situated(beats, np.arange(30), model)), np.ones(30, dtype=np.int64)
    baseline = np.zeros((1, SAMPLES), dtype=np.float32)
    _, found = input_table(model, view, target, beats.y, baseline, ("N", "S"), seed=0)
    assert found["feature"].tolist() == 2 * [one.name for one in known]
    assert found["class"].tolist() == len(known) * ["N"] + len(known) * ["S"]
    some = found[found["share"] > 0]
    assert some["feature"].tolist() == 2 * [known[7].name]
    assert some["share"].tolist() == pytest.approx([1, 1])
