"""Confusion matrices side by side, one small one per setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecg.compare.figures.frame import context
from ecg.compare.settings import Group, Setting
from ecg.compare.tested import Tested
from ecg.report.style import FAINT, INK, class_colours, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

PER_FIGURE = 20
"""More settings than these go on in another figure."""


@dataclass(frozen=True)
class MeanMatrix:
    """Row shares of a setting's runs.

    Attributes:
        label: the setting's.
        classes: class names.
        share: shape [true, predicted], the mean over runs of each run's row shares; NaN for classes without beats.
        runs: how many had predictions.
    """

    label: str
    classes: tuple[str, ...]
    share: npt.NDArray[np.float64]
    runs: int


def mean_matrix(setting: Setting, tested: Mapping[str, Tested]) -> MeanMatrix | None:
    """The mean over runs of each run's matrix with rows that sum to 1; None where no run has predictions.

    Args:
        setting: whose runs.
        tested: what each run's predictions.csv says, by folder.
    """
    there = [tested[str(run.folder)] for run in setting.runs if str(run.folder) in tested]
    there = [one for one in there if one.classes == there[0].classes]
    if not there:
        return None
    rows = [
        one.confusion / np.where((total := one.confusion.sum(axis=1, keepdims=True)) > 0, total, np.nan)
        for one in there
    ]
    known = np.sum([np.isfinite(row) for row in rows], axis=0)
    share = np.divide(np.nansum(rows, axis=0), known, out=np.full(known.shape, np.nan), where=known > 0)
    return MeanMatrix(setting.label, there[0].classes, share, len(there))


def confusion_figures(group: Group, tested: Mapping[str, Tested]) -> list[Figure]:
    """Small matrices, at most five in a row and twenty in a figure; empty where no run has predictions."""
    found = [matrix for setting in group.settings if (matrix := mean_matrix(setting, tested))]
    parts = [found[start : start + PER_FIGURE] for start in range(0, len(found), PER_FIGURE)]
    return [
        _figure(group, part, f" ({i} of {len(parts)})" if len(parts) > 1 else "") for i, part in enumerate(parts, 1)
    ]


def _figure(group: Group, matrices: Sequence[MeanMatrix], which: str) -> Figure:
    classes = max(len(matrix.classes) for matrix in matrices)
    columns = min(len(matrices), 5 if classes <= 3 else 4)
    if len(matrices) > columns and len(matrices) % columns == 1:
        columns -= 1  # no matrix alone in the last row
    rows = -(-len(matrices) // columns)
    side = 1.6 if classes <= 3 else 2.4
    counts = {matrix.runs for matrix in matrices}
    mean = f", mean of {matrices[0].runs} runs" if len(counts) == 1 and matrices[0].runs > 1 else ""
    words = context(group, f"True and predicted class{mean}{which}")
    figure = new_figure(words, max(6.5, 1.7 + (side + 0.15) * columns), 1.5 + (side + 0.3) * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    image = None
    for place, (axes, matrix) in enumerate(zip(grid.flat, matrices, strict=False)):
        image = _matrix(axes, matrix, side, say_runs=not mean)
        if place % columns == 0:
            axes.set_ylabel("true")
        else:
            axes.set_yticklabels([])
        if place + columns >= len(matrices):
            axes.set_xlabel("predicted")
        else:
            axes.set_xticklabels([])
    for axes in grid.flat[len(matrices) :]:
        axes.set_visible(False)
    assert image is not None
    bar = figure.colorbar(image, ax=list(grid.flat), fraction=0.02, pad=0.015, ticks=[0, 0.5, 1], aspect=30)
    bar.ax.set_yticklabels(["0", "50", "100"])
    bar.set_label("share of the true class (%)", color=INK)
    bar.outline.set_visible(False)
    return figure


def _matrix(axes: Axes, matrix: MeanMatrix, side: float, *, say_runs: bool) -> AxesImage:
    n = len(matrix.classes)
    image = axes.imshow(matrix.share, cmap="Blues", vmin=0, vmax=1)
    size = min(12.0, 30 * side / (n + 1))
    for i, j in np.ndindex(n, n):
        share = matrix.share[i, j]
        ink = FAINT if not np.isfinite(share) else "white" if share > 0.55 else INK
        words = "-" if not np.isfinite(share) else f"{100 * share:.0f}" if n > 3 else f"{100 * share:.1f}"
        axes.text(j, i, words, ha="center", va="center", color=ink, fontsize=size)
    runs = f" ({matrix.runs} runs)" if say_runs and matrix.runs > 1 else ""
    axes.set_title(_broken(matrix.label + runs, int(13 * side)), loc="left", fontsize=10, color=INK, parse_math=False)
    axes.set_xticks(range(n), matrix.classes, fontsize=10, parse_math=False)
    axes.set_yticks(range(n), matrix.classes, fontsize=10, parse_math=False)
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        for text, colour in zip(ticks, class_colours(matrix.classes).values(), strict=True):
            text.set_color(colour)
            text.set_fontweight("bold")
    axes.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    axes.set_anchor("W")
    axes.spines[:].set_visible(False)
    return image


def _broken(label: str, characters: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(label, characters))
