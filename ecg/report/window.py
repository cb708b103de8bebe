"""Which half minute of a recording is worth looking at."""

from __future__ import annotations

import numpy as np

from ecg.report.style import Floats, Ints


def pick_window(beats_s: Floats, predicted: Ints, target: Ints, duration_s: float, seconds: float = 30.0) -> float:
    """Start, in whole seconds, of the most informative window of a recording.

    It holds many classes (predicted or true), at least one error where there is any, and among equals more errors
    (up to five: a window of nothing but errors shows little) and then more beats of the rarer classes.

    Args:
        beats_s: shape [beat], R peaks in seconds from the recording's start, ascending.
        predicted: shape [beat], predicted class.
        target: shape [beat], true class.
        duration_s: length of the recording in seconds.
        seconds: length of the window.

    Returns:
        Seconds from the recording's start; 0 for a recording without beats or shorter than the window.
    """
    latest = np.floor(duration_s - seconds)
    if len(beats_s) == 0 or latest <= 0:
        return 0.0
    n = int(max(predicted.max(), target.max())) + 1
    starts = np.arange(latest + 1)
    first, last = np.searchsorted(beats_s, starts + 0.5), np.searchsorted(beats_s, starts + seconds - 0.5)
    seen = _within(np.eye(n)[predicted] + np.eye(n)[target], first, last)
    errors = _within((predicted != target)[:, None].astype(float), first, last)[:, 0]
    rare = seen.sum(axis=1) - seen[:, np.bincount(target, minlength=n).argmax()]
    worth = (seen > 0).sum(axis=1) + (errors > 0)
    return float(starts[np.lexsort((-starts, rare, np.minimum(errors, 5), worth))[-1]])


def _within(marks: Floats, first: Ints, last: Ints) -> Floats:
    """Sums of `marks`, shape [beat, column], over the beats first..last-1 of each window: [window, column]."""
    total = np.vstack([np.zeros(marks.shape[1]), marks.cumsum(axis=0)])
    return np.asarray(total[np.maximum(last, first)] - total[first])
