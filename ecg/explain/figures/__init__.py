"""The figures of an explanation, narrow enough for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ecg.data.info import DataInfo
from ecg.explain.arrays import Mask, Names
from ecg.explain.maps import METHODS
from ecg.report.style import INK, Context, new_figure

WIDTH_IN = 6.4
"""Width of every figure: at this size 10 points are still readable on a phone."""
METHOD_COLOURS = dict(zip(METHODS, ("#D55E00", "#8A6BBE", "#2E8B6F"), strict=True))


def figure_of(title: str, info: DataInfo, height: float) -> Figure:
    """An empty figure, with its title and below it where the beats come from and how the split leaks."""
    footnote = " ".join([f"{info.title}.", *info.notes])
    return new_figure(Context(title, footnote, info.simulated), WIDTH_IN, height)


def key(axes: Axes, handles: Sequence[Artist], columns: int) -> None:
    """Fill `axes` with nothing but a legend: constrained layout would put one outside over the footnote."""
    axes.set_axis_off()
    axes.legend(handles=list(handles), loc="center left", bbox_to_anchor=(-0.01, 0.5), ncols=columns, fontsize=9,
                frameon=False, handlelength=1.6, columnspacing=1.2, borderaxespad=0)  # fmt: skip


def named(axes: Axes, words: str, colour: str = INK, **how: Any) -> None:
    """Give a panel its title, which may hold names that a user chose."""
    axes.set_title(words, loc="left", fontsize=10, color=colour, parse_math=False, **how)


def bare(axes: Axes) -> None:
    """Remove the box around `axes` and the ticks, but not their labels: for panels that are one picture."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def coloured_table(axes: Axes, values: pd.DataFrame, words: Names, dark: Mask, **picture: Any) -> AxesImage:
    """A table of words on coloured cells.

    Args:
        axes: to draw in.
        values: set the colours of the cells; with the names of rows and columns.
        words: shape [row, column], what is written on them.
        dark: shape [row, column], whether a cell is so dark that its words are white.
        picture: how values become colours, as of `imshow`.
    """
    image = axes.imshow(values.to_numpy(), aspect="auto", **picture)
    for (i, j), word in np.ndenumerate(words):
        axes.text(j, i, word, ha="center", va="center", fontsize=9, color="white" if dark[i, j] else INK)
    axes.set_xticks(range(len(values.columns)), values.columns, fontsize=9)
    axes.set_yticks(range(len(values)), values.index, fontsize=9)
    bare(axes)
    return image
