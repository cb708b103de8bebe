"""The course of a training: losses, validation scores and the learning rate over epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ecg.report.style import FAINT, INK, Context, new_figure, say, tidy

LOSSES = {"train/loss": ("training", "#8C8C8C"), "val/loss": ("validation", "#0072B2")}
SCORES = {
    "val/macro_f1": ("macro-F1", "#0072B2"),
    "val/balanced_accuracy": ("balanced accuracy", "#009E73"),
    "val/accuracy": ("accuracy", "#8C8C8C"),
}


def learning_curves(history: pd.DataFrame, context: Context, best_epoch: int | None) -> Figure:
    """Losses and scores over epochs, the best epoch marked, the learning rate small below.

    Args:
        history: one row per epoch, or several with gaps (NaN), as Lightning's CSV logger writes them. Columns `epoch`,
            `train/loss`, `val/loss`, `val/accuracy`, `val/balanced_accuracy`, `val/macro_f1` (fractions), `lr`; any
            but `epoch` may be missing.
        context: the words around the figure.
        best_epoch: epoch whose weights were kept, if any.

    Returns:
        A figure of 1440 x 780 pixels at 120 dpi.
    """
    figure = new_figure(context, 12, 6.5)
    grid = figure.add_gridspec(2, 2, height_ratios=(4.2, 1))
    loss, score, rate = (figure.add_subplot(grid[place]) for place in ((0, 0), (0, 1), (1, slice(None))))

    for axes in (loss, score, rate):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(loss, "Loss")
    loss.set_ylabel("loss (cross-entropy, nats)")
    _draw(loss, history, LOSSES, best_epoch, scale=1, form="{:.3f}")
    tidy(score, "Validation scores")
    score.set_ylabel("score (%)")
    _draw(score, history, SCORES, best_epoch, scale=100, form="{:.2f} %")
    tidy(rate)
    rate.set_ylabel("learning rate")
    _draw(rate, history, {"lr": ("learning rate", INK)}, None, scale=1, form="")
    return figure


def _draw(
    axes: Axes,
    history: pd.DataFrame,
    columns: dict[str, tuple[str, str]],
    best_epoch: int | None,
    scale: int,
    form: str,
) -> None:
    """Draw `columns` into one panel, each value times `scale`; the legend tells the values at the best epoch."""
    drawn = False
    for column, (name, colour) in columns.items():
        if column not in history or history[column].isna().all():
            continue
        epochs, values = history[["epoch", column]].dropna().to_numpy(dtype=float).T
        drawn = True
        at = np.flatnonzero(epochs == best_epoch) if best_epoch is not None else np.empty(0, dtype=int)
        label = f"{name}: {form.format(scale * values[at[-1]])}" if len(at) else name
        marker = "o" if len(epochs) <= 40 else ""  # one epoch alone would draw no line
        axes.plot(epochs, scale * values, color=colour, marker=marker, markersize=3.5, linewidth=1.8, label=label)
        if len(at):
            point = (epochs[at[-1:]], scale * values[at[-1:]])
            axes.plot(*point, "o", color=colour, markersize=8, markeredgecolor="white", zorder=4)
        if column == "lr" and values.min() > 0 and values.max() / values.min() > 20:
            axes.set_yscale("log")
    if not drawn:
        say(axes, "nothing recorded")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    left, right = axes.get_xlim()
    if right - left < 1:  # a single epoch: the locator would put ticks between epochs
        axes.set_xticks([round((left + right) / 2)])
    if best_epoch is not None:
        axes.axvline(best_epoch, color=FAINT, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
    if form:
        title = f"at the best epoch, {best_epoch}" if best_epoch is not None else None
        axes.legend(title=title, fontsize=10, title_fontsize=10, framealpha=0.9, edgecolor="#DDDDDD")
