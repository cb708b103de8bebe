"""What each layer knows: probes, embeddings, likeness to another model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ecg.explain.arrays import Floats, Names
from ecg.explain.figures import coloured_table, figure_of, key
from ecg.explain.study import Findings
from ecg.report.style import FAINT, INK, class_colours, tidy

ASKED = {"class": ("Which class is the beat?", "#D55E00"), "record": ("Whose beat is it?", "#0072B2")}
"""Title and colour of each question's panel."""
LOOKS: dict[str, dict[str, Any]] = {
    "trained": {"linestyle": "-", "linewidth": 2.2, "markersize": 5},
    "untrained": {"linestyle": ":", "linewidth": 1.4, "markersize": 3, "color": FAINT},
    "source": {"linestyle": "--", "linewidth": 1.8, "markersize": 3, "color": INK},
}
"""Each model's line; the trained model's has the colour of its question."""
PATIENT_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D31", "#222222")
OTHERS = "#D9D9D9"


def probes_figure(findings: Findings) -> Figure:
    """Balanced accuracy of the linear probes, layer by layer, with chance levels."""
    asked = findings.layers.probes.groupby("what", sort=False)
    figure = figure_of("What a linear probe can read from each layer", findings.info, 1.9 + 2.5 * len(asked))
    panels = figure.subplots(len(asked), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (what, mine) in zip(panels, asked, strict=True):
        _probes(axes, mine, *ASKED[str(what)])
    panels[-1].set_xlabel("layer, from the input to the head")
    return figure


def _probes(axes: Axes, table: pd.DataFrame, title: str, colour: str) -> None:
    """One question's scores."""
    tidy(axes, title)
    layers, places = table["layer"].unique(), np.arange(table["layer"].nunique())
    for model, rows in table.groupby("model", sort=False):
        how = {"color": colour} | LOOKS[str(model)]
        axes.plot(places, 100 * rows["score"], marker="o", label=f"{model} weights", **how)
        if model == "trained":
            axes.fill_between(places, 100 * rows["low"], 100 * rows["high"], color=colour, alpha=0.15, linewidth=0)
    chance = 100 * float(table["chance"].iloc[0])
    axes.axhline(chance, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    axes.text(len(layers) - 0.6, chance + 1.5, f"chance {chance:.0f} %", ha="right", fontsize=9, color=INK)
    axes.set(ylim=(0, 102), ylabel="balanced accuracy (%)")
    axes.set_xticks(places, layers, rotation=40, ha="right", fontsize=9)
    axes.legend(fontsize=9, loc="lower left", ncols=3, frameon=False, bbox_to_anchor=(0, 0.06))


def embeddings_figure(findings: Findings, by: str) -> Figure:
    """Each layer's two largest principal components, one dot per beat.

    Args:
        findings: all of them.
        by: `class` or `record`, what colours the dots.
    """
    layers, classes = findings.layers, findings.info.classes
    if by == "class":
        title, labels = "Each layer in two dimensions, by class", np.array(classes)[layers.shown.y]
        colours = {name: colour for name, colour in class_colours(classes).items() if name in labels}
    else:
        title = "The same dots, by record"
        labels, colours = _by_record(layers.shown.record)
    rows = -(-len(layers.flat) // 3)
    figure = figure_of(title, findings.info, 2.2 + 2.1 * rows)
    grid = figure.add_gridspec(rows + 1, 3, height_ratios=[0.22, *[1.0] * rows])
    handles = [Line2D([], [], ls="", marker="o", color=colour, label=label) for label, colour in colours.items()]
    key(figure.add_subplot(grid[0, :]), handles, 5)
    for place, (name, dots) in enumerate(layers.flat.items()):
        axes = figure.add_subplot(grid[1 + place // 3, place % 3])
        tidy(axes, name)
        _dots(axes, dots, np.array([colours[label] for label in labels]))
    return figure


def _by_record(record: Names) -> tuple[Names, dict[str, str]]:
    """Each dot's label, and the labels' colours: the eight records with the most dots, the others in grey."""
    names, counts = np.unique(record, return_counts=True)
    most = names[np.argsort(-counts, kind="stable")][: len(PATIENT_COLOURS)]
    grey = {"others": OTHERS} if len(names) > len(most) else {}
    coloured = dict(zip(most.tolist(), PATIENT_COLOURS, strict=False))
    return np.where(np.isin(record, most), record, "others"), grey | coloured


def _dots(axes: Axes, dots: Floats, colours: Names) -> None:
    """Dots in random order, the grey ones below the others; a missing second dimension is zero."""
    dots = np.pad(dots, ((0, 0), (0, 2 - dots.shape[1])))
    grey = colours == OTHERS
    order = np.concatenate([np.flatnonzero(grey), np.random.default_rng(0).permutation(np.flatnonzero(~grey))])
    axes.scatter(dots[order, 0], dots[order, 1], c=colours[order].tolist(), s=5, linewidths=0, alpha=0.75)
    low, high = np.quantile(dots, [0.005, 0.995], axis=0)
    room = np.maximum(0.08 * (high - low), 1e-6)
    across, up = zip(low - room, high + room, strict=True)
    axes.set(xlim=across, ylim=up, xticks=[], yticks=[])


def cka_figure(findings: Findings) -> Figure:
    """Likeness of each layer to each layer of the other models."""
    table = findings.layers.cka
    others, layers = table.groupby("other", sort=False), table["layer"].unique()
    height = 1.8 + (0.42 * len(layers) + 1.1) * len(others)
    figure = figure_of("How alike the layers of two models are", findings.info, height)
    panels = figure.subplots(len(others), 1, squeeze=False)[:, 0]
    for axes, (other, rows) in zip(panels, others, strict=True):
        values = rows.pivot(index="layer", columns="other_layer", values="cka")
        values = values.reindex(index=layers, columns=rows["other_layer"].unique())
        words = np.where(values.notna(), np.char.mod("%.2f", values), "-")
        coloured_table(axes, values, words, values.to_numpy() > 0.6, cmap="BuPu", vmin=0, vmax=1)
        who = "the source" if other == "source" else f"run {str(other).partition(':')[0]}"
        axes.set(xlabel=f"layer of {who}", ylabel="layer of this model")
    return figure
