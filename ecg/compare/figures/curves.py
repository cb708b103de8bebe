"""Learning curves of all settings: how fast each learned, and where it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ecg.compare.figures.frame import STYLES, Shown, context, shade
from ecg.compare.measures import Measure
from ecg.compare.series import PALETTE, panels
from ecg.compare.settings import Group, Setting
from ecg.report.style import Floats, new_figure, say, tidy

LOSS = Measure("val/loss")
Styled = list[tuple[Setting, dict[str, Any]]]
"""Settings and how each one's curve looks."""


def curves_figure(group: Group, measure: Measure, histories: Mapping[str, pd.DataFrame]) -> Shown | None:
    """Validation loss and score per epoch: thick the mean over seeds, faint each seed; one row per line over k.

    Args:
        group: whose settings.
        measure: its validation counterpart is shown where it was recorded, else macro-F1.
        histories: history.csv of each run, by folder.

    Returns:
        None where no run has a history.
    """
    score = Measure(f"val/{measure.key.rpartition('/')[2]}")
    if not any(history[score.key].notna().any() for history in histories.values() if score.key in history):
        score = Measure("val/macro_f1")
    rows = _rows(group, histories)
    if not rows:
        return None
    figure = new_figure(context(group, "Learning curves"), 12, 1.2 + 3.5 * len(rows))
    grid = figure.subplots(len(rows), 2, squeeze=False, sharex=True, sharey="col")
    for (left, right), (title, styles) in zip(grid, rows, strict=True):
        for axes, shown, name in ((left, LOSS, "validation loss"), (right, score, f"{score.name} (%)")):
            tidy(axes, title)
            axes.set_ylabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            drawn = [_draw(axes, setting, style, histories, shown) for setting, style in styles]
            if not any(drawn):
                say(axes, "nothing recorded")
        found, columns = (right if any(drawn) else left).get_legend_handles_labels(), 1 + (len(styles) > 12)
        right.legend(*found, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9, frameon=False, ncols=columns)
    longest = max(map(len, histories.values()))
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
        axes.set_xlim(0.5, longest + 0.5)  # also of a lone epoch, which has no range of its own
    caption = (
        "Thick: mean over a setting's runs, as far as all of them got; faint: each run. Dark lines retrain many "
        "layers, light ones few; dashed is from scratch. A validation loss that rises again while training goes on is "
        "overfitting."
    )
    return Shown("learning_curves", "Learning curves", caption, figure)


def mean_curve(curves: Sequence[Floats]) -> Floats:
    """The mean over seeds, shape [epoch], as far as all of them have got."""
    shortest = min(map(len, curves))
    return np.asarray(np.mean([curve[:shortest] for curve in curves], axis=0))


def _rows(group: Group, histories: Mapping[str, pd.DataFrame]) -> list[tuple[str, Styled]]:
    """Title, settings and their styles of each row; from scratch is in every row of its panel, for reference."""
    found: list[tuple[str, Styled]] = []
    for panel in panels(group):
        others = [line for line in panel.lines if line.role != "scratch"]
        scratch: Styled = [
            (setting, {"color": line.colour, "linestyle": STYLES["scratch"], "label": line.label})
            for line in panel.lines
            for setting in line.settings
            if line.role == "scratch"
        ]
        for line in others:
            n = len(line.settings)
            styled = [(s, {"color": shade(i, n), "label": f"k={s.k}"}) for i, s in enumerate(line.settings)]
            found.append((", ".join(filter(None, (line.label, panel.title))), [*styled, *scratch]))
        if not others:
            found.append((panel.title, _apart(scratch)))
    if len(found) > 1 and all(len(styled) == 1 for _, styled in found):  # panels of one curve each: one row for all
        found = [("", _apart([one for _, styled in found for one in styled]))]
    return [row for row in found if any(str(run.folder) in histories for s, _ in row[1] for run in s.runs)]


def _apart(styled: Styled) -> Styled:
    """Settings that have no k: a colour each."""
    return [(s, {"color": PALETTE[i % len(PALETTE)], "label": s.label}) for i, (s, _) in enumerate(styled)]


def _draw(
    axes: Axes, setting: Setting, style: dict[str, Any], histories: Mapping[str, pd.DataFrame], shown: Measure
) -> bool:
    tables = [histories[str(run.folder)] for run in setting.runs if str(run.folder) in histories]
    curves = [shown.scale * table[shown.key].dropna().to_numpy(dtype=float) for table in tables if shown.key in table]
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return False
    for curve in curves if len(curves) > 1 else ():
        axes.plot(range(1, len(curve) + 1), curve, linewidth=0.8, alpha=0.3, **(style | {"label": None}))
    mean = mean_curve(curves)
    marker = "o" if len(mean) == 1 else ""  # one epoch alone would draw no line
    axes.plot(range(1, len(mean) + 1), mean, linewidth=2, marker=marker, **style)
    return True
