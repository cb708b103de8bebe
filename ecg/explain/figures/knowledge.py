"""What each layer knows: probes, embeddings, likeness to another model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.explain.figures import WIDTH_IN, context, key
from ecg.explain.findings import Findings
from ecg.report.style import FAINT, INK, class_colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"class": "#D55E00", "record": "#0072B2"}
LOOKS = {"trained": ("-", 2.2), "untrained": (":", 1.4), "source": ("--", 1.8)}
PATIENT_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D31", "#222222")
OTHERS = "#D9D9D9"


def probes_figure(findings: Findings) -> Figure:
    """Balanced accuracy of the linear probes, layer by layer, with chance levels."""
    table, info = findings.layers.probes, findings.info
    asked = list(dict.fromkeys(table["what"]))
    figure = new_figure(context("What a straight cut can read from each layer", info), WIDTH_IN, 1.9 + 2.5 * len(asked))
    panels = figure.subplots(len(asked), 1, sharex=True, squeeze=False)[:, 0]
    questions = {"class": "Which class is the beat?", "record": "Whose beat is it?"}
    for axes, what in zip(panels, asked, strict=True):
        tidy(axes, questions[what])
        mine = table[table["what"] == what]
        layers = list(dict.fromkeys(mine["layer"]))
        places = np.arange(len(layers))
        for model, (dash, width) in LOOKS.items():
            rows = mine[mine["model"] == model]
            if not len(rows):
                continue
            colour = COLOURS[what] if model == "trained" else FAINT if model == "untrained" else INK
            axes.plot(places, 100 * rows["score"], dash, color=colour, linewidth=width, marker="o",
                      markersize=5 if model == "trained" else 3, label=f"{model} weights")  # fmt: skip
            if model == "trained":
                axes.fill_between(places, 100 * rows["low"], 100 * rows["high"], color=colour, alpha=0.15, linewidth=0)
        chance = 100 * float(mine["chance"].iloc[0])
        axes.axhline(chance, color=INK, linewidth=1, linestyle=(0, (1, 2)))
        axes.text(
            len(layers) - 0.6, chance + 1.5, f"chance {chance:.0f} %", ha="right", va="bottom", fontsize=9, color=INK
        )
        axes.set_ylim(0, 102)
        axes.set_ylabel("balanced accuracy (%)", fontsize=10)
        axes.set_xticks(places, layers, rotation=40, ha="right", fontsize=9)
        axes.legend(fontsize=9, loc="lower left", ncols=3, frameon=False, bbox_to_anchor=(0, 0.06))
    panels[-1].set_xlabel("layer, from the input to the head", fontsize=10)
    return figure


def embeddings_figure(findings: Findings, by: str) -> Figure:
    """Each layer's two largest principal components, one dot per beat.

    Args:
        findings: all of them.
        by: `class` or `record`, what colours the dots.
    """
    layers, info = findings.layers, findings.info
    rows = -(-len(layers.flat) // 3)
    title = {"class": "Each layer in two dimensions, by class", "record": "The same dots, by record"}[by]
    from matplotlib.lines import Line2D

    figure = new_figure(context(title, info), WIDTH_IN, 2.2 + 2.1 * rows)
    grid = figure.add_gridspec(rows + 1, 3, height_ratios=[0.22, *[1.0] * rows])
    groups = _class_groups(findings) if by == "class" else _record_groups(findings)
    handles = [
        Line2D([], [], linestyle="", marker="o", color=colour, markersize=6, label=label) for label, colour, _ in groups
    ]
    key(figure.add_subplot(grid[0, :]), handles, 5)
    for place, (name, dots) in enumerate(layers.flat.items()):
        _dots(figure.add_subplot(grid[1 + place // 3, place % 3]), dots, groups, name)
    return figure


Groups = list[tuple[str, str, npt.NDArray[np.bool_]]]


def _class_groups(findings: Findings) -> Groups:
    y, classes = findings.layers.shown.y, findings.info.classes
    masks = {name: y == number for number, name in enumerate(classes)}
    return [(name, colour, masks[name]) for name, colour in class_colours(classes).items() if masks[name].any()]


def _record_groups(findings: Findings) -> Groups:
    """The eight records with the most dots in colour, the others in grey below them."""
    record = findings.layers.shown.record
    names, counts = np.unique(record, return_counts=True)
    most = [str(name) for name in names[np.argsort(-counts, kind="stable")][: len(PATIENT_COLOURS)]]
    groups: Groups = []
    if len(names) > len(most):
        groups.append(("others", OTHERS, ~np.isin(record, most)))
    return groups + [(name, colour, record == name) for name, colour in zip(most, PATIENT_COLOURS, strict=False)]


def _dots(axes: Axes, dots: npt.NDArray[np.float64], groups: Groups, name: str) -> None:
    tidy(axes, name)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    if dots.shape[1] < 2:
        dots = np.column_stack([dots, np.zeros(len(dots))])[:, :2]
    rng = np.random.default_rng(0)
    colours = np.empty(len(dots), dtype=object)
    for _, colour, mine in groups:
        colours[mine] = colour
    grey = colours == OTHERS
    for some in (np.flatnonzero(grey), rng.permutation(np.flatnonzero(~grey))):
        axes.scatter(dots[some, 0], dots[some, 1], c=list(colours[some]), s=5, linewidths=0, alpha=0.75)
    low, high = np.quantile(dots, [0.005, 0.995], axis=0)
    room = np.maximum(0.08 * (high - low), 1e-6)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])


def cka_figure(findings: Findings) -> Figure:
    """Likeness of each layer to each layer of the other models."""
    table, info = findings.layers.cka, findings.info
    others = list(dict.fromkeys(table["other"]))
    layers = list(dict.fromkeys(table["layer"]))
    side = 0.42 * len(layers)
    figure = new_figure(
        context("How alike the layers of two models are", info), WIDTH_IN, 1.8 + (side + 1.1) * len(others)
    )
    panels = figure.subplots(len(others), 1, squeeze=False)[:, 0]
    for number, (axes, other) in enumerate(zip(panels, others, strict=True), 2):
        _cka(axes, table[table["other"] == other], layers, "the source" if other == "source" else f"run {number}")
    return figure


def _cka(axes: Axes, table: pd.DataFrame, layers: list[str], who: str) -> None:
    its = list(dict.fromkeys(table["other_layer"]))
    values = (
        table.pivot(index="layer", columns="other_layer", values="cka").reindex(index=layers, columns=its).to_numpy()
    )
    axes.imshow(values, cmap="BuPu", vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(*values.shape):
        words = f"{values[i, j]:.2f}" if np.isfinite(values[i, j]) else "-"
        axes.text(j, i, words, ha="center", va="center", fontsize=8, color="white" if values[i, j] > 0.6 else INK)
    axes.set_xticks(range(len(its)), its, fontsize=9)
    axes.set_yticks(range(len(layers)), layers, fontsize=9)
    axes.set_xlabel(f"layer of {who}", fontsize=10)
    axes.set_ylabel("layer of this model", fontsize=10)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
