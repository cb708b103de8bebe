"""One beat on its way through the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.explain.activations import INPUT
from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.figures import bare, figure_of, named
from ecg.explain.study import Findings
from ecg.explain.waves import seconds, signal_mask
from ecg.report.style import FAINT, class_colours, tidy

LINE, FILLED = "#7A3B00", "#E8C9A8"
_BAR: dict[str, Any] = {"linewidth": 5, "solid_capstyle": "butt", "clip_on": False}
_INPUT_IN, _TIME_IN, _MEAN_IN, _UNIT_IN = 1.15, 0.95, 0.42, 0.34


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
    figure = figure_of(title, info, 1.7 + 1.25 * sum(heights))
    first, *panels, last = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
    t = seconds(info, info.shape[1])
    _input(first, mapped.beats.signal[beat], t, class_colours(info.classes)[info.classes[y[beat]]])
    timed = panels[: len(on_time)]
    for (name, axis), heat, mean in zip(layers.axes.items(), timed[::2], timed[1::2], strict=True):
        where = seconds(info, axis.centres)
        _heat(heat, outputs[name], y, beat, where, axis.step / info.fs, name)
        _mean(mean, where, outputs[name][beat].mean(axis=0))
    for axes in (first, *timed):
        axes.set_xlim(t[0] - 0.5 / info.fs, t[-1] + 0.5 / info.fs)
        axes.tick_params(labelbottom=axes is timed[-1])
    timed[-1].set_xlabel("time from the R peak (s)")
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
