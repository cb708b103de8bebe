"""Confusion matrices side by side, one small one per setting."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from ecg.compare.figures.frame import Shown, context
from ecg.compare.settings import Group, Setting
from ecg.compare.tested import Tested
from ecg.report.style import FAINT, INK, class_colours, new_figure, share_bar

PER_FIGURE = 20
"""More settings than these go on in another figure."""


def mean_matrix(setting: Setting, tested: Mapping[str, Tested]) -> pd.DataFrame | None:
    """The mean over runs of each run's matrix with rows that sum to 1; None where no run has predictions.

    Args:
        setting: whose runs.
        tested: what each run's predictions.csv says, by folder.

    Returns:
        A row per true and a column per predicted class; NaN for classes without beats.
    """
    there = [tested[str(run.folder)] for run in setting.runs if str(run.folder) in tested]
    there = [one for one in there if one.classes == there[0].classes]
    if not there:
        return None
    rows = [one.confusion / np.ma.masked_equal(one.confusion.sum(axis=1, keepdims=True), 0) for one in there]
    return pd.DataFrame(np.ma.stack(rows).mean(axis=0).filled(np.nan), there[0].classes, there[0].classes)


def confusion_figures(group: Group, tested: Mapping[str, Tested]) -> list[Shown]:
    """Small matrices, at most five in a row and twenty in a figure; empty where no run has predictions."""
    found = [(one.label, share) for one in group.settings if (share := mean_matrix(one, tested)) is not None]
    parts = [found[start : start + PER_FIGURE] for start in range(0, len(found), PER_FIGURE)]
    return [_figure(group, part, f"{i}" if len(parts) > 1 else "") for i, part in enumerate(parts, 1)]


def _figure(group: Group, matrices: Sequence[tuple[str, pd.DataFrame]], number: str) -> Shown:
    """Some settings' matrices, by their labels."""
    classes = max(len(share) for _, share in matrices)
    columns = min(len(matrices), 5 if classes <= 3 else 4)
    if len(matrices) > columns and len(matrices) % columns == 1:
        columns -= 1  # no matrix alone in the last row
    rows = -(-len(matrices) // columns)
    side = 1.6 if classes <= 3 else 2.4
    words = context(group, f"True and predicted class{number and f' ({number})'}")
    figure = new_figure(words, max(6.5, 1.7 + (side + 0.15) * columns), 1.5 + (side + 0.3) * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for place, (axes, (label, share)) in enumerate(zip(grid, matrices, strict=False)):
        image = _matrix(axes, label, share, side)
        axes.set(xlabel="predicted", ylabel="true")
        if place % columns:
            axes.set(ylabel="", yticklabels=[])
        if place + columns < len(matrices):
            axes.set(xlabel="", xticklabels=[])
    for axes in grid[len(matrices) :]:
        axes.set_visible(False)
    share_bar(figure, image, grid, fraction=0.02, aspect=30)
    caption = (
        "Each row tells what became of the beats of one class, in percent of that class: the diagonal is right. Where "
        "a setting has several runs, the mean of their percentages."
    )
    return Shown(f"confusion{number and '_'}{number}", f"Confusion matrices {number}".strip(), caption, figure)


def _matrix(axes: Axes, label: str, shares: pd.DataFrame, side: float) -> AxesImage:
    n, classes = len(shares), [str(name) for name in shares]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = min(12.0, 30 * side / (n + 1))
    for (i, j), share in np.ndenumerate(shares):
        ink = FAINT if np.isnan(share) else "white" if share > 0.55 else INK
        words = "-" if np.isnan(share) else f"{100 * share:.{0 if n > 3 else 1}f}"
        axes.text(j, i, words, ha="center", va="center", color=ink, fontsize=size)
    title = "\n".join(textwrap.wrap(label, int(13 * side)))
    axes.set_title(title, loc="left", fontsize=10, color=INK, parse_math=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(n), classes, fontsize=10, fontweight="bold", parse_math=False)
        axis.set_ticks(np.arange(n + 1) - 0.5, minor=True)
        for text, colour in zip(axis.get_ticklabels(), class_colours(classes).values(), strict=True):
            text.set_color(colour)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    axes.set_anchor("W")
    axes.spines[:].set_visible(False)
    return image
