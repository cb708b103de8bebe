"""What becomes of P waves and of the line between beats in synthetic copies: a heart by hand, without noise."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.recordings.copies import synthetic_copy
from ecg.recordings.recording import Annotations, Recording

FS, N = 360, 400
WAVES = ((-0.16, 0.02, 0.15), (0.0, 0.012, 1.0), (0.25, 0.04, 0.3))
"""When (s), how wide (s) and how high (mV) P, R and T are."""
P = round(-0.16 * FS)
HIGH = 0.15 * (1 - np.exp(-0.5 * (18 / FS / 0.02) ** 2))
"""A P wave above what lies 50 ms beside its peak, in mV."""


def heart() -> Recording:
    """Normal beats, 0.8 s apart but for a little; nothing between T and P."""
    rr = 0.8 + np.random.default_rng(0).normal(0, 0.02, N)
    sample = np.rint((1 + np.cumsum(rr)) * FS).astype(np.int64)
    signal, time = np.zeros(sample[-1] + FS), np.arange(-200, 201)
    for at in sample:
        for when, wide, high in WAVES:
            signal[at + time] += high * np.exp(-0.5 * ((time / FS - when) / wide) ** 2)
    digital = np.rint(100_000 * signal).astype(np.int32)[None]
    marks = Annotations(sample, np.full(N, "N"))
    return Recording("made", "patient", digital, np.array([1e5]), np.zeros(1, np.int32), float(FS), ("II",), marks)


@pytest.fixture(scope="module")
def copies() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Signal, R peaks and symbols of each, without the first two and the last two beats."""
    found = []
    for number in range(1, 25):
        copy = synthetic_copy(heart(), number)
        assert copy.annotations is not None
        found.append((copy.millivolts(0), copy.annotations.sample[2:-2], copy.annotations.symbol[2:-2]))
    return found


def p_waves(signal: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Their size against the usual one, above what is beside them."""
    beside = 0.5 * (signal[sample + P - 18] + signal[sample + P + 18])
    return np.asarray((signal[sample + P] - beside) / HIGH)


def waves_between(signal: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """How much moves after the T wave of each beat whose next one comes late enough."""
    late = np.flatnonzero(np.diff(sample) > 0.75 * FS)
    return np.array([np.ptp(signal[sample[k] + round(0.4 * FS) : sample[k + 1] - round(0.26 * FS)]) for k in late])


def test_p_waves_of_premature_beats_are_absent_inverted_or_of_another_size(
    copies: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    """Of those that do not come in the T wave before them."""
    found = []
    for signal, sample, symbol in copies:
        free = np.diff(sample, prepend=0) > 0.56 * FS
        found += p_waves(signal, sample)[(symbol == "A") & free].tolist()
    sizes = np.array(found)
    for size in (0.0, -1.0):
        assert (np.abs(sizes - size) < 0.1).sum() >= 5
    assert (sizes > 1.2).any()


def test_beats_of_an_untouched_rhythm_keep_their_p_waves(
    copies: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    calm = 0
    for signal, sample, symbol in copies:
        rr = np.diff(sample, prepend=0) / FS
        usual = (symbol == "N") & (np.abs(rr - 0.8) < 0.06)
        usual[1:] &= usual[:-1]
        usual[2:] &= usual[:-2]
        sizes = p_waves(signal, sample)[usual & (np.arange(len(sample)) > 3)]
        if len(sizes) > 60 and waves_between(signal, sample).max() < 0.01:
            calm += 1
            assert np.quantile(np.abs(sizes - 1), 0.8) < 0.1
    assert calm >= 2


def test_some_copies_have_fibrillation_or_flutter_whose_beats_are_n_without_p_waves(
    copies: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    with_waves, irregular = 0, 0
    for signal, sample, symbol in copies:
        moving = waves_between(signal, sample)
        with_waves += bool((moving > 0.02).sum() > 5)
        assert moving.max() < 0.3  # smaller than any QRS complex
        rr = np.diff(sample, prepend=0) / FS
        changed = (symbol == "N") & (np.abs(rr - 0.8) > 0.15)
        irregular += bool((changed & (np.abs(p_waves(signal, sample)) < 0.3)).sum() > 20)
    assert 3 <= with_waves <= 20
    assert irregular >= 3


def test_after_a_pause_the_p_wave_comes_just_before_its_qrs_complex(
    copies: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    late = []
    for signal, sample, symbol in copies:
        rr = np.diff(sample, prepend=sample[0]) / FS
        after = np.flatnonzero((rr > 0.95) & (symbol == "N") & np.append("", symbol[:-1]).__eq__("A"))
        late += p_waves(signal, sample)[after].tolist()
    assert len(late) > 50
    assert np.mean(np.abs(np.array(late) - 1) < 0.15) > 0.6
