"""Augmentation changes beats within its limits only."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.errors import EcgError
from ecg.training import Augment

UNCHANGED = {"stretch": 0.0, "gain": 0.0, "noise": 0.0, "when": "always"}


def changing(**by: float) -> Augment:
    """A change of one kind alone."""
    return Augment(**{**UNCHANGED, **by})  # type: ignore[arg-type]


@pytest.fixture
def beats() -> torch.Tensor:
    return torch.rand(16, 1, 187, generator=torch.Generator().manual_seed(0))


def test_zeros_change_nothing(beats: torch.Tensor) -> None:
    assert changing()(beats) is beats
    assert not changing().active


def test_the_given_beats_stay_as_they_are(beats: torch.Tensor) -> None:
    before = beats.clone()
    changing(stretch=0.1, gain=0.1, noise=0.1)(beats)
    assert torch.equal(beats, before)


@settings(deadline=None, max_examples=40)
@given(stretch=st.floats(0.001, 0.5), seed=st.integers(0, 10_000), at=st.integers(5, 120))
def test_stretching_keeps_start_and_length_and_moves_a_peak_within_its_limit(
    stretch: float, seed: int, at: int
) -> None:
    x = torch.zeros(3, 1, 187)
    x[..., 0], x[..., at - 2 : at + 3] = 1, torch.tensor([0.3, 0.7, 1.0, 0.7, 0.3])
    torch.manual_seed(seed)
    changed = changing(stretch=stretch)(x)
    assert changed.shape == x.shape
    assert changed[0, 0, 0] > 0.4
    peak = int(changed[0, 0, 3:].argmax()) + 3
    assert at * (1 - stretch) - 2 <= peak <= at * (1 + stretch) + 2 or peak >= 185
    assert torch.equal(changed[0], changed[2])
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_stretching_goes_both_ways() -> None:
    x = torch.zeros(1, 1, 187)
    x[..., 100] = 1
    torch.manual_seed(0)
    peaks = [int(changing(stretch=0.2)(x).argmax()) for _ in range(50)]
    assert min(peaks) < 90
    assert max(peaks) > 110


def test_gain_scales_each_beat_by_its_own_factor_around_one(beats: torch.Tensor) -> None:
    torch.manual_seed(0)
    many = beats.repeat(100, 1, 1)
    factors = changing(gain=0.05)(many) / many
    assert float((factors.amax(2) - factors.amin(2)).max()) < 1e-4
    each = factors.mean(dim=2)
    assert float(each.mean()) == pytest.approx(1, abs=0.01)
    assert float(each.std()) == pytest.approx(0.05, rel=0.1)


def test_noise_has_the_wanted_size(beats: torch.Tensor) -> None:
    torch.manual_seed(0)
    added = changing(noise=0.02)(beats) - beats
    assert float(added.mean()) == pytest.approx(0, abs=0.002)
    assert float(added.std()) == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(
    ("when", "auto", "on"),
    [("auto", True, True), ("auto", False, False), ("always", False, True), ("never", True, False)],
)
def test_when_decides_whether_beats_are_changed(beats: torch.Tensor, when: str, auto: bool, on: bool) -> None:
    augment = Augment(when=when).resolved(auto=auto)  # type: ignore[arg-type]
    assert augment.active is on
    assert torch.equal(augment(beats), beats) is not on
    assert augment.noise == Augment().noise


@pytest.mark.parametrize("name", ["stretch", "gain", "noise"])
@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_a_change_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(EcgError, match=rf"^{name}={value:g}: must be from 0 to"):
        Augment(**{name: value})  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_changes(beats: torch.Tensor) -> None:
    made = []
    for _ in range(2):
        torch.manual_seed(7)
        made.append(changing(stretch=0.1, gain=0.1, noise=0.1)(beats))
    assert torch.equal(*made)
