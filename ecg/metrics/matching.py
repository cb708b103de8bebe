"""Which detected beat is which annotated beat: one-to-one matching in time, as in PhysioNet's `bxb`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import FloatArray, IntArray

MATCH_WINDOW_S = 0.15  # ANSI/AAMI EC57, and the default of bxb


@dataclass(frozen=True)
class Match:
    """Beats of a reference and a test list, paired.

    Attributes:
        pairs: indices into reference and test list, shape [pair, 2], in time order.
        missed: indices of reference beats without a partner.
        extra: indices of test beats without a partner.
    """

    pairs: IntArray
    missed: IntArray
    extra: IntArray


def match_beats(
    reference_samples: npt.ArrayLike, test_samples: npt.ArrayLike, fs: float, window_s: float = MATCH_WINDOW_S
) -> Match:
    """Pair beats that lie at most `window_s` apart, each with one partner at most.

    The rule of bxb.c (G. Moody, WFDB applications, revision of 24 November 2002): walk through both lists in time; the
    earlier of the two current beats pairs with the other one if that is within the window and not matched better by
    the beat that follows, or if that following beat has a closer partner of its own; else it stays alone. Only
    the window differs by a hair: bxb rounds it to whole samples (at 250 Hz to 152 ms). Takes 0.1 s for 100,000 beats.

    Args:
        reference_samples: annotated positions in samples, in time order, shape [beat].
        test_samples: detected positions in samples, in time order, shape [beat].
        fs: sampling rate of both, in Hz.
        window_s: largest distance of a pair in seconds, itself included.

    Raises:
        ValueError: positions that are not in time order, or a rate or window that is not positive.

    Example:
        Of three beats the first is found 10 samples late, the second is missed, and a fourth is made up:

        >>> found = match_beats([100, 460, 820], [110, 820, 1000], fs=360)
        >>> found.pairs.tolist(), found.missed.tolist(), found.extra.tolist()
        ([[0, 0], [2, 1]], [1], [2])
    """
    if not (fs > 0 and window_s > 0):
        raise ValueError(f"fs {fs} Hz and window {window_s} s must be positive")
    # Two ends of time each: a current and a following beat always exist.
    reference = [*_in_order(reference_samples, "reference_samples").tolist(), math.inf, math.inf]
    test = [*_in_order(test_samples, "test_samples").tolist(), math.inf, math.inf]
    window = window_s * fs * (1 + 1e-9)  # exactly 150 ms is a match, whatever the rounding of the product
    pairs, missed, extra = [], [], []
    i, j = 0, 0
    while i < len(reference) - 2 or j < len(test) - 2:
        distance = abs(reference[i] - test[j])
        rival = abs(reference[i] - test[j + 1]) if test[j] < reference[i] else abs(test[j] - reference[i + 1])
        if distance <= window and (distance < rival or abs(reference[i + 1] - test[j + 1]) < rival):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif test[j] < reference[i]:
            extra.append(j)
            j += 1
        else:
            missed.append(i)
            i += 1
    return Match(np.array(pairs, np.int64).reshape(-1, 2), np.array(missed, np.int64), np.array(extra, np.int64))


def _in_order(samples: npt.ArrayLike, what: str) -> FloatArray:
    array = np.asarray(samples, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all() or (np.diff(array) < 0).any():
        raise ValueError(f"{what}: expected finite positions in time order, shape [beat], got shape {array.shape}")
    return array


def detection_scores(
    reference_samples: npt.ArrayLike, test_samples: npt.ArrayLike, fs: float, skip_s: float = 0.0
) -> dict[str, float]:
    """How well a detector finds the beats of one recording.

    Args:
        reference_samples: annotated positions in samples, in time order, shape [beat].
        test_samples: detected positions in samples, in time order, shape [beat].
        fs: sampling rate of both, in Hz.
        skip_s: beats before this time (s) are matched but not counted; 300 is EC57's learning period. A pair counts
            by the time of its reference beat.

    Returns:
        `se` and `ppv`, with 0/0 = 0.0, and the counts `matched`, `missed`, `extra`.

    Raises:
        ValueError: as `match_beats`.
    """
    match = match_beats(reference_samples, test_samples, fs)
    reference, test = np.asarray(reference_samples, dtype=np.float64), np.asarray(test_samples, dtype=np.float64)
    beats = {"matched": reference[match.pairs[:, 0]], "missed": reference[match.missed], "extra": test[match.extra]}
    counts = {name: float((samples >= skip_s * fs).sum()) for name, samples in beats.items()}
    matched = counts["matched"]
    return {
        "se": matched / max(matched + counts["missed"], 1),
        "ppv": matched / max(matched + counts["extra"], 1),
        **counts,
    }
