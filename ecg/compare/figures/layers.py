"""A metric against the number of retrained layers: the study's question in one figure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from ecg.compare.figures.frame import RANDOM_STYLE, SCRATCH_STYLE, axis_label, legend_beside, panel_grid
from ecg.compare.measures import Measure, Spread, control_lines, over_runs
from ecg.compare.series import GREY, Line, Panel, panels
from ecg.compare.settings import Group
from ecg.metrics.baselines import NAMES, NEAREST
from ecg.report.style import tidy
from ecg.runs.run import RANDOM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTTED, DASH_DOTTED = (0, (1, 2)), (0, (4, 1.5, 1, 1.5))


def layers_figure(group: Group, measure: Measure) -> Figure | None:
    """A dot per run, a line through the means, a band of one standard deviation, and the controls as lines across.

    Returns:
        None where no run of `group` was transferred or none has the metric.
    """
    with_k = [[line for line in panel.lines if line.role != "scratch"] for panel in panels(group)]
    there = [any(_points(line, measure) for line in lines) for lines in with_k]
    shown = [panel for panel, wanted in zip(panels(group), there, strict=True) if wanted]
    if not shown:
        return None
    figure, grid = panel_grid(group, f"{measure.title} by number of retrained layers", shown)
    for axes, panel in zip(chain(*grid), shown, strict=False):
        _draw_panel(axes, panel, group, measure)
    legend_beside(grid, len(shown))
    return figure


def _draw_panel(axes: Axes, panel: Panel, group: Group, measure: Measure) -> None:
    tidy(axes, panel.title)
    layers = max((int(run.value("transfer/layers") or run.k or 1) for run in group.runs), default=1)
    several = sum(line.role == "transfer" for line in panel.lines) > 1
    for number, line in enumerate(panel.lines):
        if line.role == "scratch":
            _across(axes, line, measure)
        else:
            _along(axes, line, measure, shift=0.06 * (number - 1) if several else None)
    for name, value in control_lines(group, measure).items():
        style = DASH_DOTTED if name == NAMES[NEAREST] else DOTTED
        axes.axhline(measure.scale * value, color=GREY, linewidth=1.3, linestyle=style, label=name, zorder=1)
    axes.set_xlim(0.6, layers + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12, min_n_ticks=1))
    axes.set_xlabel(f"retrained layers k, counted from the output (of {layers}; 1 = the head alone)")
    axes.set_ylabel(axis_label(measure))


def _points(line: Line, measure: Measure) -> list[tuple[int, Spread]]:
    found = ((setting.k or 0, over_runs(setting.runs, measure.key)) for setting in line.settings)
    return [(k, spread) for k, spread in found if spread is not None]


def _along(axes: Axes, line: Line, measure: Measure, shift: float | None) -> None:
    """A curve over k; `shift` moves the dots of one of several curves to the side."""
    points = _points(line, measure)
    if not points:
        return
    k = [k for k, _ in points]
    mean = [measure.scale * spread.mean for _, spread in points]
    sd = [measure.scale * (spread.sd or 0) for _, spread in points]
    style = RANDOM_STYLE if line.role == RANDOM else "-"
    marker = "s" if line.role == RANDOM else "o"
    axes.plot(
        k,
        mean,
        linestyle=style,
        marker=marker,
        markersize=6,
        linewidth=2,
        color=line.colour,
        label=line.label,
        zorder=4,
    )
    top = 100 if measure.scale == 100 else float("inf")  # no share is above 100 %
    low = [max(m - s, 0) if top == 100 else m - s for m, s in zip(mean, sd, strict=True)]
    high = [min(m + s, top) for m, s in zip(mean, sd, strict=True)]
    axes.fill_between(k, low, high, color=line.colour, alpha=0.15 if shift is None else 0.08, linewidth=0, zorder=2)
    for setting in line.settings:
        values = [measure.scale * v for run in setting.runs if (v := run.value(measure.key)) is not None]
        if len(values) > 1:
            place = [(setting.k or 0) + (shift or 0)] * len(values)
            axes.plot(place, values, marker, color=line.colour, markersize=4, alpha=0.45, markeredgewidth=0, zorder=3)


def _across(axes: Axes, line: Line, measure: Measure) -> None:
    """Training from scratch, which has no k."""
    for setting in line.settings:
        spread = over_runs(setting.runs, measure.key)
        if spread is None:
            continue
        mean, sd = measure.scale * spread.mean, measure.scale * (spread.sd or 0)
        axes.axhline(mean, color=line.colour, linewidth=1.8, linestyle=SCRATCH_STYLE, label=line.label, zorder=3)
        axes.axhspan(mean - sd, mean + sd, color=line.colour, alpha=0.07, linewidth=0, zorder=1)
