"""One beat on its way through the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecg.explain.activations import INPUT
from ecg.explain.figures import WIDTH_IN, context
from ecg.explain.findings import Findings
from ecg.explain.waves import r_peak, seconds, signal_mask
from ecg.report.style import FAINT, INK, class_colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

HOT, SIGNED, LINE = "YlOrBr", "PuOr_r", "#7A3B00"
_TIME_IN, _MEAN_IN, _UNIT_IN, _INPUT_IN = 0.95, 0.42, 0.34, 1.15


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
    hidden = [name for name in layers.outputs if name != INPUT and name not in layers.axes][:-1]
    heights = [
        _INPUT_IN,
        *[_TIME_IN, _MEAN_IN] * len(layers.axes),
        *[_UNIT_IN] * len(hidden),
        0.25 + 0.17 * len(info.classes),
    ]
    figure = new_figure(context(title, info), WIDTH_IN, 1.7 + 1.25 * sum(heights))
    panels = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
    t = seconds(info.cut, info.fs, info.shape[1])
    ends = (t[0] - 0.5 / info.fs, t[-1] + 0.5 / info.fs)
    _input(panels[0], mapped.beats.x[beat], t, class_colours(info.classes)[info.classes[mapped.beats.y[beat]]])
    below = 1
    for name, axis in layers.axes.items():
        where = axis.centres / info.fs - r_peak(info.cut)
        step = axis.step / info.fs
        _heat(panels[below], layers.outputs[name].numpy(), mapped.beats.y, beat, (where[0], where[-1], step), name)
        mean = layers.outputs[name][beat].numpy().mean(axis=0)
        _mean(panels[below + 1], where, mean)
        below += 2
    for axes in panels[:below]:
        axes.set_xlim(*ends)
        axes.tick_params(labelbottom=False)
    panels[below - 1].tick_params(labelbottom=True)
    panels[below - 1].set_xlabel("time from the R peak (s)", fontsize=10)
    for name in hidden:
        _units(panels[below], layers.outputs[name].numpy(), mapped.beats.y, beat, info.classes, name)
        below += 1
    _answer(panels[below], mapped.probabilities[beat], info.classes)
    return figure


def _input(axes: Axes, x: npt.NDArray[np.float32], t: Floats, colour: str) -> None:
    tidy(axes, "input")
    used = signal_mask(x[None])[0]
    for channel in x:
        axes.plot(t[used], channel[used], color=colour, linewidth=1.8)
        axes.plot(t[~used], channel[~used], color="#B5B5B5", linewidth=1.2, linestyle=":")
    axes.set_ylabel("amplitude", fontsize=9)


def _order(outputs: Floats, y: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Channels by the time at which they are most active, the classes weighing the same; silent ones last."""
    mean = np.mean([np.abs(outputs[y == c]).mean(axis=0) for c in np.unique(y)], axis=0)
    silent = np.abs(outputs).max(axis=(0, 2)) == 0
    return np.lexsort((mean.argmax(axis=1), silent))


def _heat(
    axes: Axes,
    outputs: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    beat: int,
    where: tuple[float, float, float],
    name: str,
) -> None:
    """Channels by time; `where` holds the centre of the first and last position and their distance, in seconds."""
    first, last, step = where
    order = _order(outputs.astype(np.float64), y)
    scale = np.maximum(np.quantile(np.abs(outputs), 0.995, axis=(0, 2)), 1e-9)
    values = (outputs[beat] / scale[:, None])[order]
    signed = bool(outputs.min() < 0)
    axes.imshow(
        values, aspect="auto", interpolation="nearest", cmap=SIGNED if signed else HOT, vmin=-float(signed), vmax=1,
        extent=(first - step / 2, last + step / 2, len(values), 0),
    )  # fmt: skip
    axes.set_title(
        f"{name}: {len(values)} channels, {values.shape[1]} moments {1000 * step:.0f} ms apart",
        loc="left", fontsize=10, color=INK, parse_math=False,
    )  # fmt: skip
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    axes.set_ylabel("channel", fontsize=9, color=INK)
    axes.tick_params(length=0)


def _mean(axes: Axes, where: Floats, mean: Floats) -> None:
    tidy(axes)
    axes.fill_between(where, 0, mean, color="#E8C9A8", linewidth=0)
    axes.plot(where, mean, color=LINE, linewidth=1.3)
    axes.set_ylabel("mean", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.margins(y=0.15)
    axes.locator_params(axis="y", nbins=2)


def _units(
    axes: Axes,
    outputs: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    beat: int,
    classes: Sequence[str],
    name: str,
) -> None:
    """A strip of units, in groups by the class that excites them most and within a group from strong to weak."""
    present = np.unique(y)
    scale = np.maximum(np.quantile(np.abs(outputs), 0.995, axis=0), 1e-9)
    by_class = np.stack([(outputs[y == c] / scale).mean(axis=0) for c in present])
    live = np.flatnonzero(np.abs(outputs).max(axis=0) > 0)
    owner = by_class.argmax(axis=0)
    order = live[np.lexsort((-by_class.max(axis=0)[live], owner[live]))]
    signed = bool(outputs.min() < 0)
    values = (outputs[beat] / scale)[order][None]
    axes.imshow(values, aspect="auto", interpolation="nearest" if len(order) < 300 else "antialiased",
                cmap=SIGNED if signed else HOT, vmin=-1 if signed else 0, vmax=1,
                extent=(0, max(len(order), 1), 1, 0))  # fmt: skip
    silent = outputs.shape[1] - len(order)
    words = f"{name}: {outputs.shape[1]} units" + (f", {silent} of them silent and left out" if silent else "")
    axes.set_title(words, loc="left", fontsize=10, color=INK, parse_math=False, pad=9)
    axes.set_yticks([])
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    colours = class_colours(classes)
    groups = np.array([present[o] for o in owner[order]])
    ticks, letters = [], []
    for c in present:
        mine = np.flatnonzero(groups == c)
        if len(mine) == 0:
            continue
        axes.plot([mine[0], mine[-1] + 1], [1.06, 1.06], color=colours[classes[c]], linewidth=5, clip_on=False,
                  solid_capstyle="butt", transform=axes.get_xaxis_transform())  # fmt: skip
        if len(mine) >= 0.03 * len(order):
            ticks.append(float(mine.mean()) + 0.5)
            letters.append(classes[c])
    axes.set_xlim(0, max(len(order), 1))
    axes.set_xticks(ticks, letters, fontsize=9)
    axes.tick_params(length=0, pad=5)


def _answer(axes: Axes, probabilities: npt.NDArray[np.float32], classes: Sequence[str]) -> None:
    tidy(axes, "head: probability of each class")
    colours = class_colours(classes)
    axes.barh(range(len(classes)), probabilities, color=[colours[name] for name in classes], height=0.75)
    axes.set_yticks(range(len(classes)), classes, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(visible=False)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.tick_params(labelsize=9)
    for i, p in enumerate(probabilities):
        inside = p > 0.8
        axes.text(p + (-0.01 if inside else 0.01), i, f"{100 * p:.1f} %", va="center", fontsize=8,
                  ha="right" if inside else "left", color="white" if inside else FAINT)  # fmt: skip
