"""R peaks and signal quality of one lead, in pieces, so that a day needs little more memory than an hour."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.quality import FLAT, FLAT_MV, HIDDEN, INVALID, RR_LONG, Unusable, check_beats, check_lead
from ecg.beats.rpeaks import Detector
from ecg.errors import EcgError
from ecg.parallel import side_by_side
from ecg.progress import track
from ecg.recordings.formats import OwnRecording

PIECE_S = 3600.0
"""About how long a piece is (s); a recording of up to one and a half is looked at as a whole."""
MARGIN_S = 30.0
"""Signal before and after a piece that is looked at too (s): the detector's thresholds settle, no run is cut in two."""
LOWEST_FS = 80.0
"""Detectors look at up to 40 Hz."""
SHOWN = 0.01
"""Less than this share of a recording is not worth a note."""
SAME_BEAT_S = 0.1
"""Two pieces may place the beat on their border a little differently; no two beats are so close."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Examined:
    """What a lead looks like.

    Attributes:
        peaks: shape [beat], R peaks in samples, ascending, two or more.
        unusable: by reason, shape [time], True where the signal cannot be used.
        reasons: shape [beat], why the signal around a beat cannot be used, or an empty string.
        detector: what found the R peaks, and of which version.
        faint: whether the lead keeps within the range of a flat one, although it shows R peaks.
    """

    peaks: npt.NDArray[np.int64]
    unusable: Unusable
    reasons: npt.NDArray[np.str_]
    detector: str
    faint: bool = False


def examine(own: OwnRecording, rpeaks: Detector) -> Examined:
    """Find R peaks, and what cannot be used.

    A long pause is no reason against the beats beside it, other than in `check_beats`: in one's own recording it is a
    finding, see `ecg.predict.summary`.

    Args:
        own: the recording.
        rpeaks: finds the R peaks.

    Raises:
        EcgError: the lead is constant or flat, shows fewer than two R peaks, or is sampled too slowly.
    """
    recording, fs = own.recording, own.recording.fs
    lead = f"{recording.record}: lead {recording.leads[0]}"
    if fs < LOWEST_FS:
        raise EcgError(f"{lead} has {fs:g} samples a second; to find R peaks it takes {LOWEST_FS:g} or more")
    if recording.digital.min() == recording.digital.max():
        raise EcgError(f"{lead} is constant over its {recording.seconds:.1f} s: nothing to label")
    missing = np.zeros(recording.n_samples, dtype=np.bool_)
    for start, stop in own.gaps:
        missing[start:stop] = True
    unusable: dict[str, Mask] = {}
    found, problems = [], set()

    def look(piece: tuple[slice, slice]) -> tuple[slice, npt.NDArray[np.int64], str, dict[str, Mask]]:
        outer, inner = piece
        signal = (recording.digital[0, outer] - recording.baseline[0]) / recording.gain[0]
        seen, quality = rpeaks(signal, fs), check_lead(np.where(missing[outer], np.nan, signal), fs)
        peaks, own = outer.start + seen.sample, slice(inner.start - outer.start, inner.stop - outer.start)
        masks = {reason: mask[own] for reason, mask in (*quality.unusable.items(), (HIDDEN, seen.hides(len(signal))))}
        return inner, peaks[(peaks >= inner.start) & (peaks < inner.stop)], quality.problem, masks

    pieces = _pieces(recording.n_samples, fs)
    for inner, peaks, problem, masks in track(side_by_side(look, pieces), "finding R peaks", len(pieces)):
        found.append(peaks)
        problems.add(problem)
        for reason, mask in masks.items():
            unusable.setdefault(reason, np.zeros_like(missing))[inner] = mask
    peaks = np.concatenate(found)
    peaks = peaks[~unusable[INVALID][peaks] & ~unusable[HIDDEN][peaks]]
    peaks = peaks[np.diff(peaks, prepend=-recording.n_samples) > SAME_BEAT_S * fs]
    if len(peaks) < 2:
        many = "no R peak" if not len(peaks) else "one R peak only"
        if problems == {FLAT}:
            raise EcgError(f"{lead} keeps within {FLAT_MV} mV and shows {many}: flat, or disconnected")
        share = float(unusable[HIDDEN].mean())
        why = f": no ECG is visible in {100 * share:.0f} % of it, which looks like noise" if share > SHOWN else ""
        raise EcgError(f"{lead} shows {many} in {recording.seconds:.1f} s{why}; a label needs two or more")
    met = {reason: mask for reason, mask in unusable.items() if mask.any() or reason == INVALID}  # fewer to look at
    reasons = check_beats(peaks, met, fs)
    return Examined(peaks, unusable, np.where(reasons == RR_LONG, "", reasons), rpeaks.name, problems == {FLAT})


def _pieces(n: int, fs: float) -> list[tuple[slice, slice]]:
    """Each piece with its margins, and without."""
    count = max(round(n / (PIECE_S * fs)), 1)
    edges = np.linspace(0, n, count + 1).astype(int).tolist()
    margin = round(MARGIN_S * fs)
    pairs = itertools.pairwise(edges)
    return [(slice(max(start - margin, 0), min(stop + margin, n)), slice(start, stop)) for start, stop in pairs]
