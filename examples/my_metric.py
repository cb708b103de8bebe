"""A metric of one's own."""

import numpy as np

from ecg.metrics import Metric


def geometric_mean() -> Metric:
    """The geometric mean of the sensitivities of the classes that there are."""
    return Metric(name="gmean", title="G-mean", counts=_counts, averages=True)


def _counts(matrices: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """From confusion matrices [..., true, predicted] to values [...]."""
    there = matrices.sum(axis=-1)
    sensitivity = np.diagonal(matrices, axis1=-2, axis2=-1) / np.maximum(there, 1)
    log = np.where(there > 0, np.log(np.maximum(sensitivity, 1e-9)), 0.0)
    return np.exp(log.sum(axis=-1) / np.maximum((there > 0).sum(axis=-1), 1))
