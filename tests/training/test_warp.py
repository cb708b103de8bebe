"""Beats of the Kaggle form, changed at random, keep that form: 0 to 1, zeros behind their end, within the limits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.models import compact
from ecg.models.compact import extent
from ecg.training import BeatClassifier, Warp

NOTHING: dict[str, Any] = {"stretch": 0.0, "shift": 0.0, "power": 0.0, "wander": 0.0, "noise": 0.0, "when": "always"}
LENGTHS = [187, 187, 150, 120, 108, 90, 60, 30]


def changing(**by: float) -> Warp:
    """A change of one kind alone, of every beat."""
    own: dict[str, Any] = {**NOTHING, "stretched": 1.0, "shifted": 1.0, **by}
    return Warp(**own)


def usual(**by: float) -> Warp:
    return Warp(**{"when": "always", **by})  # type: ignore[arg-type]


def beats(lengths: list[int] = LENGTHS, leads: int = 1, samples: int = 187, seed: int = 0) -> Tensor:
    """Beats of these lengths, 0 to 1: random heights that begin at 1, fall to 0 half-way, and end between them."""
    x = torch.zeros(len(lengths), leads, samples)
    generator = torch.Generator().manual_seed(seed)
    for beat, n in zip(x, lengths, strict=True):
        beat[:, :n] = 0.2 + 0.6 * torch.rand(leads, n, generator=generator)
        beat[:, 0], beat[:, n // 2], beat[:, n - 1] = 1, 0, 0.6
    return x


def peak_at(places: list[int], lengths: list[int], samples: int = 187) -> Tensor:
    """Beats with one narrow peak on a slope to 0.3 at their ends, as high as the R peak that they begin with."""
    x = torch.zeros(len(places), 1, samples)
    for beat, at, n in zip(x, places, lengths, strict=True):
        beat[0, :n] = torch.linspace(0, 0.3, n)
        beat[0, at - 2 : at + 3] += torch.tensor([0.2, 0.4, 0.6, 0.4, 0.2])
    return x / x.amax(dim=(1, 2), keepdim=True)


def centres(x: Tensor) -> Tensor:
    """Where the peaks are, between samples, [beat]."""
    around = x[:, 0].argmax(dim=1)[:, None] + torch.arange(-2, 3)
    height = x[:, 0].gather(1, around.clamp(0, x.shape[2] - 1)) - x[:, 0].gather(1, around[:, :1].clamp(min=0))
    return (around * height.clamp(min=0)).sum(dim=1) / height.clamp(min=0).sum(dim=1)


# the form of a beat


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    lengths=st.lists(st.integers(30, 187), min_size=1, max_size=6),
    leads=st.integers(1, 3),
    by=st.fixed_dictionaries(
        {
            "stretch": st.floats(0, 0.5),
            "shift": st.floats(0, 20),
            "power": st.floats(0, 0.9),
            "wander": st.floats(0, 1),
            "noise": st.floats(0, 0.3),
        }
    ),
)
def test_a_changed_beat_goes_from_exactly_0_to_1_with_zeros_behind_it(
    seed: int, lengths: list[int], leads: int, by: dict[str, float]
) -> None:
    torch.manual_seed(seed)
    changed = usual(**by)(beats(lengths, leads))
    assert changed.shape == (len(lengths), leads, 187)
    assert torch.isfinite(changed).all()
    for one, n in zip(changed, lengths, strict=True):
        end = int(extent(one[None])[1])
        assert float(one.max()) == 1
        assert end <= min(int(n * (1 + by["stretch"]) + 0.5) + 1, 187)
        assert float(one.min()) == 0
        assert not one[:, end:].any()


def test_the_lowest_sample_of_a_beat_is_within_it_and_zero() -> None:
    torch.manual_seed(0)
    for one in usual()(beats()):
        end = int(extent(one[None])[1])
        assert int((one[0, :end] == 0).sum()) == 1


def test_without_a_change_a_beat_stays_as_it_is() -> None:
    for x in (beats(), beats(leads=3), beats([250, 60], samples=250)):
        torch.testing.assert_close(changing()(x), x, rtol=0, atol=1e-5)


def test_the_given_beats_are_not_written_to() -> None:
    x = beats()
    before = x.clone()
    assert not torch.equal(usual()(x), before)
    assert torch.equal(x, before)


def test_beats_of_zeros_or_one_sample_stay_finite() -> None:
    x = torch.zeros(3, 1, 187)
    x[1, 0, 0] = 1
    x[2, 0, :5] = 0.5  # no range to scale
    torch.manual_seed(0)
    changed = usual()(x)
    assert torch.isfinite(changed).all()
    assert (changed.min() >= 0) & (changed.max() <= 1)
    assert not changed[:, :, 8:].any()


# each kind of change


@pytest.mark.parametrize("stretch", [0.05, 0.2, 0.5])
def test_stretching_changes_the_length_by_no_more_than_its_limit_and_goes_both_ways(stretch: float) -> None:
    torch.manual_seed(0)
    x = beats([100] * 300)
    length = extent(changing(stretch=stretch)(x))[1][:, 0]
    assert 100 * (1 - stretch) - 0.5 <= float(length.min()) <= 100 * (1 - 0.9 * stretch) + 0.5
    assert 100 * (1 + 0.9 * stretch) - 0.5 <= float(length.max()) <= 100 * (1 + stretch) + 0.5
    assert float(length.mean()) == pytest.approx(100, abs=12 * stretch)


def test_a_peak_moves_along_with_the_length_of_its_beat() -> None:
    torch.manual_seed(0)
    x = peak_at([60] * 200, [120] * 200)
    changed = changing(stretch=0.3)(x)
    factor = extent(changed)[1][:, 0] / 120
    assert float((factor - 1).abs().max()) > 0.25
    assert float((centres(changed) - 60 * factor).abs().max()) < 1


def test_a_beat_that_fills_its_window_never_ends_before_it() -> None:
    torch.manual_seed(0)
    changed = changing(stretch=0.5)(peak_at([60] * 300, [187] * 300))
    assert (extent(changed)[1] == 187).all()
    at = centres(changed)
    assert float(at.min()) > 59
    assert float(at.max()) > 85  # longer, and cut off


def test_a_beat_that_is_stretched_beyond_the_window_is_cut_off() -> None:
    torch.manual_seed(0)
    length = extent(changing(stretch=0.5)(beats([170] * 100)))[1]
    assert int((length == 187).sum()) > 20
    assert float(length.min()) < 120


def test_each_beat_of_a_batch_has_its_own_changes() -> None:
    x = beats([100]).expand(50, 1, 187)
    for by in ({"stretch": 0.3}, {"shift": 3.0}, {"power": 0.5}, {"wander": 0.2}, {"noise": 0.1}):
        torch.manual_seed(0)
        changed = changing(**by)(x)
        assert len({tuple(one.flatten().tolist()) for one in changed}) == 50, by


@pytest.mark.parametrize(("by", "share"), [("stretched", 0.3), ("shifted", 0.6)])
def test_only_a_share_of_the_beats_is_stretched_or_moved(by: str, share: float) -> None:
    torch.manual_seed(0)
    kind = {"stretched": "stretch", "shifted": "shift"}[by]
    x = beats([100] * 1000)
    changed = changing(**{kind: 0.5, by: share})(x)
    moved = (changed - x).abs().amax(dim=(1, 2)) > 1e-5
    assert float(moved.float().mean()) == pytest.approx(share, abs=0.06)  # four deviations


def test_a_move_is_no_larger_than_wanted_goes_both_ways_and_keeps_the_length() -> None:
    torch.manual_seed(0)
    x = peak_at([60] * 300, [120] * 300)
    changed = changing(shift=5)(x)
    move = centres(changed) - centres(x)
    assert -5.5 < float(move.min()) < -4
    assert 4 < float(move.max()) < 5.5
    assert (extent(changed)[1] == 120).all()


def test_bending_is_a_power_of_the_samples_within_its_limits() -> None:
    torch.manual_seed(0)
    x = beats([100] * 200)
    changed = changing(power=0.4)(x)
    for one, before in zip(changed, x, strict=True):
        inside = (before > 0) & (before < 1)
        powers = one[inside].log() / before[inside].log()
        assert float(powers.max() - powers.min()) < 1e-3
    powers = changed[:, 0, 99].log() / x[:, 0, 99].log()
    assert 0.6 - 1e-4 < float(powers.min()) < 0.65
    assert 1.35 < float(powers.max()) < 1.4 + 1e-4


def test_noise_and_a_slow_wave_have_the_wanted_size() -> None:
    """On a level of one half between 0 and 1, which is scaled little."""
    x = torch.full((2000, 1, 100), 0.5)
    x[..., 0], x[..., 1] = 0, 1
    torch.manual_seed(0)
    noisy = changing(noise=0.01)(x)[..., 2:]
    assert float(noisy.std(dim=2).mean()) == pytest.approx(0.005, rel=0.1)  # each beat's own, up to 0.01
    assert float(noisy.std(dim=2).max()) < 0.013
    slow = changing(wander=0.05)(x)[..., 2:]
    steps = slow.diff(dim=2).abs().amax(dim=(1, 2))
    assert float(steps.max()) < 0.05 * 5 * (1 + 4 * torch.pi) / 100 * 1.5  # no more than two cycles in a beat
    assert 0.01 < float(slow.std(dim=2).mean()) < 0.08


# as an augmentation


def test_the_same_seed_gives_the_same_beats_and_another_seed_others() -> None:
    made = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        made.append(usual()(beats(leads=2)))
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("value", [-0.01, 1.01])
def test_beats_that_are_not_within_0_and_1_are_refused_in_a_line(value: float) -> None:
    x = beats()
    x[2, 0, 5] = value
    with pytest.raises(EcgError, match=r"^augment=warp: .*0\.\.1; choose dataset\.scaling=minmax$"):
        usual()(x)


@pytest.mark.parametrize(
    ("when", "auto", "active"), [("auto", True, True), ("auto", False, False), ("always", False, True)]
)
def test_it_is_on_where_augmentation_is(when: Any, auto: bool, active: bool) -> None:
    made, x = Warp(when=when, shift=2.5).resolved(auto=auto), beats()
    assert isinstance(made, Warp)
    assert (made.active, made.shift) == (active, 2.5)
    assert torch.equal(made(x), x) is not active


def test_never_gives_the_same_beats_whatever_they_are() -> None:
    x = 3 * beats()  # which it would refuse
    assert Warp(when="never")(x) is x
    assert not Warp(when="never").active


def test_it_changes_the_signal_of_a_batch_and_nothing_else() -> None:
    x, rhythm = beats(), torch.randn(len(LENGTHS), 4)
    torch.manual_seed(0)
    changed = usual().batch({"signal": x, "rhythm": rhythm})
    assert isinstance(changed, dict)
    assert changed["rhythm"] is rhythm
    assert not torch.equal(changed["signal"], x)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("stretch", 0.6, "from 0 to 0.5"),
        ("stretched", 1.1, "from 0 to 1"),
        ("shift", 21, "from 0 to 20"),
        ("shifted", -0.1, "from 0 to 1"),
        ("power", 1, r"from 0 to 1 \(not included\)"),
        ("wander", -0.1, "from 0 to 1"),
        ("noise", float("nan"), "from 0 to 1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: float, wanted: str) -> None:
    with pytest.raises(BadSettingError, match=rf"^{name}={value:g}: must be {wanted}$"):
        Warp(**{name: value})  # type: ignore[arg-type]


def test_it_is_chosen_by_name_with_its_own_defaults_and_a_checkpoint_says_it() -> None:
    node = compose("augment=warp", "augment.shift=2").augment
    assert Warp(**{key: value for key, value in node.items() if key != "_target_"}) == Warp(shift=2)
    made = BeatClassifier(compact(), augment=node)
    assert made.hparams["augment"] == {"_target_": "ecg.training.Warp", **vars(Warp(shift=2))}


def test_models_of_consecutive_beats_are_refused() -> None:
    Warp().check(1)
    with pytest.raises(EcgError, match=r"^augment=warp: changes single beats"):
        Warp().check(8)
