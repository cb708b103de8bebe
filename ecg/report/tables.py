"""The numbers of a run for a terminal of 80 columns, and the same as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ecg.report.style import Context

if TYPE_CHECKING:
    from rich.table import Table

Metrics = Mapping[str, float | int | str | bool | None]
Intervals = Mapping[str, tuple[float, float]]

PER_CLASS = {"se": "Se", "ppv": "+P", "f1": "F1", "fpr": "FPR"}
HEADLINE = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "auroc": "AUROC",
    "ece": "ECE",
    "jk": "jκ index",
}
NONE = "-"


def class_table(
    metrics: Metrics, classes: Sequence[str], intervals: Intervals, context: Context, *, stage: str = "test"
) -> Table:
    """A run's headline numbers and its Se, +P, F1 and FPR per class, in percent, 95 % intervals beside or below.

    Args:
        metrics: fractions by key: `<stage>/accuracy`, `<stage>/<class>/se` ..., `<stage>/<class>/support` in beats, and
            where known `split` and `source`. Missing ones and NaN show as a dash.
        classes: class names, in the order to show.
        intervals: 95 % intervals as (low, high) fractions, by the same keys with or without `<stage>/`; may be empty.
        context: heading and footnote.
        stage: `test` or `val`.

    Returns:
        A table that fits into 80 columns.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    headline = Table(box=box.SIMPLE, padding=0, pad_edge=False)
    for name in ("", "%", "95 % interval"):
        headline.add_column(name, justify="right" if name else "left")
    for row in _headline(metrics, intervals, stage):
        headline.add_row(*row)

    per_class = Table(box=box.SIMPLE, padding=0, pad_edge=False)
    per_class.add_column("class", max_width=12, overflow="fold")
    for name in (*(f"{name} %" for name in PER_CLASS.values()), "beats"):
        per_class.add_column(name, justify="right", no_wrap=True)
    for name in classes:
        cells = [_value(metrics, f"{stage}/{name}/{key}") for key in PER_CLASS]
        ranges = [_interval(intervals, f"{stage}/{name}/{key}") for key in PER_CLASS]
        shown = [Text(f"{c}\n{r}" if r else c) for c, r in zip(cells, ranges, strict=True)]
        per_class.add_row(Text(name, style="bold"), *shown, _count(metrics, f"{stage}/{name}/support"))

    caption = Text("\n".join(_caption(metrics, intervals, context)))
    whole = Table.grid(expand=True)  # so that title and caption use the terminal's width
    whole.title, whole.title_justify, whole.title_style = Text(context.heading), "left", "bold"
    whole.caption, whole.caption_justify, whole.caption_style = caption, "left", "dim"
    whole.add_row(headline)
    whole.add_row(per_class)
    return whole


def class_table_markdown(
    metrics: Metrics, classes: Sequence[str], intervals: Intervals, context: Context, *, stage: str = "test"
) -> str:
    """The content of `class_table` as Markdown; same arguments."""
    lines = [f"**{_safe(context.heading)}**", "", "| | % | 95 % interval |", "|---|---:|---:|"]
    lines += [_row(row) for row in _headline(metrics, intervals, stage)]
    lines += [
        "",
        _row(["class", *(f"{name} %" for name in PER_CLASS.values()), "beats"]),
        "|---" + "|---:" * (len(PER_CLASS) + 1) + "|",
    ]
    for name in classes:
        keys = [f"{stage}/{name}/{key}" for key in PER_CLASS]
        cells = [f"{_value(metrics, key)} {_bracketed(_interval(intervals, key))}".strip() for key in keys]
        lines.append(_row([name, *cells, _count(metrics, f"{stage}/{name}/support")]))
    for line in _caption(metrics, intervals, context):
        lines += ["", _safe(line)]
    return "\n".join(lines) + "\n"


def _headline(metrics: Metrics, intervals: Intervals, stage: str) -> list[tuple[str, str, str]]:
    """Name, value and interval of the headline numbers there are."""
    keys = {f"{stage}/{key}": name for key, name in HEADLINE.items() if f"{stage}/{key}" in metrics}
    return [(name, _value(metrics, key), _interval(intervals, key)) for key, name in keys.items()]


def _caption(metrics: Metrics, intervals: Intervals, context: Context) -> list[str]:
    origin = [f"{key}: {metrics[key]}" for key in ("dataset", "split", "source") if metrics.get(key)]
    ranges = ["ranges: 95 % intervals"] if intervals else []
    return [line for line in ("; ".join(origin + ranges), context.footnote) if line]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _value(metrics: Metrics, key: str) -> str:
    number = _number(metrics.get(key))
    return NONE if number is None else f"{100 * number:.2f}"


def _count(metrics: Metrics, key: str) -> str:
    number = _number(metrics.get(key))
    return NONE if number is None else f"{round(number):,}"


def _interval(intervals: Intervals, key: str) -> str:
    low, high = intervals.get(key) or intervals.get(key.partition("/")[2]) or (math.nan, math.nan)
    return f"{100 * low:.2f}-{100 * high:.2f}" if math.isfinite(low) and math.isfinite(high) else ""


def _bracketed(text: str) -> str:
    return f"({text})" if text else ""


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_safe(cell) for cell in cells) + " |"


def _safe(text: str) -> str:
    """Text that Markdown shows as it is, in and out of a table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
