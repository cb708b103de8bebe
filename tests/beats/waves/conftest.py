"""Twelve leads of a heart whose waves, their places and their heights in mV are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from ecg.recordings.leads import TWELVE

Signal = npt.NDArray[np.float64]

BEFORE_S, AFTER_S = 0.3, 0.65


class Bump(NamedTuple):
    """One wave: its middle (s from the R peak), its half width (s; nothing lies beyond), mV in I, II, V1 to V6."""

    at: float
    reach: float
    mv: Sequence[float]


USUAL: Mapping[str, Bump] = {
    "P": Bump(-0.16, 0.05, (0.08, 0.14, 0.05, 0.06, 0.06, 0.06, 0.05, 0.05)),
    "Q": Bump(-0.035, 0.02, (-0.10, -0.08, 0.0, 0.0, 0.0, -0.05, -0.12, -0.12)),
    "R": Bump(0.0, 0.03, (0.7, 1.0, 0.3, 0.5, 0.8, 1.4, 1.2, 0.9)),
    "S": Bump(0.035, 0.02, (-0.15, -0.2, -1.0, -1.2, -0.9, -0.5, -0.2, -0.1)),
    "T": Bump(0.28, 0.12, (0.2, 0.3, -0.1, 0.3, 0.4, 0.35, 0.3, 0.2)),
}
ONSET_S, J_S = -0.055, 0.055
"""Where the QRS complex of `USUAL` begins and ends."""


def twelve(eight: Signal) -> Signal:
    """The standard leads of I, II and V1 to V6 (Einthoven, Goldberger)."""
    one, two = eight[0], eight[1]
    return np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, *eight[2:]])


def beat_at(time: Signal, waves: Mapping[str, Bump] = USUAL) -> Signal:
    """One beat whose R peak is at 0, shape [lead, time], mV."""
    eight = np.zeros((8, len(time)))
    for wave in waves.values():
        near = np.abs(time - wave.at) < wave.reach
        bump = np.where(near, 0.5 + 0.5 * np.cos(np.pi * (time - wave.at) / wave.reach), 0.0)
        eight += np.asarray(wave.mv)[:, None] * bump
    return twelve(eight)


@pytest.fixture(scope="session")
def usual() -> Mapping[str, Bump]:
    """The waves of a heart without any disease."""
    return USUAL


@pytest.fixture(scope="session")
def bump() -> type[Bump]:
    """Makes a wave: its middle, its half width, and its heights in I, II and V1 to V6."""
    return Bump


@pytest.fixture(scope="session")
def one_beat() -> Callable[..., Signal]:
    """One beat alone at certain times from its R peak (s); see `beat_at`."""
    return beat_at


@pytest.fixture(scope="session")
def heart() -> Callable[..., Signal]:
    """Makes twelve leads in mV.

    Every beat of `times` (s; by default one each `rr` s from 0.5 s on) has the waves `waves`, those of `odd` have waves
    of their own.
    """

    def make(
        *,
        fs: float = 500.0,
        seconds: float = 10.0,
        rr: float = 0.8,
        times: Sequence[float] | None = None,
        waves: Mapping[str, Bump] = USUAL,
        odd: Mapping[int, Mapping[str, Bump]] | None = None,
        noise: float = 0.0,
        drift: float = 0.0,
    ) -> Signal:
        time = np.arange(round(seconds * fs)) / fs
        places = np.arange(0.5, seconds, rr) if times is None else np.asarray(times)
        signal = np.random.default_rng(0).normal(0, noise, (len(TWELVE), len(time)))
        signal += drift * np.sin(2 * np.pi * 0.15 * time)
        for i, place in enumerate(places):
            signal += beat_at(time - place, (odd or {}).get(i, waves))
        return signal

    return make
