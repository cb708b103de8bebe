"""The model of consecutive beats: a beat, its neighbours within reach, and nothing else of its window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ecg.errors import EcgError
from ecg.models import LayeredModel, sequence

Inputs = Callable[..., dict[str, Tensor]]
REACH = 3  # beats: one of the first convolution over beats, two of the second


@pytest.fixture
def model() -> LayeredModel:
    """Nine beats at once, with norms that were trained on something."""
    torch.manual_seed(0)
    made = sequence(beats=9, context=REACH, n_classes=4)
    made.train()(_random(made, 40))
    return made.eval()


def _random(model: LayeredModel, windows: int, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(windows, model.beats, *shape, generator=generator) for name, shape in model.inputs.items()
    }


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def logits(model: LayeredModel, given: dict[str, Tensor]) -> Tensor:
    with torch.inference_mode():
        out: Tensor = model(given)
    return out


def test_what_lies_beyond_a_record_changes_no_beat_that_is_there(model: LayeredModel) -> None:
    x = _random(model, 5)
    mask = torch.ones(5, 9, dtype=torch.bool)
    mask[0, :4], mask[1, 6:], mask[2, :1], mask[3, 1:] = False, False, False, False
    usual = logits(model, {**x, "mask": mask})
    for beyond in (0.0, 1e3, -7.0):
        other = {name: torch.where(mask.view(5, 9, *(1,) * (v.dim() - 2)), v, beyond) for name, v in x.items()}
        close(logits(model, {**other, "mask": mask})[mask], usual[mask])
    everything = logits(model, {**x, "mask": torch.ones_like(mask)})
    assert not torch.allclose(everything[0, 4], usual[0, 4])  # so the mask is looked at


def test_the_order_of_windows_is_the_order_of_logits(model: LayeredModel) -> None:
    x = _random(model, 6)
    mask = torch.rand(6, 9) < 0.8
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    usual = logits(model, {**x, "mask": mask})
    close(logits(model, {name: value[order] for name, value in {**x, "mask": mask}.items()}), usual[order])


def test_the_order_of_beats_within_a_window_matters(model: LayeredModel) -> None:
    x = _random(model, 6)
    turned = logits(model, {name: value.flip(1) for name, value in x.items()})
    assert not torch.allclose(turned.flip(1), logits(model, x), atol=1e-2)


@pytest.mark.parametrize("name", ["signal", "rhythm", "mask"])
def test_a_beat_depends_on_the_beats_within_reach_and_on_no_others(model: LayeredModel, name: str) -> None:
    x = {**_random(model, 30), "mask": torch.ones(30, 9, dtype=torch.bool)}
    usual = logits(model, x)
    for changed in range(9):
        other = x[name].clone()
        other[:, changed] = ~other[:, changed] if name == "mask" else other[:, changed] + 1
        differs = (logits(model, {**x, name: other}) - usual).abs().amax(dim=(0, 2)) > 1e-5
        assert differs.tolist() == [abs(beat - changed) <= REACH for beat in range(9)], changed


def test_windows_with_enough_context_give_what_the_whole_record_gives(model: LayeredModel) -> None:
    """Nothing of a beat's logits tells where a window began."""
    beats, inner = 33, 9 - 2 * REACH
    record = sequence(beats=beats, context=REACH, n_classes=4).eval()
    record.load_state_dict(model.state_dict())
    x = _random(record, 1)
    whole = logits(record, x)[0]
    found = []
    for start in range(-REACH, beats - REACH, inner):
        at = torch.arange(start, start + 9)
        mask = (at >= 0) & (at < beats)
        window = {name: value[:, at.clamp(0, beats - 1)] for name, value in x.items()}
        found.append(logits(model, {**window, "mask": mask[None]})[0, REACH:-REACH])
    close(torch.cat(found), whole)


def test_each_input_counts(model: LayeredModel) -> None:
    x = _random(model, 5)
    for name in model.inputs:
        assert not torch.allclose(logits(model, {**x, name: x[name] * 0}), logits(model, x), atol=1e-2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"beats": 1}, "beats=1: must be from 2 to 4096"),
        ({"beats": 8, "context": 4}, "context=4: must be from 0 to 3"),
        ({"context": -1}, "context=-1: must be from 0 to 15"),
        ({"width": 0}, "width=0: must be from 1"),
        ({"dropout": 1}, "dropout=1: must be from 0 to 1"),
        ({"inputs": {"signal": (1, 102)}}, "model=sequence needs the input rhythm; choose dataset.segmentation=window"),
        ({"inputs": {"rhythm": (4,)}}, "model=sequence needs the input signal; choose dataset.segmentation=window"),
    ],
)
def test_what_it_cannot_be_built_of_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        sequence(**settings)


@pytest.mark.parametrize("settings", [{"beats": 2, "context": 0}, {"beats": 3, "context": 1, "width": 1}, {"width": 7}])
def test_any_size_that_is_allowed_works(settings: dict[str, int]) -> None:
    model = sequence(**settings, inputs={"signal": (2, 40), "rhythm": (6,), "other": (1,)}, n_classes=3)
    assert model.inputs == {"signal": (2, 40), "rhythm": (6,)}  # what it does not take is not asked for
    assert model(_random(model, 2)).shape == (2, model.beats, 3)
    assert model.beats == settings.get("beats", 32)
