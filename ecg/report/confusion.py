"""Which class was taken for which: counts, row percentages, and the sensitivities and predictivities beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ecg.page.numbers import NONE, percent
from ecg.report.style import FAINT, INK, Context, Ints, class_colours, new_figure, share_bar

GAP = 0.12  # between the matrix and its margins, in cells


def confusion_figure(matrix: Ints, classes: Sequence[str], context: Context) -> Figure:
    """Counts and row percentages in each cell, colour by row fraction, Se at the right and +P below.

    Args:
        matrix: shape [true class, predicted class], number of beats.
        classes: class names, in the order of the matrix.
        context: the words around the figure.

    Returns:
        A figure 1260 pixels wide at 120 dpi, 1600 for more than six classes. A class without beats shows a
        dash for its Se, one never predicted a dash for its +P.

    Raises:
        ValueError: the matrix does not have one row and one column per class.
    """
    n = len(classes)
    if matrix.shape != (n, n):
        raise ValueError(f"matrix has shape {matrix.shape}; {n} classes need ({n}, {n})")
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    share = matrix / np.maximum(rows, 1)[:, None]
    figure = new_figure(context, 10.5 if n <= 6 else 13.3, max(5.0, 2.4 + (0.95 if n <= 6 else 0.65) * (n + 1)))
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    size = 11.0 if n <= 6 else max(6.0, 80 / n)
    for i, j in np.ndindex(n, n):
        ink = "white" if share[i, j] > 0.55 else INK
        axes.text(
            j, i - 0.02, f"{matrix[i, j]:,}", ha="center", va="bottom", color=ink, fontsize=size + 1, fontweight="bold"
        )
        axes.text(j, i + 0.06, _percent(matrix[i, j], rows[i], 1), ha="center", va="top", color=ink, fontsize=size - 1)
    for i, (right, found, predicted) in enumerate(zip(np.diag(matrix), rows, columns, strict=True)):
        _margin(axes, n + GAP, i, _percent(right, found), f"{right:,} of {found:,}" if found else "no beats", size)
        below = f"of {predicted:,}" if predicted else "never predicted"
        _margin(axes, i, n + GAP, _percent(right, predicted), below, size)
    _margin(axes, n + GAP, n + GAP, _percent(np.trace(matrix), matrix.sum()), "accuracy", size)
    _frame(axes, classes, rows)
    share_bar(figure, image, [axes], fraction=0.03)
    return figure


def _percent(part: Any, whole: Any, decimals: int = 2) -> str:
    return f"{percent(part / whole, decimals)} %" if whole else NONE


def _margin(axes: Axes, x: float, y: float, upper: str, lower: str, size: float) -> None:
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="#F1F1F1", edgecolor="white", linewidth=1.5))
    axes.text(x, y - 0.02, upper, ha="center", va="bottom", color=INK, fontsize=size, fontweight="bold")
    axes.text(x, y + 0.06, lower, ha="center", va="top", color=FAINT, fontsize=max(5.0, size - 2.5))


def _frame(axes: Axes, classes: Sequence[str], rows: Ints) -> None:
    """Name rows and columns, each with its class's colour along the edge."""
    n = len(classes)
    edge = n + GAP + 0.5
    size = 11 if n <= 6 else 9
    thick = 0.05 * (n + 1) / 6  # the cells of few classes are wide
    for i, colour in enumerate(class_colours(classes).values()):
        axes.add_patch(Rectangle((-0.51 - thick, i - 0.48), thick, 0.96, color=colour, linewidth=0))
        axes.add_patch(Rectangle((i - 0.48, -0.56), 0.96, 0.05, color=colour, linewidth=0))
    places = [*range(n), n + GAP]
    axes.set_xticks(places, [*classes, "Se"], fontsize=size, fontweight="bold", parse_math=False)
    counted = [f"{name}\n{count:,} beats" for name, count in zip(classes, rows, strict=True)]
    axes.set_yticks(places, [*counted, "+P"], fontsize=size, fontweight="bold", parse_math=False)
    axes.set(xlim=(-0.51 - thick, edge), ylim=(edge, -0.56))
    axes.set_xlabel("predicted class", fontsize=11, color=INK)
    axes.set_ylabel("true class", fontsize=11, color=INK)
    axes.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
