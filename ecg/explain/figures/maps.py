"""Maps drawn over beats, single ones and each class's average, and their shares by wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ecg.data.info import DataInfo
from ecg.explain.arrays import Floats, Mask
from ecg.explain.figures import METHOD_COLOURS, coloured_table, figure_of, key, named
from ecg.explain.maps import METHODS
from ecg.explain.study import Findings
from ecg.explain.waves import NAMES, label_waves, seconds, signal_mask
from ecg.explain.windows import window_index, windowed
from ecg.report.style import FAINT, INK, class_colours, tidy

AGAINST, NEITHER, FOR = "#0072B2", "#C4C4C4", "#D55E00"
BAND = "#DDDDDD"
LETTERS = {"T to P": "", "next P": "P'", "next beat": "QRS'", "padding": "", "before": ""}
"""How a wave is called in the narrow space above a beat; a dash marks the next beat's."""
_ABOVE: dict[str, Any] = {"fontsize": 8, "color": FAINT, "ha": "center", "va": "bottom", "parse_math": False}


def saliency_figure(findings: Findings) -> Figure:
    """The chosen beats, each coloured by integrated gradients, with the other methods below it."""
    mapped, info, beats = findings.mapped, findings.info, findings.mapped.beats
    figure, panels = _panels("Which samples speak for the predicted class", info, len(mapped.chosen))
    for axes, chosen in zip(panels, mapped.chosen, strict=True):
        i = chosen.beat
        used = signal_mask(beats.signal[i][None])[0]
        maps = {method: map_[i] for method, map_ in mapped.maps.items()}
        _beat(axes, info, beats.signal[i, 0].astype(np.float64), used, maps)
        _waves(axes, info, mapped.waves[i])
        named(axes, mapped.told(chosen, info.classes), pad=15)
    return figure


def classes_figure(findings: Findings) -> Figure:
    """Each class's mean beat with the band of its middle 80 %, coloured by the mean map; beats predicted correctly."""
    mapped, info, beats = findings.mapped, findings.info, findings.mapped.beats
    present = np.unique(beats.y)
    figure, panels = _panels("Each class's average beat and where its evidence lies", info, len(present))
    for axes, c in zip(panels, present, strict=True):
        right, name = (beats.y == c) & (mapped.predicted == c), info.classes[c]
        if not right.any():
            tidy(axes, f"{name}: no beat predicted correctly")
            axes.set_yticks([])
            continue
        x = beats.signal[right, 0].astype(np.float64)
        used = signal_mask(beats.signal[right]).mean(axis=0) >= 0.5
        maps = {method: map_[right].mean(axis=0) for method, map_ in mapped.maps.items()}
        _beat(axes, info, x.mean(axis=0), used, maps, band=np.quantile(x, [0.1, 0.9], axis=0))
        rr = beats.rr_after[right]
        usual = np.median(rr[np.isfinite(rr)]) if np.isfinite(rr).any() else np.nan
        _waves(axes, info, label_waves(np.array([usual]), used[None], _time(info))[0])
        words = f"{name}: mean of {len(x)} beats predicted correctly, band 10-90 %"
        named(axes, words, class_colours(info.classes)[name], pad=15, fontweight="bold")
    return figure


