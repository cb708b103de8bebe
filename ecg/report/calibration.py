"""Whether a stated probability can be believed: the reliability diagram and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.metrics.registry import CALIBRATION_BINS
from ecg.page.numbers import percent
from ecg.report.style import FAINT, INK, Context, Floats, Ints, new_figure, say, tidy

BLUE = "#0072B2"
Z95 = 1.96
EVEN = 0.005  # a mean gap below half a point is called neither over- nor under-confident


@dataclass(frozen=True)
class Bins:
    """Beats sorted by the probability of their predicted class into bins of equal width, shape [bin] each.

    Attributes:
        count: number of beats; a bin holds its lower edge, the last also 1.
        confidence: mean probability of the predicted class; NaN in an empty bin.
        accuracy: share of beats predicted correctly; NaN in an empty bin.
    """

    count: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def ece(self) -> float:
        """Expected calibration error, 0 to 1: the mean gap of accuracy and confidence, over beats. NaN without any."""
        gaps = np.abs(np.nan_to_num(self.accuracy - self.confidence))
        return float((gaps * self.count).sum() / self.count.sum()) if self.count.sum() else float("nan")


def bin_beats(target: Ints, probabilities: Floats) -> Bins:
    """Sort beats into bins; `target` is shape [beat], `probabilities` [beat, class].

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if probabilities.ndim != 2 or len(target) != len(probabilities):
        raise ValueError(f"target {target.shape}, probabilities {probabilities.shape}: need [beat] and [beat, class]")
    n, confidence = CALIBRATION_BINS, probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == target
    place = np.clip((confidence * n).astype(np.int64), 0, n - 1)
    count = np.bincount(place, minlength=n)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, weights=confidence, minlength=n) / count
        accuracy = np.bincount(place, weights=right, minlength=n) / count
    return Bins(count, mean, accuracy)


def reliability_figure(target: Ints, probabilities: Floats, context: Context) -> Figure:
    """How often beats were predicted correctly, against how sure the model was; below, how many beats that concerns.

    Args:
        target: shape [beat], true class.
        probabilities: shape [beat, class], each row sums to 1.
        context: the words around the figure.

    Returns:
        A figure of 1200 x 1020 pixels at 120 dpi.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    bins = bin_beats(target, probabilities)
    figure = new_figure(context, 10, 8.5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    tidy(upper, "Reliability: is a beat predicted with 90 % right in 90 of 100 cases?")
    tidy(lower)
    upper.set(ylabel="predicted correctly (%)", xlim=(0, 100), ylim=(0, 104))
    lower.set(xlabel="probability of the predicted class (%)", ylabel="share of beats (%)")
    upper.plot([0, 100], [0, 100], color=FAINT, linestyle=(0, (4, 3)), linewidth=1.3, label="perfectly calibrated")
    if len(target) == 0:
        say(upper, "no beats")
        return figure
    _bars(upper, lower, bins)
    words = f"ECE {percent(bins.ece)} %\n{_verdict(bins)}"
    box = {"facecolor": "white", "edgecolor": "#CCCCCC", "boxstyle": "round,pad=0.5"}
    upper.text(0.975, 0.05, words, transform=upper.transAxes, ha="right", va="bottom", fontsize=11, color=INK, bbox=box)
    upper.legend(loc="upper left", fontsize=10, framealpha=0.9, edgecolor="#DDDDDD")
    return figure


def _bars(upper: Axes, lower: Axes, bins: Bins) -> None:
    there = bins.count > 0
    width = 100 / len(bins.count)
    middle = width * (np.arange(len(bins.count)) + 0.5)
    p, n, x = bins.accuracy[there], bins.count[there], bins.confidence[there]
    upper.bar(middle[there], 100 * p, width * 0.94, color=BLUE, alpha=0.28, linewidth=0)
    # Wilson's interval: it stays within 0..1 and has a width at 0 of 3 beats
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    low, high = np.maximum(p - centre + half, 0), np.maximum(centre + half - p, 0)
    look: dict[str, Any] = {"color": BLUE, "markersize": 6, "linewidth": 1.5, "elinewidth": 1.2, "capsize": 3}
    label = "beats, 95 % interval (at their mean probability)"
    upper.errorbar(100 * x, 100 * p, yerr=100 * np.stack([low, high]), fmt="o-", label=label, **look)
    share = 100 * bins.count / bins.count.sum()
    lower.bar(middle, share, width * 0.94, color=BLUE, alpha=0.75, linewidth=0)
    for place, height, count in zip(middle[there], share[there], n, strict=True):
        lower.annotate(f"{count:,}", (place, height), (0, 2), textcoords="offset points", ha="center", fontsize=8.5)
    lower.set_ylim(0, 1.2 * share.max())


def _verdict(bins: Bins) -> str:
    sure, right = (np.nansum(mean * bins.count) / bins.count.sum() for mean in (bins.confidence, bins.accuracy))
    gap = sure - right
    word = "over-confident" if gap > EVEN else "under-confident" if gap < -EVEN else "neither over- nor under-confident"
    return f"{word}:\n{percent(sure, 1)} % sure on average, {percent(right, 1)} % right"
