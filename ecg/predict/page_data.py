"""What the script of a recording's page works on, to be written as one JSON object."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.predict.labelled import Labelled
from ecg.predict.strip import STEP_MV, Strip
from ecg.predict.summary import LOW_CONFIDENCE
from ecg.report.style import class_colours

UNLABELLED_COLOUR = "#8A8A8A"


@dataclass(frozen=True)
class Reference:
    """Reference annotations as a page shows them.

    Attributes:
        of_beat: shape [beat], AAMI name for each R peak found, `-` where the reference has none there.
        missed_s: shape [missed], times of reference beats that were not found, in s.
        missed: shape [missed], their AAMI names.
    """

    of_beat: npt.NDArray[np.str_]
    missed_s: npt.NDArray[np.float64]
    missed: npt.NDArray[np.str_]


def page_data(labelled: Labelled, strip: Strip, reference: Reference | None) -> dict[str, object]:
    """The recording as the page's script reads it.

    Numbers of many beats are base64 of little-endian arrays: time in 0.1 ms (uint32), RR before it in ms (uint16, 0 for
    unknown), label, reason and reference (uint8), probability in 1/65535, rounded down (uint16, [beat, class]).
    """
    fs = labelled.recording.fs
    reasons = sorted(set(labelled.reason.tolist()))
    names = [*labelled.classes, "-"]
    colours = {**class_colours(labelled.classes), "-": UNLABELLED_COLOUR}
    rr = np.nan_to_num(labelled.rr_s, nan=0.0) * 1000
    content: dict[str, object] = {
        "classes": names,
        "colours": [colours[name] for name in names],
        "seconds": labelled.recording.seconds,
        "lead": labelled.recording.leads[0],
        "low": LOW_CONFIDENCE,
        "fs": strip.fs,
        "step": STEP_MV,
        "range": [strip.low, strip.high],
        "stretches": strip.stretches.tolist(),
        "strip": strip.code,
        "bad": _bad(labelled),
        "gaps": (labelled.own.gaps / fs).round(3).tolist(),
        "reasons": reasons,
        "beats": {
            "time": _code(np.rint(labelled.seconds * 1e4), "<u4"),
            "rr": _code(np.clip(np.rint(rr), 0, 65535), "<u2"),
            "label": _code(np.where(labelled.label < 0, len(labelled.classes), labelled.label), "u1"),
            "reason": _code(np.searchsorted(reasons, labelled.reason), "u1"),
            "probability": _code(np.floor(np.nan_to_num(labelled.probability, nan=0.0) * 65535.0), "<u2"),
        },
    }
    if reference is not None:
        kinds = sorted({*reference.of_beat.tolist(), *reference.missed.tolist(), "-"})
        content["reference"] = {
            "kinds": kinds,
            "of": _code(np.searchsorted(kinds, reference.of_beat), "u1"),
            "missed": _code(np.rint(reference.missed_s * 1e4), "<u4"),
            "missedKind": _code(np.searchsorted(kinds, reference.missed), "u1"),
        }
    return content


def _bad(labelled: Labelled) -> list[list[object]]:
    """Stretches that cannot be used: start and end in s, and why."""
    out: list[list[object]] = []
    fs = labelled.recording.fs
    for reason, mask in labelled.examined.unusable.items():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))).reshape(-1, 2)
        out += [[round(a / fs, 3), round(b / fs, 3), reason] for a, b in edges.tolist()]
    return out


def _code(values: npt.NDArray[np.generic], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()
