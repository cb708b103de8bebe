"""Beats drawn by chance: each with exactly its own, weighted so that what is summed over them is unbiased."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.data.batches import batches
from ecg.data.drawing import ROW, WEIGHT, Chances, DrawnBeats, DrawnOrder, Draws, within

N, SIZE = 60, 20


@st.composite
def wanted(draw: st.DrawFn) -> tuple[Chances, int]:
    """Chances in any proportion down to a hundredth, and how many beats are drawn."""
    chances = draw(st.lists(st.floats(0.01, 1), min_size=2, max_size=80))
    return np.array(chances), draw(st.integers(1, len(chances)))


def uneven(n: int = N) -> Chances:
    """Chances of which some are so high that their beats come in every epoch."""
    rng = np.random.default_rng(0)
    return np.where(np.arange(n) % 10 == 0, 3.0, rng.uniform(0.05, 0.6, n))


def draws(size: int = SIZE, chances: Chances | None = None) -> Draws:
    own = uneven() if chances is None else chances
    return Draws(len(own), size, lambda: own)


# chances


@settings(deadline=None, max_examples=200)
@given(wanted())
def test_chances_are_none_above_1_and_sum_to_the_beats_that_are_drawn(case: tuple[Chances, int]) -> None:
    chances, size = case
    before = chances.copy()
    chance = within(chances, size)
    assert chance.shape == chances.shape
    assert ((chance > 0) & (chance <= 1)).all()
    assert chance.sum() == pytest.approx(size, rel=1e-9)
    assert np.array_equal(chances, before)


@settings(deadline=None, max_examples=200)
@given(wanted())
def test_chances_below_1_keep_their_proportions_and_the_likeliest_are_the_sure_ones(case: tuple[Chances, int]) -> None:
    chances, size = case
    chance = within(chances, size)
    below = chance < 1 - 1e-9
    if below.any():
        factors = chance[below] / chances[below]
        np.testing.assert_allclose(factors, factors[0], rtol=1e-9)
        assert (chances[~below] * factors[0] >= 1 - 1e-6).all()  # none is sure that need not be


def test_chances_by_hand() -> None:
    np.testing.assert_allclose(within(np.array([1.0, 1.0, 2.0]), 1), [0.25, 0.25, 0.5])
    np.testing.assert_allclose(within(np.array([1.0, 1.0, 2.0, 8.0]), 2), [0.25, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(within(np.array([1.0, 2.0, 4.0, 40.0]), 3), [1 / 3, 2 / 3, 1.0, 1.0])  # in two rounds


@pytest.mark.parametrize("chances", [[0.2, 0.9, 0.01], [0.3, 0.3, 0.3], [1.0, 1.0, 1.0]])
def test_where_all_are_drawn_every_chance_is_1(chances: list[float]) -> None:
    np.testing.assert_allclose(within(np.array(chances), 3), 1, rtol=1e-12)


# draws


@settings(deadline=None, max_examples=100)
@given(wanted(), st.integers(0, 10_000))
def test_exactly_as_many_beats_are_drawn_as_wanted_and_none_twice(case: tuple[Chances, int], seed: int) -> None:
    chances, size = case
    rows = draws(size, chances).drawn(np.random.default_rng(seed))
    assert rows.dtype == torch.int64
    assert len(rows) == len(set(rows.tolist())) == size
    assert 0 <= int(rows.min()) <= int(rows.max()) < len(chances)


def many(made: Draws, times: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """How often each beat was drawn, and the weights of each draw's beats, [draw, beat]."""
    rng, often, weights = np.random.default_rng(1), np.zeros(made.n), []
    for _ in range(times):
        rows = made.drawn(rng)
        often[rows.numpy()] += 1
        weights.append(made.weight[rows].numpy())
    return often / times, np.stack(weights)


def test_each_beat_is_drawn_with_its_own_chance() -> None:
    made = draws()
    often, _ = many(made)
    chance = within(uneven(), SIZE)
    assert (often[::10] == 1).all()  # the sure ones
    assert chance.min() < 0.1
    deviation = np.sqrt(chance * (1 - chance) / 4000)
    assert (np.abs(often - chance) <= 4.5 * deviation + 1e-9).all()


def test_beats_are_drawn_in_random_order() -> None:
    made, rng = draws(N), np.random.default_rng(2)
    place = np.mean([np.argsort(made.drawn(rng).numpy()) for _ in range(2000)], axis=0)
    np.testing.assert_allclose(place, (N - 1) / 2, atol=4.5 * N / np.sqrt(12 * 2000))


def test_pairs_of_beats_are_drawn_in_all_combinations() -> None:
    """Systematic sampling in one fixed order would never draw some pairs."""
    made, rng, pairs = draws(2, np.ones(6)), np.random.default_rng(3), set()
    for _ in range(400):
        pairs.add(tuple(sorted(made.drawn(rng).tolist())))
    assert len(pairs) == 15


