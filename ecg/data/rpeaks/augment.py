"""What happens to a training window of the R-peak detector: other rates, heights, noises, pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from ecg.beats.rpeaks.signal import FS
from ecg.checks import in_range

Signal = npt.NDArray[np.float64]
Draw = np.random.Generator
RMS = 0.7
"""Of a usual window, which signal-to-noise ratios are against."""


@dataclass(frozen=True)
class RPeakAugment:
    """Shares of the training windows that are changed in each way; a share of 0 leaves it out.

    Attributes:
        stretch: played faster or slower, so that heart rate and QRS width change together.
        flip: upside down.
        gain: a height that changes slowly, with jumps.
        single: some beats are smaller or larger than the others.
        noise: recorded noise, where there is any.
        motion: made noise like that of moving electrodes.
        white: white noise.
        pause: some seconds without a beat.
        narrow: fewer high frequencies.
        empty: noise alone.
        scale: standard deviation of the log of a factor on every window.
    """

    stretch: float = 0.75
    flip: float = 0.5
    gain: float = 0.4
    single: float = 0.35
    noise: float = 0.45
    motion: float = 0.25
    white: float = 0.3
    pause: float = 0.06
    narrow: float = 0.05
    empty: float = 0.04
    scale: float = 0.35
    recorded: Sequence[tuple[Signal, float]] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.name not in ("recorded", "scale"):
                in_range(one.name, getattr(self, one.name), 0, 1)
        in_range("scale", self.scale, 0, 3)

    def speed(self, rng: Draw) -> float:
        """How much faster a window is played; 1: as it is."""
        if rng.random() >= self.stretch:
            return 1.0
        low, high = (0.75, 1.35) if rng.random() < 2 / 3 else (0.55, 2.3)
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def __call__(self, signal: Signal, beats: Signal, rng: Draw) -> tuple[Signal, Signal]:
        """A changed window and the beats that are left in it.

        Args:
            signal: shape [time], at 100 Hz, as the network sees it.
            beats: shape [beat], in s.
            rng: draws.
        """
        n = len(signal)
        if rng.random() < self.empty:
            noise = self._recorded(n, rng) if self.recorded and rng.random() < 0.6 else motion(n, rng)
            return noise * np.exp(rng.normal(-0.6, 0.6)), beats[:0]
        if rng.random() < self.flip:
            signal = -signal
        if rng.random() < self.gain:
            signal = signal * _slow_gain(n, rng)
        if rng.random() < self.single:
            signal = signal * _single_gains(n, beats, rng)
        if self.recorded and rng.random() < self.noise:
            signal = signal + self._recorded(n, rng) * RMS * 10 ** (-rng.uniform(-2, 24) / 20)
        if rng.random() < self.motion:
            signal = signal + motion(n, rng) * rng.uniform(0.2, 2)
        if rng.random() < self.white:
            signal = signal + rng.normal(0, rng.uniform(0.01, 0.15), n)
        if rng.random() < self.pause:
            signal, beats = _pause(signal, beats, rng)
        if rng.random() < self.narrow:
            width = int(rng.integers(2, 4))
            signal = np.convolve(signal, np.full(width, 1 / width), mode="same")
        return signal * np.exp(rng.normal(0, self.scale)), beats

    def _recorded(self, n: int, rng: Draw) -> Signal:
        """A piece of recorded noise of unit deviation, half of the time under a changing gain."""
        share = np.array([one for _, one in self.recorded])
        noise = self.recorded[int(rng.choice(len(share), p=share / share.sum()))][0]
        row = noise[rng.integers(len(noise))]
        start = int(rng.integers(max(len(row) - n, 1)))
        piece = np.resize(row[start : start + n], n)
        return piece * _line(n, rng.uniform(0, 1.5, 7)) if rng.random() < 0.5 else piece


def motion(n: int, rng: Draw) -> Signal:
    """Noise like that of moving electrodes, shape [n]: steps that decay, and coming and going waves of one band."""
    steps = rng.normal(0, 1, n) * (rng.random(n) < 1 / (3 * FS))
    decay = np.exp(-1 / (rng.uniform(0.05, 0.8) * FS))
    centre = rng.uniform(1, 9)
    low, high = (np.exp(-2 * np.pi * edge * centre / FS) for edge in (0.5, 1.5))
    waves = lfilter([1 - high], [1, -high], rng.normal(0, 1, n))
    waves = waves - lfilter([1 - low], [1, -low], waves)
    gain = _line(n, np.maximum(rng.normal(0, 1, 12), 0))
    return np.asarray(0.7 * lfilter([1], [1, -decay], steps) + 0.5 * waves / max(float(waves.std()), 1e-6) * gain)


def _line(n: int, values: Signal, at: Signal | None = None) -> Signal:
    """Straight lines between values, at even places or at shares of the window."""
    places = np.linspace(0, 1, len(values)) if at is None else at
    return np.asarray(np.interp(np.arange(n), places * (n - 1), values))


def _slow_gain(n: int, rng: Draw) -> Signal:
    gain = _line(n, np.exp(rng.normal(0, 0.5, 6)), np.sort(rng.random(6)))
    if rng.random() < 0.3:
        gain[int(rng.integers(n)) :] *= np.exp(rng.normal(0, 0.7))
    return gain


def _single_gains(n: int, beats: Signal, rng: Draw) -> Signal:
    """1, but other factors under a window over some beats, from 250 ms before to 400 ms after them."""
    gain, length = np.ones(n), round(0.65 * FS)
    window = np.hanning(length)
    for beat in beats[rng.random(len(beats)) < 0.25]:
        start = round((beat - 0.25) * FS)
        first, last = max(start, 0), min(start + length, n)
        if first < last:
            gain[first:last] *= 1 + (np.exp(rng.normal(-0.3, 0.5)) - 1) * window[first - start : last - start]
    return gain


def _pause(signal: Signal, beats: Signal, rng: Draw) -> tuple[Signal, Signal]:
    length = rng.uniform(1, 4)
    start = rng.uniform(0, max(len(signal) / FS - length, 0))
    first, last = round(start * FS), round((start + length) * FS)
    signal = signal.copy()
    signal[first:last] = rng.normal(0, 0.02, len(signal[first:last]))
    return signal, beats[(beats < start - 0.05) | (beats > start + length + 0.05)]
