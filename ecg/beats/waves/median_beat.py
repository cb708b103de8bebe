"""The median beat of a recording: aligned beats that are alike, in mV above the PR level, with its QRS borders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from ecg.beats.peaks import Index
from ecg.beats.quality import UnusableError
from ecg.beats.waves.finding import find_qrs

FS = 500.0
"""Recordings are measured at this rate, that of PTB-XL and LUDB, in Hz."""
HIGH_PASS_HZ, LOW_PASS_HZ = 0.3, 40.0
BEFORE_S, AFTER_S = 0.3, 0.65
"""Reach of the median beat around the middle of the QRS complex."""
CORE_S = 0.15
"""The part that beats are aligned and compared by, to each side."""
MOVE_S, ROUNDS = 0.04, 3
ALIKE = 0.05
"""A beat counts if it is not less like the median beat than the recording's usual beat, by so much of correlation."""
LEAST_ALIKE = 0.6
"""The usual beat's correlation with the median beat: 0.83 or more in 571 records of PTB-XL and PTB, even of lead II
alone; 0.56 at most where noise was taken for beats."""
FEWEST = 3
SLOPE_S, QUIET_S = 0.010, 0.012
ONSET_SHARE, J_SHARE = 0.05, 0.06
BEYOND_S = 0.006
"""The slope has fallen some way inside of where cardiologists see the QRS complex end."""
PR_S = (0.028, 0.006)
"""The level of the PR segment is the median from so long to so long before the QRS onset."""
MOVED_S = 0.006
"""Spread of a border that is moved by chance: the only one that was tried (experiments/infarction)."""
NO_FURTHER_S, T_ROOM_S = 0.010, 0.120
"""A border stays so far from the middle and from the first sample, and the J point so far from the last."""

Wave = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MedianBeat:
    """The typical beat of a recording.

    Attributes:
        beat: shape [lead, sample], mV above the PR level, at 500 Hz.
        middle: sample that the beats are aligned at, in the middle of the QRS complex.
        onset: first sample of the QRS complex.
        j: J point, the first sample behind it.
        rr_s: median RR interval in s.
        place: shape [beat], where in the recording the middles of the beats that count are, in samples at 500 Hz.
        found: number of beats in the recording.
    """

    beat: Wave
    middle: int
    onset: int
    j: int
    rr_s: float
    place: Index
    found: int


def median_beat(signal: Wave, voting: npt.NDArray[np.intp] | slice = slice(None)) -> MedianBeat:
    """Find a recording's beats over all leads and take the median of those that are alike.

    Args:
        signal: shape [lead, time], mV at 500 Hz.
        voting: leads that beats are found in; those that follow from others need not vote.

    Raises:
        UnusableError: fewer than three beats, or beats that are not alike.
    """
    clean = filtered(signal)
    found = find_qrs(clean[voting], FS)
    before, after = round(BEFORE_S * FS), round(AFTER_S * FS)
    if len(found) < FEWEST:
        raise UnusableError(f"fewer than {FEWEST} beats")
    rr = float(np.median(np.diff(found))) / FS
    place = _aligned(clean, found)
    place = place[(place >= before) & (place + after <= clean.shape[1])]
    if len(place) < FEWEST:
        raise UnusableError(f"fewer than {FEWEST} whole beats")
    beats = np.stack([clean[:, at - before : at + after] for at in place])
    core = slice(before - round(CORE_S * FS), before + round(CORE_S * FS))
    alike = _correlations(beats[:, :, core], np.median(beats, axis=0)[:, core])
    kept = alike >= np.median(alike) - ALIKE
    if kept.sum() < FEWEST or np.median(alike) < LEAST_ALIKE:
        raise UnusableError("no beats that are alike")
    typical = np.median(beats[kept], axis=0)
    onset, j = _borders(typical, before)
    return MedianBeat(_above_pr(typical, onset), before, onset, j, rr, place[kept], len(found))


def moved(found: MedianBeat, rng: np.random.Generator) -> MedianBeat:
    """The same beat with QRS onset and J point moved by chance, independently, and the PR level taken anew."""
    by = np.rint(rng.normal(0.0, MOVED_S * FS, 2)).astype(int)
    room, end = round(NO_FURTHER_S * FS), found.beat.shape[1] - round(T_ROOM_S * FS)
    onset = int(np.clip(found.onset + by[0], room, found.middle - room))
    j = int(np.clip(found.j + by[1], found.middle + room, end))
    return replace(found, beat=_above_pr(found.beat, onset), onset=onset, j=j)


