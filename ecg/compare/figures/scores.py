"""A score against the number of retrained layers, the training time or another number, and setting by setting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from ecg.compare.figures.frame import MARKERS, STYLES, Shown, axis_label, context, legend_beside, panel_grid, shade
from ecg.compare.measures import Measure, Spread, control_lines, numbers, scored
from ecg.compare.series import CONTROLS, GREY, PALETTE, Line, outer_keys, panels
from ecg.compare.settings import TIME, Group, Setting, short_key
from ecg.metrics.baselines import NAMES, NEAREST
from ecg.metrics.confusion import FloatArray
from ecg.metrics.diagnosis import SCORERS
from ecg.report.style import FAINT, INK, new_figure, tidy

DOTTED, DASH_DOTTED = (0, (1, 2)), (0, (4, 1.5, 1, 1.5))
OTHERS = ((0, (7, 2)), (0, (3, 3)), (0, (8, 2, 1, 2, 1, 2)))
"""Lines of controls beside the majority class and the nearest neighbour."""


def layers_figure(group: Group, measure: Measure) -> Shown | None:
    """The study's question in one figure: a metric against the number of retrained layers.

    A dot per run, a line through the means, a band of one standard deviation, and the controls as lines across.

    Returns:
        None where no run of `group` was transferred or none has the metric.
    """
    title = f"{measure.title} by retrained layers"
    shown = [panel for panel in panels(group) if scored((s for s in panel.settings if s.role != "scratch"), measure)]
    if not shown:
        return None
    figure, grid = panel_grid(group, title, measure, shown)
    layers = max(int(run.value("transfer/layers") or run.k or 1) for run in group.runs)
    for axes, panel in zip(grid, shown, strict=True):
        several = sum(line.role == "transfer" for line in panel.lines) > 1
        for number, line in enumerate(panel.lines):
            if line.role == "scratch":
                _across(axes, line, measure)
            else:
                _along(axes, line, measure, shift=0.06 * (number - 1) if several else None)
        more = iter(OTHERS * len(control_lines(group, measure)))
        for name, value in control_lines(group, measure).items():
            style = DASH_DOTTED if name == NAMES[NEAREST] else next(more) if name in SCORERS.values() else DOTTED
            axes.axhline(measure.scale * value, color=GREY, linewidth=1.3, linestyle=style, label=name, zorder=1)
        axes.set_xlim(0.6, layers + 0.4)
        axes.set_xlabel(f"retrained layers k, counted from the output (of {layers}; 1 = the head alone)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12, min_n_ticks=1))
    legend_beside(grid)
    caption = (
        "To the right more layers are retrained and fewer are kept frozen. Small dots are single runs, the line joins "
        "the means over seeds and folds, the band is one standard deviation; where a setting has one run, the upright "
        "line is its 95 % interval from resampling the test subset. Lines across are controls: they have no k."
    )
    return Shown(f"layers_{measure.file}", title, caption, figure)


def _along(axes: Axes, line: Line, measure: Measure, shift: float | None) -> None:
    """A curve over k; `shift` moves the dots of one of several curves to the side."""
    points = [(setting.k or 0, found) for setting, found in scored(line.settings, measure)]
    if not points:
        return
    k, mean, sd = _curve(points, measure)
    look: dict[str, Any] = {"color": line.colour, "marker": MARKERS[line.role]}
    axes.plot(k, mean, linestyle=STYLES[line.role], linewidth=2, markersize=6, label=line.label, zorder=4, **look)
    limits = (0, 100) if measure.unit else (-np.inf, np.inf)  # no share is above 100 %
    low, high = np.clip([mean - sd, mean + sd], *limits)
    axes.fill_between(k, low, high, color=line.colour, alpha=0.15 if shift is None else 0.08, linewidth=0, zorder=2)
    for setting in line.settings:
        values = measure.scale * numbers(setting.runs, measure.key)[:, 0]
        place = np.full(len(values), (setting.k or 0) + (shift or 0))
        if len(values) > 1:
            axes.plot(place, values, linestyle="", markersize=4, alpha=0.45, markeredgewidth=0, zorder=3, **look)
        elif len(setting.runs) == 1 and (interval := setting.runs[0].intervals.get(measure.key)):
            axes.vlines(place, *(measure.scale * np.array(interval)), color=line.colour, alpha=0.5, linewidth=1.5)


def _across(axes: Axes, line: Line, measure: Measure) -> None:
    """Training from scratch, which has no k."""
    for _, spread in scored(line.settings, measure):
        mean, sd, style = measure.scale * spread.mean, measure.scale * (spread.sd or 0), STYLES[line.role]
        axes.axhline(mean, color=line.colour, linewidth=1.8, linestyle=style, label=line.label, zorder=3)
        axes.axhspan(mean - sd, mean + sd, color=line.colour, alpha=0.07, linewidth=0, zorder=1)


def _curve(points: Iterable[tuple[float, Spread]], measure: Measure) -> FloatArray:
    """Places, and means and standard deviations as shown, shape [3, point]."""
    rows = [(x, measure.scale * found.mean, measure.scale * (found.sd or 0)) for x, found in points]
    return np.array(sorted(rows), dtype=np.float64).T


def cost_figure(group: Group, measure: Measure) -> Shown | None:
    """Training time against a metric, as in the published study: what each further layer costs and brings.

    A marker per setting with its k in it, at the mean time and mean score; small dots are single runs.

    Returns:
        None where fewer than two settings have both numbers.
    """
    times = [place[:, 0].mean() for setting in group.settings if len(place := _places(setting, measure))]
    if len(times) < 2:
        return None
    title = f"{measure.title} by training time"
    shown = [panel for panel in panels(group) if any(len(_places(setting, measure)) for setting in panel.settings)]
    figure, grid = panel_grid(group, title, measure, shown)
    for axes, panel in zip(grid, shown, strict=True):
        for line in panel.lines:
            _joined(axes, line, measure)
        if min(times) > 0 and max(times) / min(times) > 12:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        axes.set_xlabel("training time (s)")
        axes.margins(0.09)
    k = any(setting.k is not None for setting in group.settings)
    legend_beside(grid, title="number in a marker: k" if k else None)
    caption = (
        f"Up and to the left is good: a better score for less time. {'The number in a marker is k. ' if k else ''}"
        "Small dots are single runs. Time is that of the training epochs, on whatever machine each run had."
    )
    return Shown(f"time_{measure.file}", title, caption, figure)


def _places(setting: Setting, measure: Measure) -> FloatArray:
    """Time and score as shown, shape [run, 2]."""
    return numbers(setting.runs, TIME, measure.key) * [1, measure.scale]


def _joined(axes: Axes, line: Line, measure: Measure) -> None:
    """Markers at the settings' means; those of transfers are joined by a line."""
    there = [(setting, places) for setting in line.settings if len(places := _places(setting, measure))]
    look: dict[str, Any] = {"color": line.colour, "marker": MARKERS[line.role]}
    for setting, places in there:
        if len(places) > 1:
            axes.plot(*places.T, linestyle="", markersize=4, alpha=0.4, markeredgewidth=0, zorder=2, **look)
        if setting.k is not None:
            (x, y), inside = places.mean(axis=0), {"size": 9, "weight": "bold", "color": "white"}
            axes.text(x, y, str(setting.k), inside, ha="center", va="center_baseline", zorder=5)
    if there:
        look |= {"linestyle": "" if line.role == "scratch" else STYLES[line.role], "label": line.label}
        x, y = np.transpose([places.mean(axis=0) for _, places in there])
        axes.plot(x, y, markersize=14, linewidth=1.2, alpha=0.95, markeredgecolor="white", zorder=3, **look)


