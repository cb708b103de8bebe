"""R peaks by the network that comes with ecg, or by one that `python train.py experiment=rpeaks` trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from ecg.beats.resampling import resample
from ecg.beats.rpeaks import signal as seen
from ecg.beats.rpeaks.found import RPeaks
from ecg.beats.rpeaks.visible import STEP_S, invisible
from ecg.errors import EcgError

if TYPE_CHECKING:
    from ecg.beats.rpeaks.network import RPeakNet

THRESHOLD = 0.5
APART_S = 0.2
"""No two QRS complexes are nearer: the refractory period, as in `ecg.beats.quality`."""
SNAP_S = 0.04
"""How far the highest point of a QRS complex is looked for around what the network says."""
CHUNK_S = 240.0
"""How much the network sees at once: shorter pieces cost more in their margins, longer ones are no faster."""

Probability = npt.NDArray[np.float32]


class Learnt:
    """A trained network as a detector.

    Args:
        path: its weights file; see `ecg.beats.rpeaks.weights`.
        digest: SHA-256 that the file must have; None: any.
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self.path, self.digest = path, digest

    @cached_property
    def _net(self) -> RPeakNet:
        from ecg.beats.rpeaks.network import fused
        from ecg.beats.rpeaks.weights import load_rpeak_net
        from ecg.recordings.checksum import sha256

        if self.digest is not None and (not self.path.is_file() or sha256(self.path) != self.digest):
            raise EcgError(f"{self.path}, which comes with ecg, is missing or damaged; install ecg again")
        return fused(load_rpeak_net(self.path))

    def load(self) -> Learnt:
        """Read the weights now, so that a file without a detector is told of before any recording is read.

        Raises:
            EcgError: missing, damaged, or no detector's weights.
        """
        _ = self._net
        return self

    @cached_property
    def name(self) -> str:
        """`learnt` and the beginning of the weights' digest."""
        from ecg.recordings.checksum import sha256

        if not self.path.is_file():
            raise EcgError(f"{self.path} does not exist, so no R peaks can be found with it")
        return f"learnt {sha256(self.path)[:8]}"

    def __call__(self, signal: npt.NDArray[np.floating], fs: float) -> RPeaks:
        """R peaks of one lead, each at the highest point of its QRS complex, in the signal's own samples.

        Args:
            signal: shape [time], of any unit and polarity, finite.
            fs: its sampling rate in Hz.
        """
        values = np.asarray(signal, dtype=np.float64)
        if not len(values) or np.ptp(values) == 0:
            return RPeaks.at(())
        probability = self.probability(values, fs)
        seconds, certainty = peaks_of(probability)
        hidden = np.rint(invisible(probability, seconds, certainty) * fs).astype(np.int64)
        return replace(snapped(values, fs, seconds, certainty), hidden=np.minimum(hidden, len(values)))

    def probability(self, signal: npt.NDArray[np.floating], fs: float) -> Probability:
        """How likely a QRS complex sits at each 20 ms, shape [seconds * 50]."""
        return probability_of(self._net, seen.prepared(signal, fs))


def probability_of(net: RPeakNet, prepared: npt.NDArray[np.float32]) -> Probability:
    """The network's values for a lead of any length, shape [time / 2], rounded up.

    Args:
        net: in eval mode.
        prepared: shape [time], of `ecg.beats.rpeaks.signal.prepared`.
    """
    import torch

    made = np.zeros(-(-len(prepared) // 2), dtype=np.float32)
    with torch.inference_mode():
        for outer, inner in _chunks(len(prepared)):
            given = prepared[outer]
            given = np.pad(given, (0, -len(given) % 4))
            found = torch.sigmoid(net(torch.from_numpy(given)[None]))[0].numpy()
            first = (inner.start - outer.start) // 2
            made[inner.start // 2 : -(-inner.stop // 2)] = found[first : first + (-(-(inner.stop - inner.start) // 2))]
    return made


def _chunks(n: int) -> Iterator[tuple[slice, slice]]:
    """Each chunk with its margins, and without; both begin at multiples of 4."""
    from ecg.beats.rpeaks.network import MARGIN_S

    length, margin = round(CHUNK_S * seen.FS), round(MARGIN_S * seen.FS)
    for start in range(0, n, length):
        stop = min(start + length, n)
        yield slice(max(start - margin, 0), min(stop + margin, n)), slice(start, stop)


def peaks_of(probability: Probability, threshold: float = THRESHOLD) -> tuple[npt.NDArray[np.float64], Probability]:
    """Times of the peaks in s, and their heights.

    Args:
        probability: shape [time], each 20 ms.
        threshold: least height.
    """
    padded = np.pad(probability.astype(np.float64), 1)
    place, _ = find_peaks(padded, height=threshold, distance=round(APART_S / STEP_S))
    before, at, after = padded[place - 1], padded[place], padded[place + 1]
    bend = before - 2 * at + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0.0)
    seconds = np.maximum((place - 1 + np.clip(shift, -0.5, 0.5)) * STEP_S, 0.0)
    return seconds, at.astype(np.float32)


def snapped(
    signal: npt.NDArray[np.float64], fs: float, seconds: npt.NDArray[np.float64], height: Probability
) -> RPeaks:
    """The largest deflection from the baseline near each time, in the signal's own samples; equal places are one beat.

    Args:
        signal: shape [time].
        fs: its sampling rate in Hz.
        seconds: shape [beat], ascending.
        height: shape [beat], the certainty of each.
    """
    if not len(seconds):
        return RPeaks.at(())
    reach = np.arange(-round(SNAP_S * fs), round(SNAP_S * fs) + 1)
    near = np.clip(np.rint(seconds * fs).astype(np.int64)[:, None] + reach, 0, len(signal) - 1)
    drift = seen.baseline(resample(signal, fs, seen.FS))
    level = np.interp(seconds, np.arange(len(drift)) / seen.FS, drift)
    place = near[np.arange(len(near)), np.abs(signal[near] - level[:, None]).argmax(axis=1)]
    sample, first = np.unique(place, return_index=True)
    return RPeaks(sample.astype(np.int64), height[first])
