"""What each layer does with a beat, and what it knows: probes, embeddings, likeness to another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ecg.explain.activations import INPUT
from ecg.explain.arrays import Floats, Floats32, Ints, Names
from ecg.explain.figures import bare, coloured_table, figure_of, key, named
from ecg.explain.findings import Findings
from ecg.explain.waves import seconds, signal_mask
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
LINE, FILLED = "#7A3B00", "#E8C9A8"
_BAR: dict[str, Any] = {"linewidth": 5, "solid_capstyle": "butt", "clip_on": False}
_INPUT_IN, _TIME_IN, _MEAN_IN, _UNIT_IN = 1.15, 0.95, 0.42, 0.34
_NAME_IN = 0.25  # above each strip of units


def layers_figure(findings: Findings, beat: int, title: str) -> Figure:
    """The input and, below it on the same time axis, each layer's activations with their mean.

    Channels are in the order of the time at which they are most active on average, units in the order of the class
    that excites them most. Colours are relative to each channel's (or unit's) own strongest activity in the sample.

    Args:
        findings: all of them.
        beat: position in the mapped beats.
        title: above the figure.
    """
    layers, mapped, info = findings.layers, findings.mapped, findings.info
    y, outputs = mapped.beats.y, {name: out.numpy() for name, out in mapped.outputs.items()}
    hidden = [name for name, out in outputs.items() if name != INPUT and name not in layers.axes and out.ndim == 2][:-1]
    on_time, units = [_TIME_IN, _MEAN_IN] * len(layers.axes), [_UNIT_IN] * len(hidden)
    heights = [_INPUT_IN, *on_time, *units, 0.25 + 0.17 * len(info.classes)]
    figure = figure_of(title, info, 1.7 + 1.25 * sum(heights) + _NAME_IN * len(units))
    first, *panels, last = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
    t = seconds(info, info.shape[1])
    _input(first, mapped.beats.signal[beat], t, class_colours(info.classes)[info.classes[y[beat]]])
    timed = panels[: len(on_time)]
    for (name, axis), heat, mean in zip(layers.axes.items(), timed[::2], timed[1::2], strict=True):
        where = seconds(info, axis.centres)
        _heat(heat, outputs[name], y, beat, where, axis.step / info.fs, name)
        _mean(mean, where, outputs[name][beat].mean(axis=0))
    lowest = (first, *timed)[-1]
    for axes in (first, *timed):
        axes.set_xlim(t[0] - 0.5 / info.fs, t[-1] + 0.5 / info.fs)
        axes.tick_params(labelbottom=axes is lowest)
    lowest.set_xlabel("time from the R peak (s)")
    for axes, name in zip(panels[len(on_time) :], hidden, strict=True):
        _units(axes, outputs[name], y, beat, info.classes, name)
    _answer(last, mapped.probabilities[beat], info.classes)
    return figure


def _input(axes: Axes, x: Floats32, t: Floats, colour: str) -> None:
    tidy(axes, "input")
    used = signal_mask(x[None])[0]
    axes.plot(t[used], x[:, used].T, color=colour, linewidth=1.8)
    axes.plot(t[~used], x[:, ~used].T, color="#B5B5B5", linewidth=1.2, linestyle=":")
    axes.set_ylabel("amplitude")


def _relative(outputs: Floats32) -> Floats32:
    """Outputs [beat, channel, ...] in shares of each channel's own strongest activity."""
    others = (0, *range(2, outputs.ndim))
    strongest = np.quantile(np.abs(outputs), 0.995, axis=others, keepdims=True)
    return np.asarray(outputs / np.maximum(strongest, 1e-9))


def _picture(axes: Axes, values: Floats32, ends: tuple[float, float], signed: bool) -> None:
    """Relative activations, shape [row, column], in colour; zero is in the middle of the colours where `signed`."""
    colours, extent = "PuOr_r" if signed else "YlOrBr", (*ends, len(values), 0)
    between = "nearest" if values.shape[1] < 300 else "antialiased"
    axes.imshow(values, colours, aspect="auto", interpolation=between, vmin=-float(signed), vmax=1, extent=extent)
    bare(axes)
    axes.set_yticks([])


def _heat(axes: Axes, outputs: Floats32, y: Ints, beat: int, where: Floats, step: float, name: str) -> None:
    """Channels by time, in the order of the time at which they are most active, the classes weighing the same.

    Silent ones come last. `where` holds the positions' centres, `step` their distance, in seconds.
    """
    mean = np.mean([np.abs(outputs[y == c]).mean(axis=0, dtype=np.float64) for c in np.unique(y)], axis=0)
    silent = np.abs(outputs).max(axis=(0, 2)) == 0
    values = _relative(outputs)[beat][np.lexsort((mean.argmax(axis=1), silent))]
    _picture(axes, values, (where[0] - step / 2, where[-1] + step / 2), bool(outputs.min() < 0))
    named(axes, f"{name}: {len(values)} channels, {values.shape[1]} moments {1000 * step:.0f} ms apart")
    axes.set_ylabel("channel")


def _mean(axes: Axes, where: Floats, mean: Floats32) -> None:
    tidy(axes)
    axes.fill_between(where, 0, mean, color=FILLED, linewidth=0)
    axes.plot(where, mean, color=LINE, linewidth=1.3)
    axes.set_ylabel("mean")
    axes.tick_params(labelsize=8)
    axes.margins(y=0.15)
    axes.locator_params(axis="y", nbins=2)


def _units(axes: Axes, outputs: Floats32, y: Ints, beat: int, classes: Sequence[str], name: str) -> None:
    """A strip of units, in groups by the class that excites them most and within a group from strong to weak."""
    relative, present = _relative(outputs), np.unique(y)
    by_class = np.stack([relative[y == c].mean(axis=0) for c in present])
    live = np.flatnonzero(np.abs(outputs).max(axis=0) > 0)
    owner = present[by_class.argmax(axis=0)]
    order = live[np.lexsort((-by_class.max(axis=0)[live], owner[live]))]
    width = max(len(order), 1)
    _picture(axes, relative[beat][order][None], (0, width), bool(outputs.min() < 0))
    silent = outputs.shape[1] - len(order)
    left_out = f", {silent} of them silent and left out" if silent else ""
    named(axes, f"{name}: {outputs.shape[1]} units{left_out}", pad=9)
    ticks = {}
    for c in np.unique(owner[order]):
        mine = np.flatnonzero(owner[order] == c)
        ends, colour = [mine[0], mine[-1] + 1], class_colours(classes)[classes[c]]
        axes.plot(ends, [1.06, 1.06], color=colour, transform=axes.get_xaxis_transform(), **_BAR)
        if len(mine) >= 0.03 * len(order):
            ticks[float(mine.mean()) + 0.5] = classes[c]
    axes.set_xlim(0, width)
    axes.set_xticks(list(ticks), ticks.values(), fontsize=9)
    axes.tick_params(pad=5)


def _answer(axes: Axes, probabilities: Floats32, classes: Sequence[str]) -> None:
    tidy(axes, "head: probability of each class")
    bars = axes.barh(classes, probabilities, color=list(class_colours(classes).values()), height=0.75)
    axes.bar_label(bars, [f"{100 * p:.1f} %" for p in probabilities], padding=3, fontsize=8, color=FAINT)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.grid(visible=False)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.tick_params(labelsize=9)


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
