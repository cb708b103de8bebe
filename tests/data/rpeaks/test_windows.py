"""Training windows: what is cut, what the network is to say of it, what counts, and that draws repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ecg.data.rpeaks.augment import RPeakAugment
from ecg.data.rpeaks.series import Series
from ecg.data.rpeaks.windows import SAMPLES, DrawnOrder, DrawnWindows, FirstDrawn, WholeWindows, cut, target

PLAIN = RPeakAugment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def series(seconds: float, database: str = "a", name: str = "x") -> Series:
    """A lead whose value is its time in s, with a beat at each half second but for the first."""
    time = np.arange(round(seconds * 100), dtype=np.float32) / 100
    return Series(name, database, name, time, np.arange(0.5, seconds, 1.0), np.zeros((0, 2)))


def test_a_target_falls_off_around_each_beat_and_ends_100_ms_from_it() -> None:
    made = target(np.array([1.0, 5.013]))
    assert made.shape == (1024,)
    assert made[50] == 1
    np.testing.assert_allclose(made[51:55], np.exp(-0.5 * (np.arange(1, 5) * 20 / 25) ** 2), rtol=1e-5)
    assert made[56] == made[44] == 0
    assert made[54] > 0
    assert made[251] == pytest.approx(np.exp(-0.5 * (7 / 25) ** 2))  # fractions of a step are kept
    assert made[250] == pytest.approx(np.exp(-0.5 * (13 / 25) ** 2))
    assert made[255] == pytest.approx(np.exp(-0.5 * (87 / 25) ** 2))
    assert made[256] == 0  # 107 ms


def test_of_two_beats_the_nearer_counts_and_those_beyond_the_ends_show_their_side() -> None:
    made = target(np.array([1.0, 1.08]))
    assert made[52] == pytest.approx(np.exp(-0.5 * (40 / 25) ** 2))
    ends = target(np.array([-0.03, 20.49]))
    assert ends[0] == pytest.approx(np.exp(-0.5 * (30 / 25) ** 2))
    assert ends[-1] == pytest.approx(np.exp(-0.5 * (30 / 25) ** 2))
    assert target(np.zeros(0)).max() == 0


def test_a_window_begins_where_it_is_cut_and_its_beats_with_it() -> None:
    signal, beats, counts = cut(series(60), 10.0)
    np.testing.assert_allclose(signal, 10 + np.arange(2048) / 100, atol=1e-5)
    np.testing.assert_allclose(beats, np.arange(0.5, 21, 1))  # 20 ms beyond the end: half of it is seen
    assert counts.shape == (1024,)
    assert counts.all()
    signal, beats, _ = cut(series(60), 10.0049)  # at whole samples
    np.testing.assert_allclose([signal[0], beats[0]], [10.0, 0.5], atol=1e-5)


@pytest.mark.parametrize("speed", [0.55, 0.8, 1.3, 2.3])
def test_played_faster_signal_and_beats_stay_together(speed: float) -> None:
    signal, beats, counts = cut(series(60), 5.003, speed)
    np.testing.assert_allclose(signal, 5.003 + speed * np.arange(2048) / 100, atol=1e-4)
    inside = beats[(beats > 0) & (beats < 20.4)]
    assert len(inside) == pytest.approx(20.48 * speed, abs=1)
    np.testing.assert_allclose(np.interp(inside, np.arange(2048) / 100, signal) % 1, 0.5, atol=1e-3)
    assert counts.all()


def test_beyond_the_ends_there_is_nothing_and_nothing_counts() -> None:
    signal, beats, counts = cut(series(10), -5.0)
    assert np.abs(signal[:500]).max() == np.abs(signal[1500:]).max() == 0
    np.testing.assert_allclose(beats, 5 + np.arange(0.5, 10, 1))
    assert np.flatnonzero(counts)[[0, -1]].tolist() == [250, 750]


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_hidden_stretches_do_not_count(speed: float) -> None:
    one = replace(series(60), hidden=np.array([[0.0, 4.0], [8.0, 10.0], [50.0, 60.0]]))
    _, _, counts = cut(one, 2.0, speed)
    time = 2 + speed * 0.02 * np.arange(1024)
    hidden = (time <= 4) | ((time >= 8) & (time <= 10))
    edge = np.isclose(time, 4) | np.isclose(time, 8) | np.isclose(time, 10)
    np.testing.assert_array_equal(counts[~edge], ~hidden[~edge])
    outer = replace(series(10), hidden=np.array([[0.0, -0.1], [9.9, 10.0]]))  # the first mark lies before 0.3 s
    assert cut(outer, 0.0)[2][:490].all()


def drawn(leads: list[Series], windows: int = 100, seed: int = 0, augment: RPeakAugment = PLAIN,
          shares: dict[str, float] | None = None) -> DrawnWindows:  # fmt: skip
    return DrawnWindows(leads, {"a": 0.75, "b": 0.25} if shares is None else shares, augment, windows, seed)


def test_the_database_is_drawn_first_and_then_a_lead_by_its_length() -> None:
    leads = [series(100, "a", "1"), series(300, "a", "2"), series(30, "b", "3"), series(1000, "c", "4")]
    for i, one in enumerate(leads):
        one.signal[:] = i + 1
    data = drawn(leads)
    kinds = [data.window(np.random.default_rng(seed))[0].max() for seed in range(1500)]
    share = np.bincount(np.array(kinds, dtype=int), minlength=5)[1:] / 1500
    np.testing.assert_allclose(share, [0.75 / 4, 0.75 * 3 / 4, 0.25, 0], atol=0.035)


def test_windows_begin_anywhere_and_short_leads_lie_within_them() -> None:
    long = series(100)
    data = drawn([replace(long, signal=long.signal / 100)], shares={"a": 1})
    starts = [100 * float(data.window(np.random.default_rng(seed))[0][0]) for seed in range(500)]
    assert min(starts) < 2
    assert 77 < max(starts) < 79.53
    short = drawn([series(10)], shares={"a": 1})
    for seed in range(20):
        signal, _, counts = short.window(np.random.default_rng(seed))
        assert np.count_nonzero(signal) >= 998
        assert 499 <= counts.sum() <= 501


def test_a_draw_depends_on_seed_epoch_and_number_alone() -> None:
    leads = [series(200)]
    first, second = (drawn(leads, augment=RPeakAugment())[torch.tensor([1, 4, 7])] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    alone = drawn(leads, augment=RPeakAugment())[torch.tensor([1, 7])]
    assert torch.equal(alone[0][0], first[0][1])
    for other in (drawn(leads, augment=RPeakAugment())[torch.tensor([2, 4, 7])],
                  drawn(leads, augment=RPeakAugment(), seed=1)[torch.tensor([1, 4, 7])]):  # fmt: skip
        assert not torch.equal(other[0], first[0])
    signal, wanted, counts = first
    assert (signal.dtype, wanted.dtype, counts.dtype) == (torch.float32, torch.float32, torch.bool)
    assert (signal.shape, wanted.shape, counts.shape) == ((2, 2048), (2, 1024), (2, 1024))
    assert float(signal.abs().max()) <= 6


def test_batches_carry_their_epoch_and_two_processes_share_the_draws() -> None:
    orders = [DrawnOrder(48, 8, shuffle=True, seed=3, rank=rank, world_size=2) for rank in (0, 1)]
    for order in orders:
        order.set_epoch(5)
    batches = [[one.tolist() for one in order] for order in orders]
    assert [len(part) for part in batches] == [len(order) for order in orders] == [3, 3]
    assert all(batch[0] == 5 and len(batch) == 9 for part in batches for batch in part)
    numbers = [{number for batch in part for number in batch[1:]} for part in batches]
    assert numbers[0] | numbers[1] == set(range(48))
    assert not numbers[0] & numbers[1]


def test_to_overfit_every_epoch_has_the_same_draws() -> None:
    order = FirstDrawn(10, 4, shuffle=False, seed=3)
    order.set_epoch(5)
    assert [one.tolist() for one in order] == [[0, 0, 1, 2, 3], [0, 4, 5, 6, 7], [0, 8, 9]]


def test_validation_sees_every_whole_window_once_as_it_is() -> None:
    data = WholeWindows([series(50), series(5)])
    assert len(data) == 3
    signal, wanted, counts = data[torch.tensor([0, 1, 2])]
    np.testing.assert_allclose(signal[:, 0].numpy(), [0, 20.48, 0], atol=1e-5)
    assert wanted[0, 25] == 1
    assert counts.sum(dim=1).tolist() == [1024, 1024, 251]
    assert len(WholeWindows([])) == 0
    assert SAMPLES == 2048
