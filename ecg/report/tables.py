"""The numbers of a run for a terminal of 80 columns, and the same as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ecg.metrics.registry import PER_CLASS, Metric
from ecg.metrics.registry import metrics as every_metric
from ecg.page.numbers import count, interval, percent
from ecg.report.style import Context

Metrics = Mapping[str, object]
Intervals = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class NumberTable:
    """A table to be printed by rich, written as Markdown, or put on a page.

    Attributes:
        head: of the columns.
        rows: cells, a number's interval on a line of its own below it; a row without cells sets rows apart.
        notes: sentences below it.
        title: above it, in the terminal alone.
        words: that many columns at the left hold words, those after them numbers.
        gap: blanks between columns in the terminal, beside the one that is always there.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: str = ""
    title: str = ""
    words: int = 1
    gap: int = 1

    def __rich__(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, self.gap, 0, 0), pad_edge=False)
        for place, name in enumerate(self.head):
            number = place >= self.words
            column = name.replace(" per ", "\nper ")
            table.add_column(column, justify="right" if number else "left", overflow="fold", no_wrap=number)
        for row in self.rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
        return stacked([table], self.title, self.notes)

    @property
    def markdown(self) -> str:
        """Whole rows, with the intervals in brackets, and the notes below."""
        rule = "|---" * self.words + "|---:" * (len(self.head) - self.words) + "|"
        lines = [_row(self.head), rule, *map(_row, filter(None, self.rows))]
        return "\n".join(lines) + "\n" + "".join(f"\n{safe(note)}\n" for note in self.notes.splitlines())


def stacked(parts: Iterable[RenderableType], title: str, notes: str) -> Table:
    """Tables below each other in the terminal; title and notes use its whole width."""
    whole = Table.grid(expand=True)
    whole.title, whole.title_justify, whole.title_style = Text(title), "left", "bold"
    whole.caption, whole.caption_justify, whole.caption_style = Text(notes), "left", "dim"
    for part in parts:
        whole.add_row(part)
    return whole


def headline_table(
    metrics: Metrics, intervals: Intervals, *, level: str = "test", beside: Mapping[str, str] | None = None
) -> NumberTable:
    """The headline scores there are, with their 95 % intervals; shares in percent.

    Args:
        metrics: fractions by key: `<level>/accuracy` ...; NaN and None show as a dash.
        intervals: 95 % intervals as (low, high) fractions, by the same keys.
        level: `test` for scores by beat, `subject` for those by patient.
        beside: baselines by the name in their keys, `baseline/<name>/<level>/accuracy`, with what they are called.
    """
    shown, rows = beside or {}, []
    for one in headline():
        path, scale = f"{level}/{one.name}", 1.0 if one.percent else 0.01
        if path in metrics:
            values = [metrics[path], *(metrics.get(f"baseline/{baseline}/{path}") for baseline in shown)]
            said = [percent(value, scale=scale) for value in values]
            rows.append((one.title, said[0], interval(intervals.get(path), scale=scale), *said[1:]))
    return NumberTable(("", "%", "95 % interval", *(f"{name} %" for name in shown.values())), rows)


def headline() -> tuple[Metric, ...]:
    """The metrics of a run's table, in order."""
    return tuple(one for one in every_metric() if one.headline)


def per_class_table(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> NumberTable:
    """Se, +P, F1 and FPR per class in percent, and its number of beats; keys are `test/<class>/se` ..."""
    rows = []
    for name in classes:
        scores = [cell(metrics, intervals, f"test/{name}/{key}") for key in PER_CLASS]
        rows.append((name, *scores, count(metrics.get(f"test/{name}/support"))))
    return NumberTable(("class", *(f"{title} %" for title in PER_CLASS.values()), "beats"), rows)


def class_table(metrics: Metrics, classes: Sequence[str], intervals: Intervals, context: Context) -> Table:
    """A run's headline numbers and below them those per class, for the terminal.

    Args:
        metrics: as for `headline_table` and `per_class_table`, and where known `dataset`, `split` and `source`.
        classes: class names, in the order to show.
        intervals: 95 % intervals as (low, high) fractions, by the keys of the metrics; may be empty.
        context: heading and footnote.

    Returns:
        A table that fits into 80 columns.
    """
    tables = (headline_table(metrics, intervals), per_class_table(metrics, classes, intervals))
    return stacked(tables, context.heading, "\n".join(_caption(metrics, intervals, context)))


def class_table_markdown(metrics: Metrics, classes: Sequence[str], intervals: Intervals, context: Context) -> str:
    """The content of `class_table` as Markdown; same arguments."""
    tables = (headline_table(metrics, intervals), per_class_table(metrics, classes, intervals))
    notes = [safe(line) + "\n" for line in _caption(metrics, intervals, context)]
    return "\n".join([f"**{safe(context.heading)}**\n", *(table.markdown for table in tables), *notes])


def cell(metrics: Metrics, intervals: Intervals, key: str) -> str:
    """A score in percent, and below it its interval where it has one."""
    return f"{percent(metrics.get(key))}\n{interval(intervals.get(key))}".strip()


def _caption(metrics: Metrics, intervals: Intervals, context: Context) -> list[str]:
    origin = [f"{key}: {metrics[key]}" for key in ("dataset", "split", "source", "databases") if metrics.get(key)]
    ranges = ["ranges: 95 % intervals"] if intervals else []
    return [line for line in ("; ".join(origin + ranges), context.footnote) if line]


def _row(cells: Iterable[object]) -> str:
    bracketed = (str(cell).strip().replace("\n", " (") + ")" * ("\n" in str(cell)) for cell in cells)
    return f"| {' | '.join(map(safe, bracketed))} |"


def safe(text: str) -> str:
    """Text that Markdown shows as it is, in and out of a table."""
    return re.sub(r"([\\|*_<`])", r"\\\1", text)
