"""The course of a training: losses, validation scores and the learning rate over epochs."""

from __future__ import annotations

import itertools

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ecg.report.style import FAINT, INK, Context, new_figure, say, tidy

Columns = dict[str, tuple[str, str]]
"""Title and colour by column of the history."""
LOSSES = {"train/loss": ("training", "#8C8C8C"), "val/loss": ("validation", "#0072B2")}
COLOURS = ("#8C8C8C", "#009E73", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")


def learning_curves(history: pd.DataFrame, context: Context, best_epoch: int | None) -> Figure:
    """Losses and scores over epochs, the best epoch marked, the learning rate small below.

    Args:
        history: one row per epoch, or several with gaps (NaN), as Lightning's CSV logger writes them. Columns `epoch`,
            `train/loss`, `val/loss`, `val/<metric>` (fractions), `lr`; any but `epoch` may be missing.
        context: the words around the figure.
        best_epoch: epoch whose weights were kept, if any.

    Returns:
        A figure of 1440 x 780 pixels at 120 dpi.
    """
    figure = new_figure(context, 12, 6.5)
    grid = figure.add_gridspec(2, 2, height_ratios=(4.2, 1))
    loss, score, rate = (figure.add_subplot(grid[place]) for place in ((0, 0), (0, 1), (1, slice(None))))
    named = ((loss, "Loss", "loss (cross-entropy, nats)"), (score, "Validation scores", "score (%)"))
    for axes, title, label in (*named, (rate, "", "learning rate")):
        tidy(axes, title)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _draw(loss, history, LOSSES, best_epoch, "{:.3f}")
    _draw(score, history, _scores(), best_epoch, "{:.2f} %")
    _draw(rate, history, {"lr": ("learning rate", INK)}, None, "")
    return figure


def _scores() -> Columns:
    """Title and colour of what training follows, by column."""
    from ecg.metrics.classification import followed  # here, since it loads torch

    known = zip((one for one in followed() if one.percent), itertools.cycle(COLOURS), strict=False)
    return {f"val/{one.name}": (one.title, colour) for one, colour in known}


def _draw(axes: Axes, history: pd.DataFrame, columns: Columns, best_epoch: int | None, form: str) -> None:
    """Draw `columns` into one panel; the legend tells their values at the best epoch in that form."""
    scale = 100 if "%" in form else 1
    known = [column for column in columns if column in history and history[column].notna().any()]
    if not known:
        say(axes, "nothing recorded")
        axes.set(xticks=[], yticks=[])
        return
    for column in known:
        name, colour = columns[column]
        epochs, values = history[["epoch", column]].dropna().to_numpy(dtype=float).T
        best = scale * values[epochs == best_epoch]
        label = f"{name}: {form.format(best[-1])}" if len(best) else name
        marker = "o" if len(epochs) <= 40 else ""  # one epoch alone would draw no line
        axes.plot(epochs, scale * values, color=colour, marker=marker, markersize=3.5, linewidth=1.8, label=label)
        if len(best):
            axes.plot(
                epochs[epochs == best_epoch], best, "o", color=colour, markersize=8, markeredgecolor="white", zorder=4
            )
        if column == "lr" and values.min() > 0 and values.max() / values.min() > 20:
            axes.set_yscale("log")
    left, right = axes.get_xlim()
    if right - left < 1:  # a single epoch: the locator would put ticks between epochs
        axes.set_xticks([round((left + right) / 2)])
    if best_epoch is not None:
        axes.axvline(best_epoch, color=FAINT, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
    if form:
        title = f"at the best epoch, {best_epoch}" if best_epoch is not None else None
        axes.legend(title=title, fontsize=10, title_fontsize=10, framealpha=0.9, edgecolor="#DDDDDD")
