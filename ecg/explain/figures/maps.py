"""Maps drawn over beats: single ones, and each class's average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecg.explain.figures import WIDTH_IN, context, key
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.waves import NAMES, label_waves, seconds, signal_mask
from ecg.explain.windows import window_index, windowed
from ecg.report.style import FAINT, INK, Context, class_colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

AGAINST, NEITHER, FOR = "#0072B2", "#C4C4C4", "#D55E00"
CAMS = {METHODS[1]: "#8A6BBE", METHODS[2]: "#2E8B6F"}
BAND = "#DDDDDD"
LETTERS = {"T to P": "", "next P": "P'", "next beat": "QRS'", "padding": "", "before": ""}
"""How a wave is called in the narrow space above a beat; a dash marks the next beat's."""


def saliency_figure(findings: Findings) -> Figure:
    """The chosen beats, each coloured by integrated gradients, with Grad-CAM below it."""
    mapped, info = findings.mapped, findings.info
    title = "Which samples speak for the predicted class"
    figure, panels = _panels(context(title, info), len(mapped.chosen))
    t = seconds(info.cut, info.fs, info.shape[1])
    for axes, chosen in zip(panels, mapped.chosen, strict=True):
        i = chosen.beat
        used = signal_mask(mapped.beats.x[i][None])[0]
        maps = {method: map_[i] for method, map_ in mapped.maps.items()}
        x = mapped.beats.x[i, 0].astype(np.float64)
        _beat(axes, t, x, used, maps, info.fs, (x.min(), x.max()))
        _waves(axes, t, mapped.waves[i])
        verdict = f"{info.classes[mapped.beats.y[i]]} called {info.classes[mapped.called[i]]}"
        sure = 100 * mapped.probabilities[i, mapped.called[i]]
        where = f"record {mapped.beats.record[i]}"
        axes.set_title(f"{chosen.why}: {verdict}, {sure:.0f} %, {where}", loc="left", fontsize=10, color=INK,
                       parse_math=False, pad=15)  # fmt: skip
    panels[-1].set_xlabel("time from the R peak (s)")
    return figure


def classes_figure(findings: Findings) -> Figure:
    """Each class's mean beat with the band of its middle 80 %, coloured by the mean map of beats called right."""
    mapped, info = findings.mapped, findings.info
    present = [c for c in range(len(info.classes)) if (mapped.beats.y == c).any()]
    title = "Each class's average beat and where its evidence lies"
    figure, panels = _panels(context(title, info), len(present))
    t = seconds(info.cut, info.fs, info.shape[1])
    for axes, c in zip(panels, present, strict=True):
        right = np.flatnonzero((mapped.beats.y == c) & (mapped.called == c))
        name = info.classes[c]
        if len(right) == 0:
            tidy(axes, f"{name}: no beat called right")
            axes.set_yticks([])
            continue
        x = mapped.beats.x[right, 0].astype(np.float64)
        used = signal_mask(mapped.beats.x[right]).mean(axis=0) >= 0.5
        low, high = np.quantile(x, [0.1, 0.9], axis=0)
        axes.fill_between(t, low, high, color=BAND, linewidth=0, zorder=0.5)
        maps = {method: map_[right].mean(axis=0) for method, map_ in mapped.maps.items()}
        mean = x.mean(axis=0)
        _beat(axes, t, mean, used, maps, info.fs, (low.min(), max(high.max(), mean.max())))
        rr = mapped.beats.rr_after[right]
        usual = np.median(rr[np.isfinite(rr)]) if np.isfinite(rr).any() else np.nan
        _waves(axes, t, label_waves(np.array([usual]), used[None], t)[0])
        colour = class_colours(info.classes)[name]
        axes.set_title(f"{name}: mean of {len(right)} beats called right, band 10-90 %", loc="left", fontsize=10,
                       color=colour, parse_math=False, pad=15, fontweight="bold")  # fmt: skip
    panels[-1].set_xlabel("time from the R peak (s)")
    return figure


