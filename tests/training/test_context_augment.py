"""Augmentation of beats among their neighbours: what belongs together is changed together."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ecg.beats.features import FEATURES
from ecg.beats.features.rhythm import ABSOLUTE
from ecg.errors import EcgError
from ecg.training import ContextAugment

WINDOWS, BEATS, SAMPLES = 200, 6, 176
NAMES = [one.name for one in FEATURES["rhythm"]]
OFF: dict[str, Any] = {"gain": 0.0, "noise": 0.0, "flip": 0.0, "wander": 0.0, "jitter": 0, "rate": 0.0}


def changing(**by: float) -> ContextAugment:
    """A change of one kind alone."""
    return ContextAugment(**{**OFF, "when": "always", **by})


@pytest.fixture
def given() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    time = torch.linspace(-3, 3, SAMPLES)
    waves = torch.exp(-((time * 4) ** 2)) + 0.1 * torch.rand(WINDOWS, BEATS, 2, SAMPLES, generator=generator)
    return {
        "signal": waves,
        "template": torch.rand(WINDOWS, BEATS, 4, SAMPLES, generator=generator) + 0.1,
        "rhythm": torch.rand(WINDOWS, BEATS, len(NAMES), generator=generator),
        "shape": torch.rand(WINDOWS, BEATS, 9, generator=generator),
        "mask": torch.rand(WINDOWS, BEATS, generator=generator) < 0.8,
    }


def changed(augment: ContextAugment, given: dict[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
    before = {name: value.clone() for name, value in given.items()}
    torch.manual_seed(seed)
    found = augment.batch(given)
    assert not isinstance(found, Tensor)
    for name, value in before.items():
        assert torch.equal(given[name], value), name  # what was given stays as it was
        assert found[name].shape == value.shape
    return dict(found)


def test_features_of_shape_and_the_mask_stay_as_they_are(given: dict[str, Tensor]) -> None:
    found = changed(ContextAugment(when="always"), given)
    assert set(found) == set(given)
    for name in ("shape", "mask"):
        assert torch.equal(found[name], given[name])
    for name in ("signal", "template", "rhythm"):
        assert not torch.equal(found[name], given[name])


def test_the_heart_rate_moves_by_one_step_in_all_beats_of_a_window(given: dict[str, Tensor]) -> None:
    found = changed(changing(rate=0.3), given)
    shift = found["rhythm"] - given["rhythm"]
    relative = [i for i in range(len(NAMES)) if i not in ABSOLUTE]
    assert not shift[..., relative].any()
    own = shift[..., list(ABSOLUTE)].flatten(1)
    torch.testing.assert_close(own, own[:, :1].expand_as(own), rtol=0, atol=1e-5)
    assert float(own[:, 0].std()) == pytest.approx(0.3, rel=0.15)
    assert float(own[:, 0].mean()) == pytest.approx(0, abs=0.08)
    assert torch.equal(found["signal"], given["signal"])


def test_absolute_features_are_those_that_the_rate_moves() -> None:
    assert [NAMES[i] for i in ABSOLUTE] == ["before", "after", "local"]


def test_a_window_is_turned_upside_down_with_its_templates(given: dict[str, Tensor]) -> None:
    found = changed(changing(flip=0.3), given)
    signs = {name: (found[name] / given[name]).flatten(1) for name in ("signal", "template")}
    for factor in signs.values():
        torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    one, other = (factor[:, 0] for factor in signs.values())
    assert torch.equal(one, other)
    assert set(one.tolist()) == {1.0, -1.0}
    assert float((one < 0).float().mean()) == pytest.approx(0.3, abs=0.1)


def test_the_gain_of_a_window_is_that_of_its_templates(given: dict[str, Tensor]) -> None:
    found = changed(changing(gain=0.2), given)
    factors = {name: (found[name] / given[name]).flatten(1) for name in ("signal", "template")}
    for factor in factors.values():
        torch.testing.assert_close(factor, factors["signal"][:, :1].expand_as(factor))
    logs = factors["signal"][:, 0].log()
    assert float(logs.std()) == pytest.approx(0.2, rel=0.2)
    assert float(logs.mean()) == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("jitter", [1, 3])
def test_r_peaks_move_by_at_most_so_many_samples_each_beat_by_itself(given: dict[str, Tensor], jitter: int) -> None:
    found = changed(changing(jitter=jitter), given)["signal"]
    moved = found.argmax(dim=-1) - given["signal"].argmax(dim=-1)
    assert set(moved[..., 0].flatten().tolist()) == set(range(-jitter, jitter + 1))
    torch.testing.assert_close(moved[..., 0], moved[..., 1])  # both leads together
    assert len({tuple(window) for window in moved[..., 0].tolist()}) > 20
    assert torch.equal(changed(changing(jitter=jitter), given)["template"], given["template"])


def test_noise_and_wander_have_their_size(given: dict[str, Tensor]) -> None:
    noise = changed(changing(noise=0.05), given)["signal"] - given["signal"]
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)
    wave = changed(changing(wander=0.5), given)["signal"] - given["signal"]
    assert float(wave.abs().max()) == pytest.approx(0.5, abs=0.03)
    assert float(wave.diff(dim=-1).abs().max()) < 0.05  # slow
    assert float(wave.std()) > 0.05


@pytest.mark.parametrize("missing", ["signal", "template", "rhythm", "mask"])
def test_what_is_not_given_is_not_needed(given: dict[str, Tensor], missing: str) -> None:
    some = {name: value for name, value in given.items() if name != missing}
    assert set(changed(ContextAugment(when="always"), some)) == set(some)


def test_single_beats_are_changed_too(given: dict[str, Tensor]) -> None:
    single = {name: value.flatten(0, 1) for name, value in given.items()}
    found = changed(changing(gain=0.2), single)
    factor = (found["signal"] / single["signal"]).flatten(1)
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert len(set(factor[:, 0].tolist())) > WINDOWS


def test_all_zeros_change_nothing(given: dict[str, Tensor]) -> None:
    for name, value in changed(changing(), given).items():
        torch.testing.assert_close(value, given[name], rtol=0, atol=0)


def test_the_same_seed_gives_the_same_changes(given: dict[str, Tensor]) -> None:
    one, other, third = (changed(ContextAugment(when="always"), given, seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], other[name]) for name in given)
    assert not torch.equal(one["signal"], third["signal"])


@pytest.mark.parametrize(("when", "auto", "on"), [("auto", True, True), ("auto", False, False), ("never", True, False)])
def test_when_decides(when: str, auto: bool, on: bool) -> None:
    augment = ContextAugment(when=when).resolved(auto=auto)  # type: ignore[arg-type]
    assert isinstance(augment, ContextAugment)
    assert augment.active is on


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"flip": 1.5}, "flip=1.5: must be from 0 to 1"),
        ({"wander": -1}, "wander=-1: must be from 0 to 2"),
        ({"jitter": 21}, "jitter=21: must be from 0 to 20"),
        ({"rate": 3}, "rate=3: must be from 0 to 2"),
        ({"gain": 2}, "gain=2: must be from 0 to 1"),
    ],
)
def test_a_change_out_of_range_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        ContextAugment(**settings)
