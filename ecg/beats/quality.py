"""Whether a lead can be used, and which of its beats: invalid, flat or saturated stretches, impossible RR intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

VERSION = 1
"""Raised whenever the same recording would be judged otherwise."""

SHORTEST_RR_S = 0.2
"""QRS complexes cannot follow each other faster: the refractory period of Pan & Tompkins 1985 (IEEE Trans Biomed Eng
32:230, doi 10.1109/TBME.1985.325532)."""
LONGEST_RR_S = 3.0
"""A longer pause is a sign of sinus node disease (ACC/AHA/HRS bradycardia guideline 2018, doi
10.1161/CIR.0000000000000628); in a resting ECG it is far more often a beat that the detector missed."""
FLAT_MV = 0.05
"""A lead that keeps within this range for 99 % of the time shows no QRS complex: low voltage, as cardiologists call it,
begins at ten times as much (0.5 mV in the limb leads)."""
STILL_S = 1.0
"""A converter's noise changes the value within a second; one that does not move for so long is disconnected."""
RAIL_S = 0.2
"""No wave of the ECG rests at the record's extreme value for so long: the amplifier is at its end."""
UNUSABLE_SHARE = 0.5
"""A lead is left out if more of it than this is unusable."""
FEWEST_BEATS = 3
"""Segmentations need the two R peaks after a beat."""

INVALID, FLAT, SATURATED, HIDDEN = "invalid samples", "flat", "saturated", "no ECG visible"
RR_SHORT, RR_LONG = f"RR below {SHORTEST_RR_S:g} s", f"RR above {LONGEST_RR_S:g} s"

Unusable = Mapping[str, npt.NDArray[np.bool_]]


class UnusableError(Exception):
    """Why a recording cannot be used, in a few words that complete "left out: 1 ..."."""


@dataclass(frozen=True)
class Quality:
    """What is wrong with one lead.

    Attributes:
        problem: why the whole lead cannot be used; empty if it can.
        unusable: by reason, shape [time], True where the signal cannot be used.
    """

    problem: str
    unusable: Unusable


def check_lead(signal_mv: npt.NDArray[np.floating], fs: float) -> Quality:
    """Look for invalid, flat and saturated stretches of a lead.

    Args:
        signal_mv: shape [time], mV; NaN where the converter marked a sample as invalid.
        fs: its sampling rate in Hz.
    """
    signal = np.asarray(signal_mv, dtype=np.float64)
    finite = np.isfinite(signal)
    known = signal[finite]
    starts = np.flatnonzero(np.diff(signal, prepend=np.nan) != 0)  # of stretches of one value; NaN is alone
    length = np.diff(starts, append=len(signal))
    extreme = np.isin(signal[starts], (known.min(), known.max())) if len(known) else np.isfinite(signal[starts])
    still = np.repeat(length >= STILL_S * fs, length)
    rail = np.repeat((length >= RAIL_S * fs) & extreme, length)
    unusable = {INVALID: ~finite, SATURATED: rail, FLAT: still & ~rail}
    return Quality(_problem(known, unusable), unusable)


def check_beats(peaks: npt.NDArray[np.int64], unusable: Unusable, fs: float) -> npt.NDArray[np.str_]:
    """Why each beat cannot be used.

    A beat is judged by the RR intervals on both of its sides, and by the signal from the R peak before it to a quarter
    of an interval beyond the one after it, which is what the segmentations look at.

    Args:
        peaks: shape [beat], R peaks in samples, ascending.
        unusable: of the lead, see `Quality`.
        fs: sampling rate in Hz.

    Returns:
        shape [beat], the reason, or an empty string for a beat that can be used.
    """
    reasons = np.full(
        len(peaks), "", dtype=f"<U{max(len(r) for r in (INVALID, FLAT, SATURATED, HIDDEN, RR_SHORT, RR_LONG))}"
    )
    if not len(peaks):
        return reasons
    rr = np.diff(peaks)
    typical = float(np.median(rr)) if len(rr) else fs
    n = len(next(iter(unusable.values())))
    start = np.concatenate([[peaks[0] - typical], peaks[:-1]])
    stop = np.concatenate([peaks[1:] + 0.25 * rr, [peaks[-1] + typical]])
    first, last = np.clip(start, 0, n).astype(np.int64), np.clip(np.ceil(stop), 0, n).astype(np.int64)
    for reason, mask in unusable.items():
        reasons[any_within(mask, first, last) & (reasons == "")] = reason
    for reason, wrong in ((RR_SHORT, rr < SHORTEST_RR_S * fs), (RR_LONG, rr > LONGEST_RR_S * fs)):
        beside = np.append(False, wrong) | np.append(wrong, False)
        reasons[beside & (reasons == "")] = reason
    return reasons


def any_within(
    mask: npt.NDArray[np.bool_], first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether a mask is true anywhere from each `first` to before each `last`, both of shape [beat]."""
    begins, ends = stretches(mask).T
    # the first stretch that ends behind `first` must begin before `last`
    behind = np.searchsorted(ends, first, side="right")
    return np.asarray(np.maximum(np.append(begins, len(mask))[behind], first) < last)


def stretches(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Where a mask is true without a break: first position and the one behind the last, shape [stretch, 2]."""
    return np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)


def too_few(peaks: npt.NDArray[np.int64], seconds: float) -> bool:
    """Whether a lead of `seconds` has fewer R peaks than segmentations need, or than the longest RR interval allows."""
    return len(peaks) < max(FEWEST_BEATS, seconds / LONGEST_RR_S)


def _problem(known: npt.NDArray[np.float64], unusable: Unusable) -> str:
    if len(known) and np.ptp(np.quantile(known, [0.005, 0.995])) < FLAT_MV:
        return FLAT
    share = {reason: float(mask.mean()) if len(mask) else 1.0 for reason, mask in unusable.items()}
    return max(share, key=lambda reason: share[reason]) if sum(share.values()) > UNUSABLE_SHARE else ""