def test_the_weighted_mean_of_any_value_is_that_over_all_beats_in_the_long_run() -> None:
    made, rng = draws(), np.random.default_rng(4)
    value = np.where(np.arange(N) % 10 == 0, 5.0, np.random.default_rng(5).normal(2, 1, N))
    plain, weighted = [], []
    for _ in range(4000):
        rows = made.drawn(rng).numpy()
        plain.append(value[rows].mean())
        weighted.append((value[rows] * made.weight.numpy()[rows]).mean())
    bound = 4.5 * np.std(weighted) / np.sqrt(4000)
    assert np.mean(weighted) == pytest.approx(value.mean(), abs=bound)
    assert abs(np.mean(plain) - value.mean()) > 10 * bound  # the likely beats have high values


def test_the_mean_weight_of_drawn_beats_is_1_in_the_long_run() -> None:
    _, weights = many(draws())
    mean = weights.mean(axis=1)
    assert mean.std() > 0.01
    assert mean.mean() == pytest.approx(1, abs=4.5 * mean.std() / np.sqrt(len(mean)))


def test_a_weight_is_one_over_the_chance_in_proportion() -> None:
    made = draws()
    made.drawn(np.random.default_rng(0))
    assert made.weight.dtype == torch.float32
    np.testing.assert_allclose(made.weight.numpy() * within(uneven(), SIZE), SIZE / N, rtol=1e-6)


def test_chances_are_asked_for_as_each_epoch_begins() -> None:
    chances, asked = np.ones(10), []

    def now() -> Chances:
        asked.append(1)
        return chances

    made = Draws(10, 4, now)
    assert not asked
    made.drawn(np.random.default_rng(0))
    assert made.weight.tolist() == pytest.approx([1.0] * 10)
    chances = np.array([6.0] * 2 + [1.0] * 8)
    made.drawn(np.random.default_rng(0))
    assert made.weight.tolist() == pytest.approx([0.4] * 2 + [1.6] * 8)
    assert len(asked) == 2


@pytest.mark.parametrize("size", [N, N + 1, 10 * N])
def test_who_draws_as_many_as_there_are_gets_each_beat_once_with_weight_1(size: int) -> None:
    made = draws(size)
    assert made.size == N
    assert sorted(made.drawn(np.random.default_rng(0)).tolist()) == list(range(N))
    assert made.weight.tolist() == pytest.approx([1.0] * N)


# batches


def epoch(seed: int = 3, number: int = 0, batch_size: int = 8, made: Draws | None = None) -> list[list[int]]:
    order = DrawnOrder(made or draws(), batch_size, seed=seed)
    order.set_epoch(number)
    return [rows.tolist() for rows in order]


def test_the_order_depends_on_the_seed_and_the_epoch_alone() -> None:
    first = epoch()
    np.random.default_rng(0).random(9)
    torch.rand(9)
    assert epoch() == first
    assert epoch(seed=4) != first != epoch(number=1)
    made = draws()
    epoch(made=made)
    assert epoch(number=1, made=made) == epoch(number=1)  # whatever was drawn before


@pytest.mark.parametrize(
    ("size", "batch_size", "expected"), [(20, 8, [8, 8]), (20, 5, [5] * 4), (20, 20, [20]), (20, 64, [20]), (1, 2, [1])]
)
def test_batches_are_whole_unless_there_is_one_alone(size: int, batch_size: int, expected: list[int]) -> None:
    made = draws(size)
    assert [len(rows) for rows in epoch(batch_size=batch_size, made=made)] == expected
    assert len(DrawnOrder(made, batch_size, seed=3)) == len(expected)


def test_an_epoch_has_no_beat_twice_and_other_epochs_have_other_beats() -> None:
    one, other = ({row for batch in epoch(number=number, batch_size=10) for row in batch} for number in (0, 1))
    assert len(one) == len(other) == SIZE
    assert one != other


def test_a_batch_holds_its_beats_labels_weights_and_positions_in_the_subset() -> None:
    made, x, y = draws(), torch.randn(2 * N, 1, 4), torch.arange(2 * N) % 5
    subset = torch.arange(1, 2 * N, 2)
    data = DrawnBeats({"signal": x, "rhythm": x[:, 0, :2]}, y[subset], subset, made)
    assert len(data) == N
    seen = []
    for inputs, labels in batches(data, DrawnOrder(made, 8, seed=1)):
        rows = inputs[ROW]
        seen += rows.tolist()
        assert set(inputs) == {"signal", "rhythm", WEIGHT, ROW}
        assert torch.equal(inputs["signal"], x[subset[rows]])
        assert torch.equal(inputs["rhythm"], x[subset[rows], 0, :2])
        assert torch.equal(inputs[WEIGHT], made.weight[rows])
        assert torch.equal(labels, y[subset[rows]])
    assert len(set(seen)) == 16