def _above_pr(beat: Wave, onset: int) -> Wave:
    first, last = (round(s * FS) for s in PR_S)
    level = np.median(beat[:, max(onset - first, 0) : max(onset - last, 1)], axis=1)
    return beat - level[:, None]


def filtered(signal: Wave) -> Wave:
    """Without baseline wander and without mains and muscle, nothing moved in time; shape [lead, time]."""
    high = butter(1, HIGH_PASS_HZ, "highpass", fs=FS, output="sos")
    low = butter(3, LOW_PASS_HZ, "lowpass", fs=FS, output="sos")
    reach = min(signal.shape[1] - 1, round(2 * FS))
    steady = sosfiltfilt(high, signal, axis=1, padlen=reach)
    return np.asarray(sosfiltfilt(low, steady, axis=1, padlen=reach))


def _aligned(clean: Wave, found: Index) -> Index:
    """The beats moved by up to 40 ms to where they are most like the median beat, over all leads."""
    core, reach = round(CORE_S * FS), round(MOVE_S * FS)
    inside = (found >= core + 2 * reach) & (found + core + 2 * reach < clean.shape[1])
    place, origin = found[inside].copy(), found[inside]
    if len(place) < FEWEST:
        return np.asarray(place)
    moves = np.arange(-reach, reach + 1)
    for _ in range(ROUNDS):
        typical = np.median([clean[:, at - core : at + core] for at in place], axis=0)
        for i, at in enumerate(origin):
            windows = np.stack([clean[:, at + m - core : at + m + core] for m in moves])
            place[i] = at + moves[_correlations(windows, typical).argmax()]
    return _centred(clean, place)


def _centred(clean: Wave, place: Index) -> Index:
    """All moved alike, so that the middle of the median beat's slopes is the beats' place."""
    core, reach = round(CORE_S * FS), round(MOVE_S * FS)
    steep = np.square(np.diff(np.median([clean[:, at - core : at + core] for at in place], axis=0), axis=1)).sum(axis=0)
    middle = float((steep * np.arange(len(steep))).sum() / max(steep.sum(), 1e-12)) + 0.5
    return np.asarray(place + int(np.clip(round(middle) - core, -reach, reach)))


def _correlations(beats: Wave, typical: Wave) -> Wave:
    """Of each of [beat, lead, sample] with [lead, sample], over all leads in one."""
    a = beats - beats.mean(axis=2, keepdims=True)
    b = typical - typical.mean(axis=1, keepdims=True)
    norm = np.sqrt(np.square(a).sum(axis=(1, 2)) * np.square(b).sum())
    return np.asarray((a * b).sum(axis=(1, 2)) / np.maximum(norm, 1e-12))


def _borders(typical: Wave, middle: int) -> tuple[int, int]:
    """QRS onset and J point: where the slope over all leads falls near its quiet level, and stays there for 12 ms."""
    slope = np.sqrt(np.square(np.gradient(typical, axis=1)).mean(axis=0))
    slope = uniform_filter1d(slope, round(SLOPE_S * FS))
    near = slice(middle - round(0.08 * FS), middle + round(0.08 * FS))
    peak = near.start + int(slope[near].argmax())
    before = slope[max(middle - round(0.2 * FS), 0) : middle - round(0.05 * FS)]
    after = slope[middle + round(0.08 * FS) : middle + round(0.3 * FS)]
    height, run, beyond = slope[peak], round(QUIET_S * FS), round(BEYOND_S * FS)
    onset = _falls(slope[: peak + 1][::-1], _limit(before, height, ONSET_SHARE), run, round(0.12 * FS))
    end = _falls(slope[peak:], _limit(after, height, J_SHARE), run, round(0.16 * FS))
    return max(peak - onset - beyond, 0), min(peak + end + beyond, typical.shape[1] - 1)


def _limit(quiet: Wave, height: float, share: float) -> float:
    return float(np.quantile(quiet, 0.1)) + share * height


def _falls(slope: Wave, limit: float, run: int, furthest: int) -> int:
    """First sample from which on the slope stays below a limit for `run` samples; `furthest` where there is none."""
    low = np.convolve(slope < limit, np.ones(run), mode="valid") >= run
    found = np.flatnonzero(low[: furthest + 1])
    return int(found[0]) if len(found) else furthest
