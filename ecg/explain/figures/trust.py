"""The checks of trust, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecg.explain.deletion import RANDOM
from ecg.explain.figures import WIDTH_IN, context
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.windows import Floats, mean_interval
from ecg.report.style import FAINT, INK, class_colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {METHODS[0]: "#D55E00", METHODS[1]: "#8A6BBE", METHODS[2]: "#2E8B6F", RANDOM: "#6B6B6B"}


def agreement_figure(findings: Findings) -> Figure:
    """Rank correlation, beat by beat: of the two methods per class, between seeds, and of unlike beats."""
    trust, mapped, info = findings.trust, findings.mapped, findings.info
    colours = class_colours(info.classes)
    rows: list[tuple[str, Floats, str]] = []
    for pair, both in trust.methods.items():
        rows.append((pair.replace(METHODS[0], "IG"), both, INK))
        for c, name in enumerate(info.classes):
            if (values := both[mapped.beats.y == c]).size:
                rows.append((f"class {name}", values, colours[name]))
    for number, by_method in enumerate(trust.seeds.values(), 2):
        rows += [(f"run 1 and {number}, {_short(m)}", values, COLOURS[m]) for m, values in by_method.items()]
    rows += [(f"two beats of a class, {_short(m)}", values, "#9A9A9A") for m, values in trust.anyway.items()]
    figure = new_figure(context("Do the maps agree?", info), WIDTH_IN, 1.9 + 0.3 * len(rows))
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
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-1, 1)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.set_xlabel("rank correlation of two maps of a beat", fontsize=10)
    return figure


def _short(method: str) -> str:
    return "IG" if method == METHODS[0] else method


def cascade_figure(findings: Findings) -> Figure:
    """How a map changes while layers lose their weights, from the head down."""
    trust, info = findings.trust, findings.info
    figure = new_figure(context("Random weights, from the head down", info), WIDTH_IN, 4.3)
    axes = figure.subplots()
    tidy(axes)
    axes.axhline(0, color=FAINT, linewidth=1)
    for method, by_layer in trust.cascade.items():
        found = np.array([mean_interval(values, np.random.default_rng(0)) for values in by_layer.values()])
        found = np.vstack([[1.0, 1.0, 1.0], found])
        places = np.arange(len(found))
        axes.fill_between(places, found[:, 1], found[:, 2], color=COLOURS[method], alpha=0.2, linewidth=0)
        axes.plot(places, found[:, 0], "o-", color=COLOURS[method], linewidth=1.8, markersize=5, label=method)
        usual = float(np.nanmean(trust.anyway[method]))
        axes.axhline(usual, color=COLOURS[method], linewidth=1.2, linestyle=(0, (2, 3)))
    layers = list(next(iter(trust.cascade.values())))
    axes.set_xticks(range(len(layers) + 1), ["none", *layers], rotation=40, ha="right", fontsize=9)
    axes.set_xlabel("random weights from the head down to", fontsize=10)
    axes.set_ylabel("rank correlation with\nthe trained model's map", fontsize=10)
    axes.plot([], [], color=FAINT, linewidth=1.2, linestyle=(0, (2, 3)), label="two beats of a class")
    axes.legend(fontsize=9, frameon=False)
    return figure


def deletion_figure(findings: Findings) -> Figure:
    """Probability of the predicted class while samples are taken out, and while they are put in."""
    curves, info = findings.trust.curves, findings.info
    figure = new_figure(context("Do the marked samples matter?", info), WIDTH_IN, 7.2)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    titles = {
        "deletion": "taking samples out: the lower, the better the map",
        "insertion": "putting samples in: the higher, the better the map",
    }
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        tidy(axes)
        areas = curves.areas(kind)
        for order, values in getattr(curves, kind).items():
            found = np.array([mean_interval(column, np.random.default_rng(0)) for column in values.T])
            axes.fill_between(100 * curves.fraction, *found[:, 1:].T, color=COLOURS[order], alpha=0.18, linewidth=0)
            label = f"{order}: area {areas[order].mean():.2f}"
            axes.plot(100 * curves.fraction, found[:, 0], color=COLOURS[order], linewidth=1.8, label=label)
        axes.set_title(title, loc="left", fontsize=11, color=INK, pad=42)
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("probability of the\npredicted class", fontsize=10)
        axes.legend(fontsize=9, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2)
    panels[1].set_xlabel("share of the beat (%)", fontsize=10)
    return figure
