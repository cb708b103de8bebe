"""One recording in a page of JSON: counts, rates, quality, and what the labels are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

import ecg
from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.quality import stretches
from ecg.predict.labelled import Labelled
from ecg.predict.trust import NO_DIAGNOSIS, Trust

LOW_CONFIDENCE = 0.6
"""A label whose probability is below this is counted as one of low confidence."""
RATE_BEATS = 10
"""Lowest and highest heart rate are over this many RR intervals in a row."""
PAUSE_S = 2.0
"""RR intervals above this are listed as pauses: 2 to 3 s is what Holter reports commonly count from."""
ECTOPIC = ("V", "S")
"""Classes whose runs are counted."""


def summary(
    labelled: Labelled, trust: Trust, scores: Mapping[str, float] | None, notes: tuple[str, ...]
) -> dict[str, object]:
    """Everything that `<record>.json` holds.

    Args:
        labelled: the recording's beats.
        trust: of the weights.
        scores: against the reference annotations, where there are any.
        notes: what a reader must be told of this recording.
    """
    recording = labelled.recording
    return {
        "record": recording.record,
        "no_diagnosis": NO_DIAGNOSIS,
        "simulated": recording.simulated,
        "notes": list(notes),
        "signal": _signal(labelled),
        "r_peaks": {"count": len(labelled), "detector": labelled.examined.detector},
        "beats": _beats(labelled),
        "runs": {name: runs(labelled, name) for name in ECTOPIC if name in labelled.classes},
        "heart_rate": heart_rate(labelled),
        **_fibrillation(labelled),
        **_whole_record(labelled),
        "scores": dict(scores) if scores is not None else None,
        "weights": trust.described(),
        "ecg": ecg.__version__,
    }


def _signal(labelled: Labelled) -> dict[str, object]:
    own, fs = labelled.own, labelled.recording.fs
    return {
        "lead": own.recording.leads[0],
        "leads": list(own.leads),
        "fs": fs,
        "seconds": round(own.recording.seconds, 3),
        "gaps_s": [[round(start / fs, 3), round(stop / fs, 3)] for start, stop in own.gaps.tolist()],
        "unusable_share": {reason: float(mask.mean()) for reason, mask in labelled.examined.unusable.items()},
    }


def _beats(labelled: Labelled) -> dict[str, object]:
    has = labelled.label >= 0
    confidence = labelled.confidence[has]
    low = confidence < LOW_CONFIDENCE
    return {
        "labelled": int(has.sum()),
        "not_labelled": dict(sorted(Counter(labelled.reason[~has].tolist()).items())),
        "counts": {name: labelled.count(name) for name in labelled.classes},
        "low_confidence": {"below": LOW_CONFIDENCE, "share": float(low.mean()), "count": int(low.sum())},
        "mean_confidence": float(confidence.mean()),
    }


def runs(labelled: Labelled, name: str) -> dict[str, int | float | None]:
    """Single beats, pairs, and runs of three and more beats of one class, with no other R peak between them.

    Of the longest of all, the time of its first beat in s; None without such a beat.
    """
    found = stretches(labelled.names == name)
    length = np.diff(found, axis=1)[:, 0]
    return {
        "single": int((length == 1).sum()),
        "pairs": int((length == 2).sum()),
        "runs": int((length >= 3).sum()),
        "longest": int(length.max(initial=0)),
        "longest_at_s": round(float(labelled.seconds[found[length.argmax(), 0]]), 2) if len(found) else None,
    }


def heart_rate(labelled: Labelled) -> dict[str, object]:
    """Rates in beats per minute from RR intervals, and pauses; intervals across missing signal are left out.

    The rate of a minute of the recording is None without an RR interval in it. `longest_at_s` is the middle of the
    longest RR interval.
    """
    known = np.isfinite(labelled.rr_s)
    rr = labelled.rr_s[known]
    if not len(rr):
        unknown = dict.fromkeys(("mean", "lowest", "highest"))
        return {**unknown, "per_minute": [], "pauses": {"above_s": PAUSE_S, "count": 0}}
    minute = (labelled.seconds[known] // 60).astype(np.int64)
    of_minute = zip(np.bincount(minute).tolist(), np.bincount(minute, weights=rr).tolist(), strict=True)
    over, longest = min(RATE_BEATS, len(rr)), int(rr.argmax())
    mean = np.convolve(rr, np.full(over, 1 / over), mode="valid")
    return {
        "mean": 60 / float(rr.mean()),
        "lowest": 60 / float(mean.max()),
        "highest": 60 / float(mean.min()),
        "over_intervals": over,
        "per_minute": [round(60 * n / total, 1) if n else None for n, total in of_minute],
        "pauses": {
            "above_s": PAUSE_S,
            "count": int((rr > PAUSE_S).sum()),
            "longest_s": float(rr[longest]),
            "longest_at_s": round(float(labelled.seconds[known][longest] - rr[longest] / 2), 2),
        },
    }


def _fibrillation(labelled: Labelled) -> dict[str, object]:
    """Stretches of atrial fibrillation or flutter, where the weights look for them."""
    if labelled.fibrillation is None:
        return {}
    at = labelled.fibrillation / labelled.recording.fs
    share = float((at[:, 1] - at[:, 0]).sum() / labelled.recording.seconds)
    return {"atrial_fibrillation": {"stretches_s": at.round(2).tolist(), "share_of_time": share}}


def _whole_record(labelled: Labelled) -> dict[str, object]:
    """For a task about the person, as infarction is, and not about single beats: the mean probability over all."""
    if set(labelled.classes) & set(AAMI_CLASSES):
        return {}
    mean = np.nanmean(labelled.probability, axis=0)
    return {"whole_record": dict(zip(labelled.classes, mean.tolist(), strict=True))}
