"""A net on a recording's median beat: every lead is seen with the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ecg.beats.segmentations import RecordSegmentation
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.models import LayeredModel, waves
from ecg.models.blocks import learn_scales
from ecg.models.waves import SCALE_MV, Compressed, EachLead

LEADS = pytest.mark.parametrize("leads", [1, 3, 12])
EACH_LEAD = ("wave1", "wave2", "wave3", "measured", "lead")


def build(leads: int, **settings: Any) -> LayeredModel:
    """For recordings of so many leads, in eval mode."""
    torch.manual_seed(0)
    return waves(inputs=RecordSegmentation().shapes(leads), n_classes=2, **settings).eval()


def some(leads: int, n: int = 4, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = RecordSegmentation().shapes(leads)
    return {name: torch.randn(n, *shape, generator=generator) for name, shape in shapes.items()}


def permuted(x: dict[str, Tensor], order: Tensor) -> dict[str, Tensor]:
    return {name: value if name == "global" else value[:, order] for name, value in x.items()}


@LEADS
def test_leads_have_features_of_their_own_and_two_logits_come_of_all(leads: int) -> None:
    model, x = build(leads), some(leads)
    values = model.values(x)
    assert values["lead"].shape == (4, leads, 32)
    assert values["all"].shape == (4, 32)
    assert model(x).shape == (4, 2)
    assert model.inputs == RecordSegmentation().shapes(leads)


@LEADS
def test_a_lead_costs_weights_only_where_all_leads_meet(leads: int) -> None:
    own = {name: sum(p.numel() for p in layer.parameters()) for name, layer in build(leads).layers.items()}
    one = {name: sum(p.numel() for p in layer.parameters()) for name, layer in build(1).layers.items()}
    assert {name: own[name] for name in EACH_LEAD} == {name: one[name] for name in EACH_LEAD}
    assert own["all"] - one["all"] == (leads - 1) * 32 * 32


@pytest.mark.parametrize("leads", [3, 12])
def test_another_order_of_leads_gives_the_same_features_in_that_order(leads: int) -> None:
    model, x = build(leads), some(leads)
    order = torch.arange(leads).roll(1)
    straight, other = model.values(x), model.values(permuted(x, order))
    for name in EACH_LEAD:
        torch.testing.assert_close(other[name], straight[name][:, order], rtol=1e-4, atol=1e-5)
    assert straight["lead"].std(dim=1).max() > 0.01  # leads differ, else order would say nothing
    torch.testing.assert_close(other["together"], straight["together"])
    assert not torch.allclose(other["all"], straight["all"], atol=1e-4)  # it does know which lead is which


def test_a_lead_sees_no_other_lead() -> None:
    model, x = build(3), some(3)
    changed = {name: value.clone() for name, value in x.items()}
    changed["signal"][:, 1] += 1
    changed["measures"][:, 1] += 1
    before, after = (model.values(one)["lead"] for one in (x, changed))
    assert torch.equal(before[:, [0, 2]], after[:, [0, 2]])
    assert not torch.equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize("name", ["signal", "measures", "global"])
def test_every_input_changes_the_logits(name: str) -> None:
    model, x = build(3), some(3)
    assert not torch.allclose(model(x), model({**x, name: x[name] + 0.5}), atol=1e-5)


def test_measures_are_scaled_by_what_the_training_recordings_have_of_each_lead() -> None:
    model, x = build(3), some(3, n=50)
    measures = x["measures"] * 7 + torch.tensor([10.0, -20.0, 30.0])[None, :, None]
    given = {name: value.numpy() for name, value in {**x, "measures": measures}.items()}
    learn_scales(model, given)
    seen = model.layers["measured"][0](measures)  # type: ignore[index]
    assert seen.mean(dim=0).abs().max() < 0.1
    assert (seen.std(dim=0) - 1).abs().max() < 0.25


def test_large_samples_are_compressed_and_small_ones_kept_in_proportion() -> None:
    mv = torch.tensor([-5.0, -0.01, 0.0, 0.01, 5.0])
    torch.testing.assert_close(Compressed()(mv), torch.asinh(mv / SCALE_MV))
    assert Compressed()(mv)[4] < 0.3 * 5 / SCALE_MV


def test_each_lead_goes_through_the_inner_modules_alone() -> None:
    inner = torch.nn.Conv1d(1, 4, 3)
    x = torch.randn(2, 3, 10)
    out = EachLead(inner)(x)
    assert out.shape == (2, 3, 4, 8)
    torch.testing.assert_close(out[1, 2], inner(x[1, 2][None, None])[0])


def test_noise_is_added_to_measures_in_training_alone() -> None:
    model, x = build(1, dropout=0.0, noise=0.5), some(1)
    assert torch.equal(model(x), model(x))
    measured = model.layers["measured"].train()
    assert not torch.equal(measured(x["measures"]), measured(x["measures"]))


@pytest.mark.parametrize("lacking", ["measures", "global", "signal"])
def test_another_segmentation_is_answered_with_the_one_it_needs(lacking: str) -> None:
    shapes = {name: shape for name, shape in RecordSegmentation().shapes(3).items() if name != lacking}
    with pytest.raises(EcgError) as told:
        waves(inputs=shapes)
    assert str(told.value) == f"model=waves needs the input {lacking}; choose dataset.segmentation=record"


def test_what_is_typed_with_beats_is_refused_before_it_is_built() -> None:
    with pytest.raises(EcgError, match=r"choose dataset\.segmentation=record$"):
        compose("dataset=mi", "model=waves").network(inputs={"signal": (1, 187)}, n_classes=2)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"width": 0}, "width=0"),
        ({"wave_width": 5000}, "wave_width=5000"),
        ({"dropout": 1.0}, "dropout=1"),
        ({"noise": -0.1}, r"noise=-0\.1"),
    ],
)
def test_a_value_out_of_range_is_refused(setting: dict[str, float], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        build(3, **setting)
