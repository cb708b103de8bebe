"""Attribution per wave and class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecg.explain.figures import coloured_table, figure_of
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.waves import NAMES
from ecg.report.style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def shares_figure(findings: Findings) -> Figure:
    """For each method a table in colour: classes by waves, the number the share of attribution in percent."""
    table, info = findings.attribution, findings.info
    waves = [name for name in NAMES if (table["region"] == name).any()]
    classes = list(table["class"].unique())
    starred = {name: f"{name}*" for name in table["class"][~table["right"]]}
    broken = {name: name.replace(" ", "\n", 1) for name in waves}
    height = 2.0 + len(METHODS) * (0.7 + 0.37 * len(classes))
    figure = figure_of("Where the evidence lies, by wave and class", info, height)
    panels = figure.subplots(len(METHODS), 1, squeeze=False)[:, 0]
    for axes, method in zip(panels, METHODS, strict=True):
        mine = table[table["method"] == method]
        ratio, share = (
            mine.pivot(index="class", columns="region", values=what).reindex(index=classes, columns=waves)
            for what in ("ratio", "share")
        )
        even = ratio.clip(1 / 8, 8).rename(index=starred, columns=broken).apply(np.log2)
        words = np.where(share.notna(), np.char.mod("%.0f", 100 * share), "")
        image = coloured_table(axes, even, words, even.abs().to_numpy() > 1.7, cmap="PuOr_r", vmin=-3, vmax=3)
        axes.set_title(method, loc="left", fontsize=11, color=INK)
    bar = figure.colorbar(image, ax=list(panels), location="bottom", fraction=0.05, aspect=40, pad=0.02)
    bar.set_ticks([-3, -2, -1, 0, 1, 2, 3], labels=["1/8", "1/4", "1/2", "even", "x 2", "x 4", "x 8"])
    bar.set_label("share of evidence over share of time; the numbers are the shares in %", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    return figure