def _panels(words: Context, rows: int) -> tuple[Figure, list[Axes]]:
    """A figure with a key and, below it, one panel per beat on a common time axis."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure = new_figure(words, WIDTH_IN, 1.9 + 2.0 * rows)
    heights = [0.12, *[1.0] * rows]
    first, *panels = figure.subplots(rows + 1, 1, gridspec_kw={"height_ratios": heights})
    for axes in panels[:-1]:
        axes.sharex(panels[-1])
        axes.tick_params(labelbottom=False)
    handles = [
        Line2D([], [], color=FOR, linewidth=3.5, label="speaks for it"),
        Line2D([], [], color=NEITHER, linewidth=1.5, label="neither"),
        Line2D([], [], color=AGAINST, linewidth=3.5, label="against it"),
        *(Patch(color=colour, label=method) for method, colour in CAMS.items()),
    ]
    key(first, handles, len(handles))
    return figure, panels


def _smooth(map_: Floats, fs: float) -> Floats:
    """A map averaged over the windows that maps are compared in, at every sample."""
    index = window_index(len(map_), fs)
    smooth: Floats = windowed(map_[None], index)[0][index]
    return smooth


def _beat(
    axes: Axes,
    t: Floats,
    x: Floats,
    used: npt.NDArray[np.bool_],
    maps: Mapping[str, Floats],
    fs: float,
    limits: tuple[float, float],
) -> None:
    """A line whose colour is the evidence by gradients, and below `limits` an area for each other method."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    tidy(axes)
    axes.grid(visible=False)
    colours = LinearSegmentedColormap.from_list("evidence", [AGAINST, NEITHER, FOR])
    gradients = _smooth(maps[METHODS[0]], fs)
    reach = max(float(np.quantile(np.abs(gradients), 0.98)), 1e-12)
    points = np.stack([t, x], axis=1)
    segments = np.stack([points[:-1], points[1:]], axis=1)
    value = np.clip((gradients[:-1] + gradients[1:]) / 2 / reach, -1, 1)
    lines = LineCollection(
        list(segments), colors=colours(0.5 + value / 2), linewidths=np.where(used[:-1], 1.2 + 2.6 * np.abs(value), 1.2),
        linestyles=["-" if u else ":" for u in used[:-1]], capstyle="round", zorder=3,
    )  # fmt: skip
    axes.add_collection(lines)
    low, high = limits[0], max(limits[1], limits[0] + 1e-6)
    room = 0.26 * (high - low)
    zero = low
    for method, colour in CAMS.items():
        zero -= 1.15 * room
        height = 0.5 * room * maps[method] / max(float(np.abs(maps[method]).max()), 1e-12)
        axes.fill_between(t, zero, zero + np.clip(height, 0, None), color=colour, alpha=0.8, linewidth=0)
        axes.fill_between(t, zero, zero + np.clip(height, None, 0), color=colour, alpha=0.3, linewidth=0)
        axes.axhline(zero, color=colour, linewidth=0.6)
    axes.set_xlim(t[0], t[-1])
    axes.set_ylim(zero - 0.65 * room, high + 0.12 * (high - low))
    axes.set_yticks([tick for tick in axes.get_yticks() if low - 1e-6 <= tick <= high + 1e-6])
    axes.set_ylabel("amplitude", fontsize=9)
    axes.tick_params(labelsize=9)


def _waves(axes: Axes, t: Floats, label: npt.NDArray[np.integer]) -> None:
    """Name each wave above the panel and mark where it begins."""
    edges = np.flatnonzero(np.diff(label)) + 1
    step = t[1] - t[0]
    for start, stop in zip([0, *edges], [*edges, len(label)], strict=True):
        name = NAMES[label[start]]
        if start:
            axes.axvline(t[start] - step / 2, color="#E0E0E0", linewidth=0.8, zorder=0.3)
        words = LETTERS.get(name, name)
        if words and (stop - start) * step > 0.03:
            axes.text((t[start] + t[stop - 1]) / 2, 1.02, words, transform=axes.get_xaxis_transform(), ha="center",
                      va="bottom", fontsize=8, color=FAINT, parse_math=False)  # fmt: skip
