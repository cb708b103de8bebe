"""The checks of trust, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.explain.arrays import Floats, Ints
from ecg.explain.deletion import RANDOM, area
from ecg.explain.figures import METHOD_COLOURS, figure_of
from ecg.explain.maps import METHODS
from ecg.explain.study import Findings
from ecg.explain.trust import Check
from ecg.explain.windows import mean_interval
from ecg.report.style import FAINT, INK, class_colours, tidy

COLOURS = METHOD_COLOURS | {RANDOM: "#6B6B6B"}
DOTTED = (0, (2, 3))


def agreement_figure(findings: Findings) -> Figure:
    """Rank correlation, beat by beat: of the two methods per class, between seeds, and of unlike beats."""
    rows = _agreements(findings)
    figure = figure_of("Do the maps agree?", findings.info, 1.9 + 0.3 * len(rows))
    axes = figure.subplots()
    tidy(axes)
    axes.axvline(0, color=FAINT, linewidth=1)
    for place, (_, values, colour) in enumerate(rows):
        kept = values[np.isfinite(values)]
        if len(kept) == 0:
            continue
        low, quarter, middle, three, high = np.quantile(kept, [0.1, 0.25, 0.5, 0.75, 0.9])
        axes.plot([low, high], [place, place], color=colour, linewidth=1.5, solid_capstyle="butt")
        axes.plot([quarter, three], [place, place], color=colour, linewidth=8, solid_capstyle="butt", alpha=0.45)
        axes.plot(middle, place, "o", color=colour, markersize=7, markeredgecolor="white")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=9)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-1, 1), xticks=[-1, -0.5, 0, 0.5, 1])
    axes.set_xlabel("rank correlation of two maps of a beat")
    return figure


def _agreements(findings: Findings) -> list[tuple[str, Floats, str]]:
    """Name, values and colour of each row."""
    y, colours = findings.mapped.beats.y, class_colours(findings.info.classes)
    rows, yardstick = [], []
    for (check, method, of), values in findings.trust.checks.items():
        short = method.replace(METHODS[0], "IG")
        if check == Check.METHODS:
            rows.append((short, values, INK))
            rows += [(f"class {name}", values[y == c], colours[name]) for c, name in enumerate(colours) if c in y]
        elif check == Check.SEEDS:
            rows.append((f"run 1 and {of.partition(':')[0]}, {short}", values, COLOURS[method]))
        elif check == Check.ANYWAY:
            yardstick.append((f"two beats of a class, {short}", values, "#9A9A9A"))
    return rows + yardstick


def cascade_figure(findings: Findings) -> Figure:
    """How a map changes while layers lose their weights, from the head down."""
    figure = figure_of("Random weights, from the head down", findings.info, 4.3)
    axes = figure.subplots()
    tidy(axes)
    axes.axhline(0, color=FAINT, linewidth=1)
    falls = findings.trust.rows(Check.RANDOM_WEIGHTS)
    for method, usual in findings.trust.means(Check.ANYWAY).items():
        found = np.array([(1, 1, 1), *((row.mean, row.low, row.high) for row in falls if row.method == method)])
        _line(axes, np.arange(len(found)), found, COLOURS[method], marker="o", markersize=5, label=method)
        axes.axhline(usual, color=COLOURS[method], linewidth=1.2, linestyle=DOTTED)
    layers = dict.fromkeys(row.of.removeprefix("head to ") for row in falls)
    axes.set_xticks(range(len(layers) + 1), ["none", *layers], rotation=40, ha="right", fontsize=9)
    axes.set(xlabel="random weights from the head down to", ylabel="rank correlation with\nthe trained model's map")
    axes.plot([], [], color=FAINT, linewidth=1.2, linestyle=DOTTED, label="two beats of a class")
    axes.legend(fontsize=9, frameon=False)
    return figure


def deletion_figure(findings: Findings) -> Figure:
    """Probability of the predicted class while samples are taken out, and while they are put in."""
    figure = figure_of("Do the marked samples matter?", findings.info, 7.2)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    titles = {
        "deletion": "taking samples out: the lower, the better the map",
        "insertion": "putting samples in: the higher, the better the map",
    }
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        tidy(axes)
        for order, curve in findings.trust.curves[kind].items():
            found = np.array([mean_interval(column, np.random.default_rng(0)) for column in curve.T])
            label = f"{order}: area {area(curve).mean():.2f}"
            _line(axes, np.linspace(0, 100, len(found)), found, COLOURS[order], label=label)
        axes.set_title(title, loc="left", fontsize=11, color=INK, pad=42)
        axes.set(ylim=(0, 1.02), ylabel="probability of the\npredicted class")
        axes.legend(fontsize=9, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2)
    panels[1].set_xlabel("share of the beat (%)")
    return figure


def _line(axes: Axes, x: Floats | Ints, found: Floats, colour: str, **how: Any) -> None:
    """A line with its band; `found` is mean, low and high by place, shape [place, 3]."""
    axes.fill_between(x, found[:, 1], found[:, 2], color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, found[:, 0], color=colour, linewidth=1.8, **how)
