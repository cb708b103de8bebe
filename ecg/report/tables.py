"""The numbers of a run for a terminal of 80 columns, and the same as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecg.page.numbers import count, interval, percent
from ecg.report.style import Context

if TYPE_CHECKING:
    from rich.table import Table

Metrics = Mapping[str, object]
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


@dataclass(frozen=True)
class NumberTable:
    """A table to be printed by rich, written as Markdown, or put on a page.

    Attributes:
        head: of the columns; all but the first hold numbers.
        rows: cells, a number's interval on a line of its own below it; a row without cells sets rows apart.
        notes: sentences below it.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: str = ""

    def __rich__(self) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=Text(self.notes), caption_justify="left")
        for place, name in enumerate(self.head):
            table.add_column(name, justify="right" if place else "left", overflow="fold", no_wrap=place > 0)
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    @property
    def markdown(self) -> str:
        """Whole rows, with the intervals in brackets, and the notes below."""
        lines = [_row(self.head), "|---" + "|---:" * (len(self.head) - 1) + "|", *map(_row, filter(None, self.rows))]
        return "\n".join(lines) + "\n" + "".join(f"\n{_safe(note)}\n" for note in self.notes.splitlines())


def headline_table(
    metrics: Metrics, intervals: Intervals, *, level: str = "test", beside: Mapping[str, str] | None = None
) -> NumberTable:
    """The headline scores there are, in percent, with their 95 % intervals.

    Args:
        metrics: fractions by key: `<level>/accuracy` ...; NaN and None show as a dash.
        intervals: 95 % intervals as (low, high) fractions, by the same keys.
        level: `test` for scores by beat, `subject` for those by patient.
        beside: baselines by the name in their keys, `baseline/<name>/<level>/accuracy`, with what they are called.
    """
    shown, rows = beside or {}, []
    for key, name in HEADLINE.items():
        path = f"{level}/{key}"
        if path in metrics:
            others = [percent(metrics.get(f"baseline/{baseline}/{path}")) for baseline in shown]
            rows.append((name, percent(metrics[path]), interval(intervals.get(path)), *others))
    return NumberTable(("", "%", "95 % interval", *(f"{name} %" for name in shown.values())), rows)


def per_class_table(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> NumberTable:
    """Se, +P, F1 and FPR per class in percent, and its number of beats; keys are `test/<class>/se` ..."""
    rows = []
    for name in classes:
        scores = [cell(metrics, intervals, f"test/{name}/{key}") for key in PER_CLASS]
        rows.append((name, *scores, count(metrics.get(f"test/{name}/support"))))
    return NumberTable(("class", *(f"{name} %" for name in PER_CLASS.values()), "beats"), rows)


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
    from rich.table import Table
    from rich.text import Text

    whole = Table.grid(expand=True)  # so that title and caption use the terminal's width
    whole.title, whole.title_justify, whole.title_style = Text(context.heading), "left", "bold"
    caption = Text("\n".join(_caption(metrics, intervals, context)))
    whole.caption, whole.caption_justify, whole.caption_style = caption, "left", "dim"
    whole.add_row(headline_table(metrics, intervals))
    whole.add_row(per_class_table(metrics, classes, intervals))
    return whole


def class_table_markdown(metrics: Metrics, classes: Sequence[str], intervals: Intervals, context: Context) -> str:
    """The content of `class_table` as Markdown; same arguments."""
    tables = (headline_table(metrics, intervals), per_class_table(metrics, classes, intervals))
    notes = [_safe(line) + "\n" for line in _caption(metrics, intervals, context)]
    return "\n".join([f"**{_safe(context.heading)}**\n", *(table.markdown for table in tables), *notes])


def cell(metrics: Metrics, intervals: Intervals, key: str) -> str:
    """A score in percent, and below it its interval where it has one."""
    return f"{percent(metrics.get(key))}\n{interval(intervals.get(key))}".strip()


def _caption(metrics: Metrics, intervals: Intervals, context: Context) -> list[str]:
    origin = [f"{key}: {metrics[key]}" for key in ("dataset", "split", "source") if metrics.get(key)]
    ranges = ["ranges: 95 % intervals"] if intervals else []
    return [line for line in ("; ".join(origin + ranges), context.footnote) if line]


def _row(cells: Iterable[str]) -> str:
    bracketed = (cell.strip().replace("\n", " (") + ")" * ("\n" in cell) for cell in cells)
    return f"| {' | '.join(map(_safe, bracketed))} |"


def _safe(text: str) -> str:
    """Text that Markdown shows as it is, in and out of a table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