def amount_figure(group: Group, measure: Measure) -> Shown | None:
    """A metric against a setting that is a number, e.g. the share of training patients: a label-efficiency curve.

    One line per other setting (k, from scratch) over the only numeric key that has three values or more.

    Returns:
        None where there is no such key, or several keys differ outside the transfer.
    """
    keys = outer_keys(group)
    lines: dict[tuple[int, str, str], list[tuple[float, Spread]]] = {}
    for setting, found in scored(group.settings, measure):
        amount = pd.to_numeric(setting.values.get(keys[0], ""), errors="coerce") if len(keys) == 1 else np.nan
        if np.isfinite(amount):
            rest = setting.label.replace(f"{short_key(keys[0])}={setting.values[keys[0]]}", "").strip(", ")
            which = (setting.k or 0, rest.replace(", ,", ","), setting.role)
            lines.setdefault(which, []).append((amount, found))
    known = sorted({amount for points in lines.values() for amount, _ in points})
    if len(known) < 3:
        return None
    name = short_key(keys[0]).replace("_", " ")
    title = f"{measure.title} by {name}"
    figure = new_figure(context(group, title), 9.2, 5.4)
    axes = figure.add_subplot()
    tidy(axes)
    for place, which in enumerate(sorted(lines)):
        _, label, role = which
        look: dict[str, Any] = {"color": CONTROLS.get(role) or shade(place, len(lines)), "linestyle": STYLES[role]}
        look |= {"marker": "o", "markersize": 6, "linewidth": 2, "elinewidth": 1.2, "capsize": 3}
        axes.errorbar(*_curve(lines[which], measure), label=label, **look)
    if known[0] > 0 and known[-1] / known[0] >= 8:
        axes.set_xscale("log")
    axes.set_xticks(known, [f"{value:g}" for value in known])
    axes.set_xticks([], minor=True)
    axes.set(xlabel=name, ylabel=axis_label(measure))
    if any(label for _, label, _ in lines):
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=10, frameon=False)
    caption = (
        "Each line is one way of training; markers are means over seeds and folds, bars one standard deviation. A "
        "line that is high at the left needs little data."
    )
    return Shown(f"amount_{measure.file}", title, caption, figure)


