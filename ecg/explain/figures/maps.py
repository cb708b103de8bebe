"""Maps drawn over beats, single ones and each class's average; their shares by wave; and whether they deserve trust."""

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
from ecg.explain.arrays import Floats, Ints, Mask
from ecg.explain.deletion import RANDOM, area
from ecg.explain.figures import METHOD_COLOURS, coloured_table, figure_of, key, named
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.trust import Check
from ecg.explain.waves import NAMES, label_waves, seconds, signal_mask
from ecg.explain.windows import mean_interval, window_index, windowed
from ecg.report.style import FAINT, INK, class_colours, tidy

AGAINST, NEITHER, FOR = "#0072B2", "#C4C4C4", "#D55E00"
BAND = "#DDDDDD"
COLOURS = METHOD_COLOURS | {RANDOM: "#6B6B6B"}
DOTTED = (0, (2, 3))
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
    for (check, method, of), values in findings.checked.checks.items():
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
    falls = findings.checked.rows(Check.RANDOM_WEIGHTS)
    for method, usual in findings.checked.means(Check.ANYWAY).items():
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
        for order, curve in findings.checked.curves[kind].items():
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
