"""Attribution per wave and class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecg.explain.figures import WIDTH_IN, context
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.waves import NAMES
from ecg.report.style import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def shares_figure(findings: Findings) -> Figure:
    """For each method a table in colour: classes by waves, the number the share of attribution in percent."""
    table, info = findings.attribution, findings.info
    waves = [name for name in NAMES if (table["region"] == name).any()]
    classes = [name for name in info.classes if (table["class"] == name).any()]
    height = 2.0 + len(METHODS) * (0.7 + 0.37 * len(classes))
    figure = new_figure(context("Where the evidence lies, by wave and class", info), WIDTH_IN, height)
    panels = figure.subplots(len(METHODS), 1, squeeze=False)[:, 0]
    image = None
    for axes, method in zip(panels, METHODS, strict=True):
        mine = table[table["method"] == method]
        ratio, share = (
            mine.pivot(index="class", columns="region", values=what).reindex(index=classes, columns=waves).to_numpy()
            for what in ("ratio", "share")
        )
        image = axes.imshow(np.log2(np.clip(ratio, 1 / 8, 8)), cmap="PuOr_r", vmin=-3, vmax=3, aspect="auto")
        for i, j in np.ndindex(*share.shape):
            if np.isfinite(share[i, j]):
                dark = abs(np.log2(np.clip(ratio[i, j], 1 / 8, 8))) > 1.7
                axes.text(j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=10,
                          color="white" if dark else INK)  # fmt: skip
        right = {str(row["class"]): bool(row["right"]) for _, row in mine.iterrows()}
        axes.set_xticks(range(len(waves)), [name.replace(" ", "\n", 1) for name in waves], fontsize=9)
        axes.set_yticks(range(len(classes)), [name if right[name] else f"{name}*" for name in classes], fontsize=10)
        axes.set_title(method, loc="left", fontsize=11, color=INK)
        axes.tick_params(length=0)
        axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    assert image is not None
    bar = figure.colorbar(image, ax=list(panels), location="bottom", fraction=0.05, aspect=40, pad=0.02)
    bar.set_ticks([-3, -2, -1, 0, 1, 2, 3], labels=["1/8", "1/4", "1/2", "even", "x 2", "x 4", "x 8"])
    bar.set_label("share of evidence over share of time; the numbers are the shares in %", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    return figure
