"""The learnt detector on signals whose beats are known, by a network that learnt on others of their kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ecg.beats.rpeaks import Learnt

Make = Callable[..., np.ndarray]
RATES = (80, 100, 125, 128, 200, 250, 257.5, 360, 499.9, 500, 1000)


def seconds_of(taught: Learnt, signal: np.ndarray, fs: float) -> np.ndarray:
    return np.asarray(taught(signal, fs).sample / fs)


@pytest.mark.parametrize("fs", RATES)
def test_every_beat_is_found_once_at_its_place_at_any_rate(taught: Learnt, lead: Make, times: Make, fs: float) -> None:
    found = taught(lead(fs, 40, 9), fs)
    assert found.sample.dtype == np.int64
    beats = times(40, 9)
    assert len(found) == len(beats)
    np.testing.assert_allclose(found.sample / fs, beats, atol=0.5 / fs + 0.0045)  # noise moves a rounded top
    assert found.certainty.shape == beats.shape
    assert ((found.certainty >= 0.5) & (found.certainty <= 1)).all()


@pytest.mark.parametrize(
    "change", [lambda x: 1000 * x, lambda x: x / 5000, lambda x: -x, lambda x: x + 40, lambda x: -7 * x - 3]
)
def test_neither_unit_nor_polarity_nor_offset_matters(
    taught: Learnt, lead: Make, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    signal = lead(250, 30, 4)
    np.testing.assert_array_equal(taught(change(signal), 250).sample, taught(signal, 250).sample)


def test_a_beat_at_either_end_lies_within_the_signal(taught: Learnt, lead: Make, times: Make) -> None:
    beats = np.rint(times(40, 2) * 250).astype(int)
    signal = lead(250, 40, 2)[beats[3] - 25 : beats[-4] + 26]
    found = taught(signal, 250).sample
    assert abs(found[0] - 25) <= 2
    assert abs(found[-1] - (len(signal) - 26)) <= 2
    assert len(found) == len(beats[3:-3])


@pytest.mark.parametrize("fs", [80.0, 257.5, 360.0])
@pytest.mark.parametrize("kind", ["noise", "step", "constant", "zero"])
def test_signals_of_any_length_are_answered(taught: Learnt, fs: float, kind: str) -> None:
    rng = np.random.default_rng(0)
    for n in (*range(12), 24, 25, 29, 30, 31, 49, 50, 107, 108, 109, 333):
        signal = {"noise": rng.normal(0, 1, n), "step": np.arange(n) // 7 * 1.0, "constant": np.full(n, 5.5)}.get(kind)
        found = taught(np.zeros(n) if signal is None else signal, fs)
        assert ((found.sample >= 0) & (found.sample < max(n, 1))).all()
        assert len(found.certainty) == len(found)
        if kind in ("constant", "zero"):
            assert len(found) == 0


def test_one_value_stands_for_each_20_ms(taught: Learnt, lead: Make) -> None:
    for fs, n, values in ((100, 401, 201), (360, 3600, 500), (128, 1000, 391), (257.5, 103, 20)):
        assert len(taught.probability(lead(fs, n / fs)[:n], fs)) == values


def test_a_pause_is_empty_and_its_neighbours_are_found(taught: Learnt, lead: Make, times: Make) -> None:
    signal, beats = lead(200, 60, 5), times(60, 5)
    quiet = (np.arange(len(signal)) > 20 * 200) & (np.arange(len(signal)) < 26 * 200)
    signal[quiet] = np.random.default_rng(3).normal(0, 0.01, int(quiet.sum()))
    found = seconds_of(taught, signal, 200)
    outside = beats[(beats < 19.8) | (beats > 26.2)]
    assert np.abs(found[:, None] - outside).min(axis=0).max() < 0.02
    assert not ((found > 20.3) & (found < 25.7)).any()


def test_the_name_tells_the_weights_apart(taught: Learnt) -> None:
    from ecg.recordings.checksum import sha256

    assert taught.name == f"learnt {sha256(taught.path)[:8]}"
