"""Training time against a metric, as in the published study: what each further layer costs and brings."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ecg.compare.figures.frame import RANDOM_STYLE, axis_label, legend_beside, panel_grid
from ecg.compare.measures import Measure, over_runs
from ecg.compare.series import GREY, Line, panels
from ecg.compare.settings import Group, Setting
from ecg.report.style import INK, tidy
from ecg.runs.run import RANDOM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIME = "time/fit_s"
MARKERS = {"transfer": "o", RANDOM: "s", "scratch": "D"}


def cost_figure(group: Group, measure: Measure) -> Figure | None:
    """A marker per setting with its k in it, at the mean time and mean score; small dots are single runs.

    Returns:
        None where fewer than two settings have both numbers.
    """
    shown = [panel for panel in panels(group) if any(_there(s, measure) for line in panel.lines for s in line.settings)]
    if sum(_there(setting, measure) for setting in group.settings) < 2:
        return None
    figure, grid = panel_grid(group, f"{measure.title} by training time", shown)
    times = [spread.mean for setting in group.settings if (spread := over_runs(setting.runs, TIME))]
    for axes, panel in zip(chain(*grid), shown, strict=False):
        tidy(axes, panel.title)
        for line in panel.lines:
            _draw(axes, line, measure)
        if min(times) > 0 and max(times) / min(times) > 12:
            _decades(axes)
        axes.set_xlabel("training time (s)")
        axes.set_ylabel(axis_label(measure))
        axes.margins(0.09)
    legend_beside(grid, len(shown), title="number in a marker: k")
    return figure


def _there(setting: Setting, measure: Measure) -> bool:
    return over_runs(setting.runs, measure.key) is not None and over_runs(setting.runs, TIME) is not None


def _draw(axes: Axes, line: Line, measure: Measure) -> None:
    settings = [setting for setting in line.settings if _there(setting, measure)]
    marker, places = MARKERS[line.role], []
    for setting in settings:
        pairs = [(run.value(TIME), run.value(measure.key)) for run in setting.runs]
        single = [
            (seconds, measure.scale * value) for seconds, value in pairs if seconds is not None and value is not None
        ]
        if len(single) > 1:
            axes.plot(
                *zip(*single, strict=True),
                marker,
                color=line.colour,
                markersize=4,
                alpha=0.4,
                markeredgewidth=0,
                zorder=2,
            )
        places.append((sum(s for s, _ in single) / len(single), sum(v for _, v in single) / len(single)))
    if not places:
        return
    style = RANDOM_STYLE if line.role == RANDOM else "-"
    x, y = zip(*places, strict=True)
    joined = style if line.role != "scratch" else "none"
    axes.plot(
        x, y, marker=marker, linestyle=joined, color=line.colour, markersize=14, linewidth=1.2, alpha=0.95,
        markeredgecolor="white", label=line.label, zorder=3,
    )  # fmt: skip
    for setting, place in zip(settings, places, strict=True):
        if setting.k is not None:
            axes.annotate(
                str(setting.k),
                place,
                ha="center",
                va="center_baseline",
                color="white",
                fontsize=9,
                fontweight="bold",
                zorder=5,
            )


def _decades(axes: Axes) -> None:
    """A logarithmic time axis with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", color=GREY, length=2)
    axes.tick_params(axis="x", which="major", colors=INK)
