"""What any model must beat: the majority class, and one nearest neighbour on the beat's own samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.metrics.confusion import FloatArray, IntArray

MAJORITY, NEAREST = "majority", "nearest"
NAMES = {MAJORITY: "majority class", NEAREST: "nearest neighbour"}
"""Every baseline by the name that its keys have in metrics.json, with the name that people read."""
_BLOCK = 512  # test beats compared at once with all training beats


PER_PATIENT = "subject/auroc"
"""The one score that a patient's age and trees on wave measurements have too."""


def control_keys(score: str) -> dict[str, str]:
    """Where metrics.json has a score of what needs no network, by the name that people read."""
    keys = {name: f"baseline/{who}/{score}" for who, name in NAMES.items()}
    if score == PER_PATIENT:
        from ecg.metrics.diagnosis import MODEL, SCORERS  # pandas loads: the table of a sweep's jobs does without

        keys |= {name: f"diagnosis/{who}/auroc" for who, name in SCORERS.items() if who != MODEL}
    return keys


def baseline_probabilities(
    train_x: npt.NDArray[np.float32], train_y: IntArray, test_x: npt.NDArray[np.float32], n_classes: int
) -> dict[str, FloatArray]:
    """Class probabilities of every baseline for the test beats.

    Args:
        train_x: training beats, shape [beat, channel, sample].
        train_y: their class indices, shape [beat].
        test_x: test beats, shape [beat, channel, sample].
        n_classes: number of the task's classes.

    Returns:
        By baseline, shape [test beat, class]: `majority` gives each beat the classes' shares of the training beats,
        `nearest` is sure of the class of the nearest training beat.
    """
    share = np.bincount(train_y, minlength=n_classes) / len(train_y)
    neighbour = train_y[nearest(train_x.reshape(len(train_x), -1), test_x.reshape(len(test_x), -1))]
    return {MAJORITY: np.tile(share, (len(test_x), 1)), NEAREST: np.eye(n_classes)[neighbour]}


def nearest(train: npt.NDArray[np.float32], test: npt.NDArray[np.float32]) -> IntArray:
    """Position in `train` of the Euclidean nearest row of each row of `test`; the first of equals.

    Args:
        train: shape [beat, sample].
        test: shape [beat, sample].

    Returns:
        shape [test beat].
    """
    # |a - b|^2 = |a|^2 - 2 ab + |b|^2: one matrix product per block, and |b|^2 is the same for all candidates.
    squares = np.square(train).sum(axis=1)
    found = np.empty(len(test), dtype=np.int64)
    for start in range(0, len(test), _BLOCK):
        block = slice(start, start + _BLOCK)
        found[block] = (squares - 2 * test[block] @ train.T).argmin(axis=1)
    return found
