"""Beats made by hand: P wave, QRS complex and T wave as bells, in units of the usual QRS height."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ecg.beats.features.templates import BEFORE, FS, SAMPLES, Wave, Waves

TIME = (np.arange(SAMPLES) - BEFORE) / FS


def _bell(at: float, width: float, size: float) -> np.ndarray:
    return size * np.exp(-0.5 * ((TIME - at) / width) ** 2)


def _beat(*, p: float = 0.12, t: float = 0.25, width: float = 0.016, height: float = 1.0, moved_s: float = 0.0) -> Wave:
    parts = ((-0.16, 0.025, p), (0.0, width, height), (0.29, 0.05, t))
    return sum(_bell(at + moved_s, own, size) for at, own, size in parts).astype(np.float32)


@pytest.fixture(scope="session")
def beat() -> Callable[..., Wave]:
    """Makes one beat: size of its P wave and T wave, width (s) and height of its QRS complex, a move in s."""
    return _beat


@pytest.fixture(scope="session")
def noisy() -> Callable[..., Waves]:
    """Makes beats of given waves, each with noise of its own."""

    def make(waves: list[Wave], noise: float = 0.01, seed: int = 0) -> Waves:
        drawn = np.random.default_rng(seed).normal(0, noise, (len(waves), SAMPLES))
        return (np.stack(waves) + drawn).astype(np.float32)

    return make
