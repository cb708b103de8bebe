"""Every setting on its own row: for runs that differ in other things than the number of retrained layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecg.compare.figures.frame import axis_label, context
from ecg.compare.measures import Measure, control_lines, over_runs
from ecg.compare.series import GREY, PALETTE
from ecg.compare.settings import Group, Setting
from ecg.report.style import FAINT, INK, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def dots_figure(group: Group, measure: Measure) -> Figure | None:
    """A row per setting: runs as dots with their 95 % intervals, their mean as a bar, controls as lines down.

    Returns:
        None where no run has the metric.
    """
    settings = [setting for setting in group.settings if over_runs(setting.runs, measure.key)]
    if not settings:
        return None
    figure = new_figure(context(group, f"{measure.title} by setting"), 9.5, 2.4 + 0.55 * len(settings))
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(axis="y", visible=False)
    for row, setting in enumerate(settings):
        _row(axes, row, setting, measure)
    for name, value in control_lines(group, measure).items():
        axes.axvline(measure.scale * value, color=GREY, linestyle=(0, (1, 2)), linewidth=1.3, zorder=1)
        axes.annotate(
            name, (measure.scale * value, 1), xycoords=axes.get_xaxis_transform(), fontsize=9, color=FAINT, ha="center",
            xytext=(3, 3), textcoords="offset points",
        )  # fmt: skip
    names = [f"{setting.label}  (n={len(setting.runs)})" for setting in settings]
    axes.set_yticks(range(len(settings)), names, fontsize=10, parse_math=False)
    axes.set_ylim(len(settings) - 0.5, -0.5)
    axes.set_xlabel(axis_label(measure))
    return figure


def _row(axes: Axes, row: int, setting: Setting, measure: Measure) -> None:
    there = [run for run in setting.runs if run.value(measure.key) is not None]
    for place, run in enumerate(there):
        y = row + 0.12 * (place - (len(there) - 1) / 2) * min(1, 6 / len(there))
        if run_interval := run.intervals.get(measure.key):
            low, high = (measure.scale * bound for bound in run_interval)
            axes.plot([low, high], [y, y], color=PALETTE[0], alpha=0.35, linewidth=1.2, zorder=2)
        axes.plot(measure.scale * (run.value(measure.key) or 0), y, "o", color=PALETTE[0], markersize=5, zorder=3)
    mean = over_runs(there, measure.key)
    if mean is not None and mean.n > 1:
        axes.plot([measure.scale * mean.mean] * 2, [row - 0.32, row + 0.32], color=INK, linewidth=2.2, zorder=4)
