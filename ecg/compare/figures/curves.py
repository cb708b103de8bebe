"""Learning curves of all settings: how fast each learned, and where it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.ticker import MaxNLocator

from ecg.compare.figures.frame import SCRATCH_STYLE, context
from ecg.compare.measures import Measure
from ecg.compare.series import PALETTE, Line, panels
from ecg.compare.settings import Group, Setting
from ecg.report.style import INK, new_figure, say, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSS = "val/loss"


def curves_figure(group: Group, measure: Measure, histories: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Validation loss and score per epoch: thick the mean over seeds, faint each seed; one row per line over k.

    Args:
        group: whose settings.
        measure: its validation counterpart is shown where it was recorded, else macro-F1.
        histories: history.csv of each run, by folder.

    Returns:
        None where no run has a history.
    """
    score = _score(measure, histories)
    rows = _rows(group, histories)
    if not rows:
        return None
    figure = new_figure(context(group, "Learning curves"), 12, 1.2 + 3.5 * len(rows))
    grid = figure.subplots(len(rows), 2, squeeze=False, sharex=True, sharey="col")
    for (left, right), (title, styles) in zip(grid, rows, strict=True):
        for axes, column, name in ((left, LOSS, "validation loss"), (right, score.key, f"{score.name} (%)")):
            tidy(axes, title)
            axes.set_ylabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            scale = 1 if column == LOSS else score.scale
            drawn = [_draw(axes, setting, style, histories, column, scale) for setting, style in styles]
            if not any(drawn):
                say(axes, "nothing recorded")
        right.legend(
            loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9, frameon=False, ncols=1 + (len(styles) > 12)
        )
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    return figure


def mean_curve(curves: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The mean over seeds, shape [epoch], as far as all of them have got."""
    shortest = min(map(len, curves))
    mean: npt.NDArray[Any] = np.mean([curve[:shortest] for curve in curves], axis=0)
    return mean


def _score(measure: Measure, histories: Mapping[str, pd.DataFrame]) -> Measure:
    wanted = f"val/{measure.key.rpartition('/')[2]}"
    known = any(wanted in history and history[wanted].notna().any() for history in histories.values())
    return Measure(wanted if known else "val/macro_f1")


Style = dict[str, Any]


def _rows(group: Group, histories: Mapping[str, pd.DataFrame]) -> list[tuple[str, list[tuple[Setting, Style]]]]:
    """Title, settings and their styles of each row; from scratch is in every row of its panel, for reference."""
    found = []
    for panel in panels(group):
        scratch = [(s, _style(line, s, 0, 1)) for line in panel.lines if line.role == "scratch" for s in line.settings]
        others = [line for line in panel.lines if line.role != "scratch"]
        for line in others:
            n = len(line.settings)
            styled = [(s, _style(line, s, i, n)) for i, s in enumerate(line.settings)]
            found.append((", ".join(filter(None, (line.label, panel.title))), [*styled, *scratch]))
        if not others:
            found.append((panel.title, _apart([setting for setting, _ in scratch])))
    if len(found) > 1 and all(len(styled) == 1 for _, styled in found):  # panels of one curve each: one row for all
        found = [("", _apart([styled[0][0] for _, styled in found]))]
    return [row for row in found if any(str(run.folder) in histories for s, _ in row[1] for run in s.runs)]


def _apart(settings: Sequence[Setting]) -> list[tuple[Setting, Style]]:
    """Settings that have no k: a colour each."""
    styles = [{"color": PALETTE[i % len(PALETTE)], "linestyle": "-"} for i in range(len(settings))]
    return [(s, style | {"label": s.label}) for s, style in zip(settings, styles, strict=True)]


def _style(line: Line, setting: Setting, place: int, n: int) -> Style:
    """Dark for many retrained layers, light for few; from scratch black and dashed. The row's title says the rest."""
    from matplotlib import colormaps

    if line.role == "scratch":
        return {"color": INK, "linestyle": SCRATCH_STYLE, "label": line.label}
    colour = colormaps["viridis_r"](0.18 + 0.8 * (place / max(1, n - 1)))
    return {"color": colour, "linestyle": "-", "label": f"k={setting.k}"}


def _draw(
    axes: Axes, setting: Setting, style: Style, histories: Mapping[str, pd.DataFrame], column: str, scale: int
) -> bool:
    tables = [histories[str(run.folder)] for run in setting.runs if str(run.folder) in histories]
    curves = [scale * table[column].dropna().to_numpy(dtype=float) for table in tables if column in table]
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return False
    for curve in curves if len(curves) > 1 else ():
        axes.plot(range(len(curve)), curve, linewidth=0.8, alpha=0.3, **(style | {"label": None}))
    mean = mean_curve(curves)
    marker = "o" if len(mean) == 1 else ""  # one epoch alone would draw no line
    axes.plot(range(len(mean)), mean, linewidth=2, marker=marker, **style)
    return True
