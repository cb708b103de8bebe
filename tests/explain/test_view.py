"""What a model of consecutive beats sees of one of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ecg.beats.table import MASK, SIGNAL, Beats
from ecg.explain.activations import collect, time_axes
from ecg.explain.maps import METHODS, answers, explainers, integrated_gradients, log_odds
from ecg.explain.view import ROWS, OfOneBeat, View, look_of, situated
from ecg.models import LayeredModel, sequence
from ecg.training.inference import probabilities

from .conftest import SAMPLES, beats_of

K, CONTEXT = 8, 3  # the model's own convolutions reach three beats to each side
EACH = 40


@pytest.fixture
def model() -> LayeredModel:
    """Weights as chance made them, BatchNorm statistics included, with logits that differ from beat to beat."""
    torch.manual_seed(0)
    made = sequence(inputs={SIGNAL: (1, SAMPLES), "rhythm": (4,)}, n_classes=3, beats=K, context=CONTEXT)
    made.train()({SIGNAL: torch.randn(16, K, 1, SAMPLES), "rhythm": torch.randn(16, K, 4)})
    with torch.no_grad():
        made.head.weight.mul_(10)  # type: ignore[operator]
    return made.eval()


@pytest.fixture
def table(rng: np.random.Generator) -> Beats:
    """Two records of 40 beats, and one of 5, which is shorter than a window."""
    x = rng.standard_normal((2 * EACH + 5, 1, SAMPLES)).astype(np.float32)
    who = np.repeat(np.arange(3), (EACH, EACH, 5))
    rhythm = rng.standard_normal((len(x), 4)).astype(np.float32)
    return beats_of(x, np.arange(len(x)) % 3, patient=who, rhythm=rhythm)


def view(model: LayeredModel, table: Beats, index: np.ndarray | None = None) -> View:
    return look_of(model, table)(situated(table, np.arange(len(table)) if index is None else index, model))


def test_the_logits_of_the_middle_beat_are_those_that_labelling_gives(model: LayeredModel, table: Beats) -> None:
    middles = np.concatenate([start + np.arange(10, 30) for start in (0, EACH)])
    seen = view(model, table, middles)
    with torch.inference_mode():
        logits = torch.cat([OfOneBeat(model)(*part) for part in seen.parts(7)])
    expected = probabilities(model, table)[middles]
    assert expected.std(axis=0).min() > 0.05  # else equal ones would say nothing
    np.testing.assert_allclose(logits.softmax(dim=1).numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(logits.log_softmax(dim=1).numpy(), np.log(expected), atol=1e-4)


def test_beats_at_the_ends_of_a_record_and_in_a_short_one_are_seen_as_in_labelling(
    model: LayeredModel, table: Beats
) -> None:
    np.testing.assert_allclose(answers(model, view(model, table)), probabilities(model, table), atol=1e-5)


def test_windows_hold_the_neighbours_in_order_and_nothing_of_other_records(model: LayeredModel, table: Beats) -> None:
    index = np.array([20, EACH, 2 * EACH + 4])
    beats = situated(table, index, model)
    seen = view(model, table, index)
    assert list(seen.rest) == [SIGNAL, "rhythm", MASK]
    np.testing.assert_array_equal(seen.signal, table.signal[index])
    assert beats.inputs[ROWS].tolist() == [
        [*range(16, 24)],
        [-1] * 4 + [*range(EACH, EACH + 4)],
        [*range(2 * EACH, 2 * EACH + 5)] + [-1] * 3,
    ]
    np.testing.assert_array_equal(seen.rest[SIGNAL][0], table.signal[16:24])
    np.testing.assert_array_equal(seen.rest["rhythm"][1, 4:], table.inputs["rhythm"][EACH : EACH + 4])
    np.testing.assert_array_equal(seen.rest[MASK], beats.inputs[ROWS] >= 0)
    assert not seen.rest[SIGNAL][1, :4].any()


def test_neighbours_count_and_another_signal_takes_the_place_of_the_beats_own_alone(
    model: LayeredModel, table: Beats
) -> None:
    seen = view(model, table)
    alone = np.zeros_like(seen.rest[MASK])
    alone[:, K // 2] = True
    without = View(seen.signal, {**seen.rest, MASK: alone})
    assert np.abs(answers(model, without) - answers(model, seen)).max() > 0.01
    other = seen.with_signal(np.full((1, SAMPLES), 2.0))
    (signal, *rest), *_ = other.parts(len(other))
    given = OfOneBeat(model).given(signal, *rest)
    assert (given[SIGNAL][:, K // 2] == 2).all()
    kept = np.delete(given[SIGNAL].numpy(), K // 2, axis=1)
    np.testing.assert_array_equal(kept, np.delete(seen.rest[SIGNAL], K // 2, axis=1))
    assert not (seen.signal == 2).any()


def test_some_of_the_beats_keep_what_is_theirs(model: LayeredModel, table: Beats) -> None:
    chosen = np.array([50, 3, 17])
    one, other = view(model, table).take(chosen), view(model, table, chosen)
    assert len(one) == 3
    np.testing.assert_array_equal(one.signal, other.signal)
    for name in one.rest:
        np.testing.assert_array_equal(one.rest[name], other.rest[name])


def test_a_model_of_single_beats_with_two_inputs_sees_both(table: Beats) -> None:
    torch.manual_seed(0)
    layers = {
        "rate": nn.Linear(4, 3),
        "flat": nn.Flatten(),
        "shape": nn.Linear(SAMPLES, 3),
        "head": nn.Bilinear(3, 3, 3),
    }
    takes = {"rate": ("rhythm",), "flat": (SIGNAL,), "head": ("shape", "rate")}
    made = LayeredModel(layers, inputs={"rhythm": (4,), SIGNAL: (1, SAMPLES)}, takes=takes, n_classes=3).eval()
    seen = view(made, table)
    assert list(seen.rest) == ["rhythm"]
    np.testing.assert_allclose(answers(made, seen), probabilities(made, table), atol=1e-6)
    assert answers(made, seen).std(axis=0).min() > 0.01


def test_integrated_gradients_of_the_own_signal_add_up_to_the_difference_in_log_odds(
    model: LayeredModel, table: Beats, rng: np.random.Generator
) -> None:
    """All else, neighbours and rhythm, stays as it is."""
    index = np.array([0, 5, 20, 39, 40, 60, 82])
    seen, every, target = view(model, table, index), np.arange(7), rng.integers(0, 3, 7)
    baseline = 0.3 * rng.standard_normal((1, SAMPLES)).astype(np.float32)
    map_ = integrated_gradients(model, seen, target, baseline=baseline, steps=200)
    wanted = (log_odds(model, seen) - log_odds(model, seen.with_signal(baseline)))[every, target]
    assert map_.shape == (7, SAMPLES)
    np.testing.assert_allclose(map_.sum(axis=1), wanted, atol=0.02 * np.abs(wanted).max())


@pytest.mark.parametrize("method", METHODS)
def test_each_beats_map_is_its_own_and_not_a_neighbours(
    method: str, network: LayeredModel, table: Beats, rng: np.random.Generator
) -> None:
    """A model that is shown neighbours and does not look at them has the maps of the model of single beats."""
    beside = LayeredModel(
        {**network.layers, "as_it_is": nn.Identity()},
        input_shape=(1, SAMPLES),
        n_classes=3,
        beats=5,
        context=1,
        sequence_from="as_it_is",
    ).eval()
    index, target = np.array([0, 7, 39, 41, 84]), rng.integers(0, 3, 5)
    axes = time_axes(network)
    assert time_axes(beside) == axes
    map_of = explainers(np.zeros((1, SAMPLES), dtype=np.float32), "conv4", axes["conv4"], steps=8)[method]
    single = map_of(network, view(network, table, index), target)
    assert np.abs(single).max(axis=1).min() > 0
    np.testing.assert_allclose(map_of(beside, view(beside, table, index), target), single, rtol=1e-3, atol=1e-7)


def test_the_outputs_of_a_layer_are_those_of_the_beat_itself(model: LayeredModel, table: Beats) -> None:
    index = np.array([3, 50, 84])
    found = collect(model, view(model, table, index), batch=2)
    with torch.inference_mode():
        values = {name: torch.from_numpy(table.inputs[name][index]) for name in model.inputs}
        expected = model.run(values, model.alone)
    assert list(found) == ["input", "rhythm", *model.names]
    for name in ("rhythm", *model.alone):
        torch.testing.assert_close(found[name], expected[name])
    assert {name: found[name].shape for name in ("near", "far", "head")} == {
        "near": (3, 64),
        "far": (3, 64),
        "head": (3, 3),
    }
