"""What the figures of a comparison share: words around them, a look for each kind of training, panels, one legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.compare.measures import Measure
from ecg.compare.series import Panel
from ecg.compare.settings import Group
from ecg.report.style import Context, new_figure, tidy
from ecg.runs.run import RANDOM

MARKERS = {"transfer": "o", RANDOM: "s", "scratch": "D"}
STYLES: dict[str, Any] = {"transfer": "-", RANDOM: (0, (1, 1.2)), "scratch": (0, (6, 3))}
"""Lines by what they show."""


@dataclass(frozen=True)
class Shown:
    """A figure with its words.

    Attributes:
        name: file name without ending.
        title: its heading.
        caption: how to read it.
        figure: as drawn.
    """

    name: str
    title: str
    caption: str
    figure: Figure


def context(group: Group, what: str) -> Context:
    """The words around a figure of `group`."""
    return Context(f"{what}: {group.title}", " ".join(group.notes), group.simulated)


def shade(place: int, n: int) -> Any:
    """The colour of one of `n` lines in order: dark for the last, which retrains most layers, light for the first."""
    return colormaps["viridis_r"](0.18 + 0.8 * (place / max(1, n - 1)))


def panel_grid(group: Group, title: str, measure: Measure, shown: Sequence[Panel]) -> tuple[Figure, list[Axes]]:
    """A figure with axes for each panel, two in a row, and room for a legend at the right."""
    wide = min(len(shown), 2)
    rows = -(-len(shown) // wide)
    longest = max((len(line.label) for panel in shown for line in panel.lines), default=0)
    width = 4.6 + 4.6 * wide + 0.085 * max(0, longest - 22)
    figure = new_figure(context(group, title), width, 1.4 + 4 * rows)
    grid = list(figure.subplots(rows, wide, squeeze=False, sharey=True).flat)
    for axes, panel in zip(grid, shown, strict=False):
        tidy(axes, panel.title)
        axes.set_ylabel(axis_label(measure))
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    return figure, grid[: len(shown)]


def legend_beside(grid: Sequence[Axes], title: str | None = None) -> None:
    """One legend for all axes of a `panel_grid`, to the right of the first row."""
    found = [axes.get_legend_handles_labels() for axes in grid]
    handles = {label: line for lines, labels in reversed(found) for line, label in zip(lines, labels, strict=True)}
    grid[:2][-1].legend(
        list(handles.values()), list(handles), title=title, loc="upper left", bbox_to_anchor=(1.01, 1.02),
        alignment="left", fontsize=10, title_fontsize=10, labelspacing=0.9, frameon=False,
    )  # fmt: skip


def axis_label(measure: Measure) -> str:
    """Name and unit of a score."""
    return f"{measure.name}{' (%)' if measure.unit else ''}"
