"""The figures of an explanation, narrow enough for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecg.data.info import DataInfo
from ecg.report.style import Context

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WIDTH_IN = 6.4
"""Width of every figure: at this size 10 points are still readable on a phone."""


def context(title: str, info: DataInfo) -> Context:
    """The words around a figure: its title, and below it where the beats come from and how the split leaks."""
    return Context(title, " ".join([f"{info.title}.", *info.notes]), info.simulated)


def key(axes: Axes, handles: Sequence[Artist], columns: int) -> None:
    """Fill `axes` with nothing but a legend: constrained layout would put one outside over the footnote."""
    axes.set_axis_off()
    axes.legend(handles=list(handles), loc="center left", bbox_to_anchor=(-0.01, 0.5), ncols=columns, fontsize=9,
                frameon=False, handlelength=1.6, columnspacing=1.2, borderaxespad=0)  # fmt: skip
