"""Rhythms that a recording's annotations mark: from which beat to which one there is fibrillation, say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.recordings.recording import Annotations

FIBRILLATION = ("AFIB", "AFL")
"""Atrial fibrillation and flutter, as WFDB's notes call them."""


def rhythms_at(marks: Annotations, sample: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """The rhythm at each of these samples, e.g. `N`, `AFIB`; empty before the first that is marked.

    Args:
        marks: whose notes `(AFIB` say where a rhythm begins.
        sample: shape [beat], in samples of the same recording.

    Returns:
        shape [beat].
    """
    notes = np.full(len(marks), "") if marks.note is None else marks.note
    begins = np.flatnonzero(np.char.startswith(notes, "("))
    names = np.array(["", *(str(notes[i])[1:] for i in begins)])
    return names[np.searchsorted(marks.sample[begins], sample, side="right")]


def fibrillation_intervals(marks: Annotations, end: int) -> npt.NDArray[np.int64] | None:
    """Where atrial fibrillation or flutter is marked, shape [episode, 2] in samples; None where no rhythm is marked.

    Args:
        marks: whose notes say where a rhythm begins.
        end: length of the recording in samples.
    """
    notes = np.full(len(marks), "") if marks.note is None else marks.note
    begins = np.flatnonzero(np.char.startswith(notes, "("))
    if not len(begins):
        return None
    names, edge = np.char.lstrip(notes[begins], "("), np.append(marks.sample[begins], max(end, marks.sample[-1] + 1))
    inside = np.concatenate([[False], np.isin(names, FIBRILLATION), [False]])
    first, last = np.flatnonzero(inside[1:] & ~inside[:-1]), np.flatnonzero(inside[:-1] & ~inside[1:])
    return np.stack([edge[first], edge[last]], axis=1).astype(np.int64)


def flutter_intervals(marks: Annotations, end: int) -> npt.NDArray[np.int64]:
    """Ventricular flutter or fibrillation, `[` to `]`, where no beats are marked; shape [episode, 2] in samples.

    Args:
        marks: of one record.
        end: where an episode without `]` ends.
    """
    starts = marks.sample[marks.symbol == "["]
    stops = marks.sample[marks.symbol == "]"]
    after = np.append(stops, end)[np.searchsorted(stops, starts, side="right")]
    return np.stack([starts, after], axis=1).astype(np.int64)
