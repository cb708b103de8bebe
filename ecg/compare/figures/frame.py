"""What the figures of a comparison share: words around them, line styles, one legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecg.compare.measures import Measure
from ecg.compare.series import Panel
from ecg.compare.settings import Group
from ecg.report.style import Context, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCRATCH_STYLE = (0, (6, 3))
RANDOM_STYLE = (0, (1, 1.2))


def context(group: Group, what: str) -> Context:
    """The words around a figure of `group`."""
    return Context(f"{what}: {group.title}", " ".join(group.notes), group.simulated)


def legend_beside(grid: Sequence[Sequence[Axes]], used: int, title: str | None = None) -> None:
    """One legend for the first `used` axes of `grid`, to the right of the first row; the other axes are hidden."""
    flat = [axes for row in grid for axes in row]
    handles: dict[str, Artist] = {}
    for axes in flat[:used]:
        drawn, labels = axes.get_legend_handles_labels()
        handles |= {label: line for label, line in zip(labels, drawn, strict=True) if label not in handles}
    for axes in flat[used:]:
        axes.set_visible(False)
    grid[0][-1].legend(
        list(handles.values()), list(handles), title=title, loc="upper left", bbox_to_anchor=(1.01, 1.02),
        alignment="left", fontsize=10, title_fontsize=10, labelspacing=0.9, frameon=False,
    )  # fmt: skip


def panel_grid(group: Group, what: str, shown: list[Panel]) -> tuple[Figure, list[list[Axes]]]:
    """A figure with room for each panel, two in a row, and for a legend at the right."""
    wide = min(len(shown), 2)
    rows = -(-len(shown) // wide)
    longest = max((len(line.label) for panel in shown for line in panel.lines), default=0)
    width = 4.6 + 4.6 * wide + 0.085 * max(0, longest - 22)
    figure = new_figure(context(group, what), width, 1.4 + 4 * rows)
    grid = figure.subplots(rows, wide, squeeze=False, sharey=True)
    return figure, [list(row) for row in grid]


def axis_label(measure: Measure) -> str:
    """Name and unit of a score."""
    return f"{measure.name}{' (%)' if measure.unit else ''}"
