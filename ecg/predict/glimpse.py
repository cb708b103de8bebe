"""Ten seconds of a recording that tell the most, small enough for a table's row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from ecg.page.numbers import duration
from ecg.predict.attention import reasons
from ecg.predict.labelled import Labelled
from ecg.report.style import class_colours

SECONDS = 10.0
WIDTH, HEIGHT, TOP = 240, 56, 12
"""In CSS pixels; the beats' marks are above the trace, which begins at `TOP`."""
LEAST_MV = 0.5
"""A trace of less is not drawn as high as the row: noise would look like an ECG."""
_SVG = Markup(
    '<svg class="glimpse" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
    'aria-label="{label}"><title>{label}</title><path d="{trace}"/>{marks}</svg>'
)
_MARK = Markup('<path d="{path}" style="stroke:{colour};stroke-width:3"/>')


def glimpse(labelled: Labelled, said: Mapping[str, Any]) -> dict[str, Any]:
    """The stretch to be shown, for the summary.

    Args:
        labelled: the recording's beats.
        said: its summary.

    Returns:
        `start_s`; `at_s`, the time that it is shown for; `what` is there; `trace`, an SVG path; and `beats`, an SVG
        path of the marks of each class.
    """
    recording = labelled.recording
    what, at = _telling(labelled, said)
    start = min(max(at - SECONDS / 2, 0.0), max(recording.seconds - SECONDS, 0.0))
    first, last = round(start * recording.fs), round((start + SECONDS) * recording.fs)
    digital = recording.digital[0, first:last]
    signal = (digital - recording.baseline[0]) / recording.gain[0]
    missing = np.zeros(len(signal), dtype=np.bool_)
    for one, other in labelled.own.gaps - first:
        missing[max(one, 0) : max(other, 0)] = True
    inside = (labelled.seconds >= start) & (labelled.seconds < start + SECONDS)
    place = np.rint((labelled.seconds - start) / SECONDS * WIDTH).astype(int)
    beats = {
        name: "".join(f"M{x} 0v8" for x in place[inside & (labelled.names == name)].tolist())
        for name in sorted(set(labelled.names[inside].tolist()) - {"-"})
    }
    trace = _trace(np.where(missing, np.nan, signal), recording.fs)
    return {"start_s": round(start, 2), "at_s": round(at, 2), "what": what, "trace": trace, "beats": beats}


def drawing(found: Mapping[str, Any], classes: Sequence[str]) -> Markup:
    """The stretch as an SVG element.

    Args:
        found: of `glimpse`.
        classes: of the weights, for their colours.
    """
    colours = class_colours(classes)
    label = f"{found['what']}, {SECONDS:g} s from {duration(found['start_s'])} on"
    of = [(path, colours[name]) for name, path in found["beats"].items() if name in colours]
    marks = Markup("").join(_MARK.format(path=path, colour=colour) for path, colour in of)
    return _SVG.format(width=WIDTH, height=HEIGHT, label=label, trace=found["trace"], marks=marks)


def _telling(labelled: Labelled, said: Mapping[str, Any]) -> tuple[str, float]:
    """What to show, and where: the weightiest reason, else the surest beat of the rarest class, else the middle."""
    for reason in reasons(said):
        if reason.at_s is not None:
            return reason.text, float(reason.at_s)
    counts = {name: labelled.count(name) for name in labelled.classes}
    rarest = min((name for name, n in counts.items() if n), key=lambda name: counts[name])
    if counts[rarest] == max(counts.values()):
        return "the middle", labelled.recording.seconds / 2
    sure = np.where(labelled.names == rarest, labelled.confidence, -1.0)
    return f"a beat {rarest}", float(labelled.seconds[np.nanargmax(sure)])


def _trace(signal: npt.NDArray[np.floating], fs: float) -> str:
    """Lowest and highest value of each column of pixels as an SVG path; nothing where the signal is missing."""
    if not np.isfinite(signal).any():
        return ""
    low, high = float(np.nanmin(signal)), float(np.nanmax(signal))
    scale, middle = (HEIGHT - TOP - 2) / max(high - low, LEAST_MV), (low + high) / 2
    rows = (HEIGHT + TOP) / 2 - (signal - middle) * scale
    edges = np.rint(np.arange(WIDTH + 1) / WIDTH * SECONDS * fs).astype(int)
    path, at, y = list[str](), -1, 0
    for x, (first, last) in enumerate(pairwise(edges.tolist())):
        column = rows[first : max(last, first + 1)]
        if not len(column) or not np.isfinite(column).all():
            continue
        ends = sorted({round(float(column.min())), round(float(column.max()))}, key=lambda end: abs(end - y))
        path.append(f"h{x - at}" if path and x == at + 1 else f"M{x} {(y := ends[0])}h0")
        for end in ends:
            path.append(f"v{end - y}" if end != y else "")
            y = end
        at = x
    return "".join(path)