def dots_figure(group: Group, measure: Measure) -> Shown | None:
    """Every setting on its own row: for runs that differ in other things than the number of retrained layers.

    Runs as dots with their 95 % intervals, their mean as a bar, controls as lines down.

    Returns:
        None where no run has the metric.
    """
    settings = scored(group.settings, measure)
    if not settings:
        return None
    title = f"{measure.title} by setting"
    figure = new_figure(context(group, title), 9.5, 2.4 + 0.55 * len(settings))
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(axis="y", visible=False)
    for row, (setting, found) in enumerate(settings):
        _row(axes, row, setting, measure)
        if found.n > 1:
            axes.plot([measure.scale * found.mean] * 2, [row - 0.32, row + 0.32], color=INK, linewidth=2.2, zorder=4)
    for name, value in control_lines(group, measure).items():
        x = measure.scale * value
        axes.axvline(x, color=GREY, linestyle=DOTTED, linewidth=1.3, zorder=1)
        where = axes.get_xaxis_transform()  # turned, since several may have nearly the same value
        axes.text(
            x, 1.01, name, transform=where, fontsize=9, color=FAINT, ha="left", rotation=30, rotation_mode="anchor"
        )
    names = [f"{setting.label}  (n={len(setting.runs)})" for setting, _ in settings]
    axes.set_yticks(range(len(settings)), names, fontsize=10, parse_math=False)
    axes.set(ylim=(len(settings) - 0.5, -0.5), xlabel=axis_label(measure))
    caption = (
        "Each dot is a run with its 95 % interval, which comes from resampling the test patients or beats; the "
        "upright bar is the mean of a setting's runs. Dotted lines are controls."
    )
    return Shown(f"settings_{measure.file}", title, caption, figure)


def _row(axes: Axes, row: int, setting: Setting, measure: Measure) -> None:
    runs = [run for run in setting.runs if run.value(measure.key) is not None]
    for place, run in enumerate(runs):
        y = row + 0.12 * (place - (len(runs) - 1) / 2) * min(1, 6 / len(runs))
        if interval := run.intervals.get(measure.key):
            ends = [measure.scale * bound for bound in interval]
            axes.plot(ends, [y, y], color=PALETTE[0], alpha=0.35, linewidth=1.2, zorder=2)
        axes.plot(measure.scale * (run.value(measure.key) or 0), y, "o", color=PALETTE[0], markersize=5, zorder=3)
