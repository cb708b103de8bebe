"""A metric against a setting that is a number, e.g. the share of training patients: a label-efficiency curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps

from ecg.compare.figures.frame import RANDOM_STYLE, SCRATCH_STYLE, axis_label, context
from ecg.compare.measures import Measure, over_runs
from ecg.compare.series import GREY, outer_keys
from ecg.compare.settings import Group, Setting, short_key
from ecg.report.style import INK, new_figure, tidy
from ecg.runs.run import RANDOM

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def amount_figure(group: Group, measure: Measure) -> Figure | None:
    """One line per other setting (k, from scratch) over the only numeric key that has three values or more.

    Returns:
        None where there is no such key, or several keys differ outside the transfer.
    """
    keys = outer_keys(group)
    if len(keys) != 1 or len(values := {_number(setting, keys[0]) for setting in group.settings} - {None}) < 3:
        return None
    lines: dict[tuple[int, str], list[tuple[float, Setting]]] = {}
    for setting in group.settings:
        amount = _number(setting, keys[0])
        if amount is not None and over_runs(setting.runs, measure.key):
            rest = setting.label.replace(f"{short_key(keys[0])}={setting.values[keys[0]]}", "").strip(", ")
            lines.setdefault((setting.k or 0, rest.replace(", ,", ",")), []).append((amount, setting))
    name = short_key(keys[0]).replace("_", " ")
    figure = new_figure(context(group, f"{measure.title} by {name}"), 9.2, 5.4)
    axes = figure.add_subplot()
    tidy(axes)
    for number, ((_, label), points) in enumerate(sorted(lines.items())):
        style = _style(points[0][1], number / max(1, len(lines) - 1))
        points.sort(key=lambda point: point[0])
        means = [over_runs(setting.runs, measure.key) for _, setting in points]
        found = [(x, mean) for (x, _), mean in zip(points, means, strict=True) if mean is not None]
        axes.errorbar(
            [x for x, _ in found],
            [measure.scale * mean.mean for _, mean in found],
            [measure.scale * (mean.sd or 0) for _, mean in found],
            label=label, marker="o", markersize=6, linewidth=2, elinewidth=1.2, capsize=3, **style,
        )  # fmt: skip
    known = sorted(value for value in values if value is not None)
    if known[0] > 0 and known[-1] / known[0] >= 8:
        axes.set_xscale("log")
    axes.set_xticks(known, [f"{value:g}" for value in known])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(name)
    axes.set_ylabel(axis_label(measure))
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=10, frameon=False)
    return figure


def _number(setting: Setting, key: str) -> float | None:
    try:
        found = float(setting.values[key])
    except (KeyError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _style(setting: Setting, place: float) -> dict[str, Any]:
    if setting.role == "scratch":
        return {"color": INK, "linestyle": SCRATCH_STYLE}
    if setting.role == RANDOM:
        return {"color": GREY, "linestyle": RANDOM_STYLE}
    return {"color": colormaps["viridis_r"](0.18 + 0.8 * place), "linestyle": "-"}
