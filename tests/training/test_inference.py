"""Probabilities of many beats are the model's own, window by window or one by one, however many are passed at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from ecg.beats.table import Beats
from ecg.models import LayeredModel, sequence
from ecg.models.blocks import Joined
from ecg.training import inference
from ecg.training.inference import ENOUGH, probabilities

INPUTS = {"signal": (1, 24), "rhythm": (4,)}
REACH = 3  # of the model over beats
Floats = npt.NDArray[np.float32]


def table(*lengths: int, seed: int = 0) -> Beats:
    """Records of so many beats of noise."""
    n = sum(lengths)
    rng = np.random.default_rng(seed)
    record, none = np.repeat([f"r{i}" for i in range(len(lengths))], lengths), np.full(n, np.nan, dtype=np.float32)
    return Beats(
        inputs={name: rng.standard_normal((n, *shape)).astype(np.float32) for name, shape in INPUTS.items()},
        y=np.zeros(n, dtype=np.int64),
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


def trained(beats: int, context: int) -> LayeredModel:
    """A sequence model whose norms have seen something, so that no beat is like another."""
    torch.manual_seed(1)
    model = sequence(inputs=INPUTS, n_classes=3, beats=beats, context=context, width=16)
    model.train()({name: torch.randn(20, beats, *shape) for name, shape in INPUTS.items()})
    for parameter in model.head.parameters():
        parameter.data *= 5
    return model


def naive(model: LayeredModel, beats: Beats) -> Floats:
    """A window at a time, in the record's order, from its first beat on; beyond its ends there is nothing."""
    out, inner = np.zeros((len(beats), model.n_classes), dtype=np.float32), model.beats - 2 * model.context
    for name in dict.fromkeys(beats.record.tolist()):
        own = np.flatnonzero(beats.record == name)
        for start in range(0, len(own), inner):
            given = {key: torch.zeros(1, model.beats, *shape) for key, shape in INPUTS.items()}
            given["mask"] = torch.zeros(1, model.beats, dtype=torch.bool)
            for place in range(model.beats):
                at = start - model.context + place
                if 0 <= at < len(own):
                    given["mask"][0, place] = True
                    for key in INPUTS:
                        given[key][0, place] = torch.from_numpy(beats.inputs[key][own[at]])
            with torch.inference_mode():
                found = model.eval()(given).softmax(dim=-1)[0].numpy()
            for place in range(inner):
                if start + place < len(own):
                    out[own[start + place]] = found[model.context + place]
    return out


def close(found: Floats, wanted: Floats) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("beats", "context"), [(8, 2), (7, 3), (5, 0), (2, 0), (40, 6)])
@pytest.mark.parametrize("lengths", [(23, 1, 8, 16), (300,)])
def test_a_sequence_is_labelled_as_one_would_window_by_window(
    beats: int, context: int, lengths: tuple[int, ...]
) -> None:
    model, given = trained(beats, context), table(*lengths)
    wanted = naive(model, given)
    found = probabilities(model.train(), given)
    close(found, wanted)
    assert not any(module.training for module in model.modules())
    assert wanted.std(axis=0).min() > 0.01  # otherwise this would say little


@pytest.mark.parametrize("at_once", [1, 3, 10, 100, 10_000])
def test_it_does_not_matter_how_many_beats_are_passed_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = trained(8, 2), table(30, 9, 45)
    wanted = probabilities(model, given)
    monkeypatch.setattr(inference, "AT_ONCE", at_once)
    close(probabilities(model, given), wanted)


@pytest.mark.parametrize("chosen", [[0], [83], [5, 6, 70], list(range(30)), [], [70, 2, 33]])
def test_some_beats_have_the_probabilities_that_they_have_among_all(chosen: Sequence[int]) -> None:
    model, given = trained(8, 2), table(30, 9, 45)
    index = np.array(chosen, dtype=np.int64)
    close(probabilities(model, given, index=index), probabilities(model, given)[index])


def test_other_records_change_nothing() -> None:
    model, mine, others = trained(8, 2), table(30), table(11, 5, seed=1)
    wanted = probabilities(model, mine)
    names = np.array([f"x{name}" for name in others.record])
    others = Beats(inputs=others.inputs, **{**others.columns, "record": names})
    close(probabilities(model, Beats.concatenate([others, mine]))[16:], wanted)
    close(probabilities(model, Beats.concatenate([mine, others]))[:30], wanted)


def test_with_enough_context_the_size_of_a_window_does_not_matter() -> None:
    given = table(60, 1, 7)
    model = trained(8, REACH)
    wanted = probabilities(model, given)
    for beats, context in ((7, REACH), (30, REACH + 2), (200, REACH)):
        other = sequence(inputs=INPUTS, n_classes=3, beats=beats, context=context, width=16)
        other.load_state_dict(model.state_dict())
        close(probabilities(other, given), wanted)
    less = sequence(inputs=INPUTS, n_classes=3, beats=8, context=0, width=16)
    less.load_state_dict(model.state_dict())
    assert np.abs(probabilities(less, given) - wanted).max() > 1e-3


def test_the_order_of_the_record_is_what_is_seen() -> None:
    model, given = trained(8, REACH), table(60)
    turned = probabilities(model, given.take(np.arange(60)[::-1]))[::-1]
    assert np.abs(turned - probabilities(model, given)).max() > 1e-3


def two_inputs() -> LayeredModel:
    torch.manual_seed(2)
    layers: dict[str, nn.Module] = {
        "wave": nn.Sequential(nn.Conv1d(1, 4, 5), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten()),
        "both": Joined(80 + 4, 8, 0.5),
        "head": nn.Linear(8, 3),
    }
    return LayeredModel(layers, inputs=INPUTS, takes={"both": ("wave", "rhythm")}, n_classes=3)


@pytest.mark.parametrize("n", [1, 255, 256, 257, ENOUGH + 3])
def test_single_beats_of_two_inputs_are_labelled_one_by_one(n: int) -> None:
    model, given = two_inputs(), table(n)
    found = probabilities(model, given)
    with torch.inference_mode():
        wanted = model({name: torch.from_numpy(x) for name, x in given.inputs.items()}).softmax(dim=1)
    close(found, wanted.numpy())
    chosen = np.arange(n)[::3]
    close(probabilities(model, given, index=chosen), found[chosen])