def shares_figure(findings: Findings) -> Figure:
    """For each method a table in colour: classes by waves, the number the share of attribution in percent."""
    table, info = findings.attribution, findings.info
    waves = [name for name in NAMES if (table["region"] == name).any()]
    classes = list(table["class"].unique())
    starred = {name: f"{name}*" for name in table["class"][~table["right"]]}
    broken = {name: name.replace(" ", "\n", 1) for name in waves}
    height = 2.0 + len(METHODS) * (0.7 + 0.37 * len(classes))
    figure = figure_of("Where the evidence lies, by wave and class", info, height)
    panels = figure.subplots(len(METHODS), 1)
    for axes, method in zip(panels, METHODS, strict=True):
        mine = table[table["method"] == method].set_index(["class", "region"])
        ratio, share = (mine[what].unstack().reindex(index=classes, columns=waves) for what in ("ratio", "share"))
        even = ratio.clip(1 / 8, 8).rename(index=starred, columns=broken).apply(np.log2)
        words = np.where(share.notna(), np.char.mod("%.0f", 100 * share), "")
        image = coloured_table(axes, even, words, even.abs().to_numpy() > 1.7, cmap="PuOr_r", vmin=-3, vmax=3)
        axes.set_title(method, loc="left", fontsize=11, color=INK)
    bar = figure.colorbar(image, ax=list(panels), location="bottom", fraction=0.05, aspect=40, pad=0.02)
    bar.set_ticks([-3, -2, -1, 0, 1, 2, 3], labels=["1/8", "1/4", "1/2", "even", "x 2", "x 4", "x 8"])
    bar.set_label("share of evidence over share of time; the numbers are the shares in %", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    return figure


def _time(info: DataInfo) -> Floats:
    return seconds(info, info.shape[1])


def _panels(title: str, info: DataInfo, rows: int) -> tuple[Figure, list[Axes]]:
    """A figure with a key and, below it, one panel per beat on a common time axis."""
    figure = figure_of(title, info, 1.9 + 2.0 * rows)
    first, *panels = figure.subplots(rows + 1, 1, gridspec_kw={"height_ratios": [0.12, *[1.0] * rows]})
    for axes in panels[:-1]:
        axes.sharex(panels[-1])
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel("time from the R peak (s)")
    lines = {"speaks for it": (FOR, 3.5), "neither": (NEITHER, 1.5), "against it": (AGAINST, 3.5)}
    handles = [Line2D([], [], color=colour, linewidth=width, label=word) for word, (colour, width) in lines.items()]
    patches = [Patch(color=METHOD_COLOURS[method], label=method) for method in METHODS[1:]]
    key(first, [*handles, *patches], len(handles) + len(patches))
    return figure, panels


def _beat(
    axes: Axes, info: DataInfo, x: Floats, used: Mask, maps: Mapping[str, Floats], band: Floats | None = None
) -> None:
    """A line whose colour is the evidence by gradients, over its `band`, and below an area for each other method."""
    tidy(axes)
    axes.grid(visible=False)
    t, curves = _time(info), np.vstack([x, x if band is None else band])
    if band is not None:
        axes.fill_between(t, *band, color=BAND, linewidth=0, zorder=0.5)
    _coloured_line(axes, t, x, used, _smooth(maps[METHODS[0]], info.fs))
    low, high = curves.min(), max(curves.max(), curves.min() + 1e-6)
    room = 0.26 * (high - low)
    for place, method in enumerate(METHODS[1:], 1):
        zero = low - 1.15 * room * place
        height = 0.5 * room * maps[method] / max(float(np.abs(maps[method]).max()), 1e-12)
        colour = METHOD_COLOURS[method]
        axes.fill_between(t, zero, zero + np.clip(height, 0, None), color=colour, alpha=0.8, linewidth=0)
        axes.fill_between(t, zero, zero + np.clip(height, None, 0), color=colour, alpha=0.3, linewidth=0)
        axes.axhline(zero, color=colour, linewidth=0.6)
    axes.set(xlim=(t[0], t[-1]), ylim=(zero - 0.65 * room, high + 0.12 * (high - low)), ylabel="amplitude")
    axes.set_yticks([tick for tick in axes.get_yticks() if low - 1e-6 <= tick <= high + 1e-6])
    axes.tick_params(labelsize=9)


def _smooth(map_: Floats, fs: float) -> Floats:
    """A map averaged over the windows that maps are compared in, at every sample."""
    index = window_index(len(map_), fs)
    return np.asarray(windowed(map_[None], index)[0][index])


def _coloured_line(axes: Axes, t: Floats, x: Floats, used: Mask, map_: Floats) -> None:
    """The beat, thick and in colour where the map is strong for it, dotted in padding."""
    colours = LinearSegmentedColormap.from_list("evidence", [AGAINST, NEITHER, FOR])
    reach = max(float(np.quantile(np.abs(map_), 0.98)), 1e-12)
    value = np.clip((map_[:-1] + map_[1:]) / 2 / reach, -1, 1)
    points = np.stack([t, x], axis=1)
    widths, dashes = np.where(used[:-1], 1.2 + 2.6 * np.abs(value), 1.2), np.where(used[:-1], "-", ":").tolist()
    how = {"colors": colours(0.5 + value / 2), "linewidths": widths, "linestyles": dashes}
    segments = np.stack([points[:-1], points[1:]], axis=1)
    axes.add_collection(LineCollection(list(segments), capstyle="round", zorder=3, **how))


def _waves(axes: Axes, info: DataInfo, label: npt.NDArray[np.integer]) -> None:
    """Name each wave above the panel and mark where it begins."""
    t, edges, step = _time(info), np.flatnonzero(np.diff(label)) + 1, 1 / info.fs
    for start, stop in zip([0, *edges], [*edges, len(label)], strict=True):
        if start:
            axes.axvline(t[start] - step / 2, color="#E0E0E0", linewidth=0.8, zorder=0.3)
        words = LETTERS.get(NAMES[label[start]], NAMES[label[start]])
        if words and (stop - start) * step > 0.03:
            axes.text((t[start] + t[stop - 1]) / 2, 1.02, words, transform=axes.get_xaxis_transform(), **_ABOVE)
