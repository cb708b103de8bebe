"""One prediction per patient beside those by beat, and what the model must beat, for the terminal and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecg.metrics.baselines import NAMES

if TYPE_CHECKING:
    from rich.table import Table

Metrics = Mapping[str, object]
Intervals = Mapping[str, tuple[float, float]]

SCORES = {"accuracy": "accuracy", "balanced_accuracy": "bal. acc.", "macro_f1": "macro-F1", "auroc": "AUROC"}
LEVELS = {"subject": "patients", "test": "beats"}
HEAD = ("", *(f"{name} %" for name in SCORES.values()))
ONE_PER_PATIENT = "Patients: the mean probability over a patient's beats gives one prediction."


def comparison_rows(metrics: Metrics, intervals: Intervals) -> list[tuple[str, ...]]:
    """Name and scores, each with its interval below where it has one, of the model and the baselines.

    Args:
        metrics: fractions by key: `test/accuracy`, `subject/accuracy`, `baseline/<name>/test/accuracy` ...
        intervals: 95 % intervals as (low, high) fractions, by the same keys.

    Returns:
        Empty where there is neither a baseline nor a score by patient.
    """
    rows = []
    for level, words in LEVELS.items():
        if f"{level}/accuracy" not in metrics:
            continue
        rows.append((f"{words}: this model", *(_cell(metrics, intervals, f"{level}/{key}") for key in SCORES)))
        for name, readable in NAMES.items():
            prefix = f"baseline/{name}/{level}"
            if f"{prefix}/accuracy" in metrics:
                rows.append((f"  {readable}", *(_cell(metrics, intervals, f"{prefix}/{key}") for key in SCORES)))
    return rows if len(rows) > 1 else []


def comparison_table(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> Table | None:
    """`comparison_rows` in 80 columns, with Se and +P per class by patient in the caption; None where it is empty."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = comparison_rows(metrics, intervals)
    if not rows:
        return None
    caption = Text("\n".join(_notes(metrics, classes)))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    for name in HEAD:
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for row in rows:
        if row[0].startswith(LEVELS["test"]) and row is not rows[0]:
            table.add_section()
        table.add_row(*row)
    return table


def comparison_markdown(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> str:
    """The content of `comparison_table` as Markdown, empty where it is None."""
    rows = comparison_rows(metrics, intervals)
    if not rows:
        return ""
    lines = [HEAD, ("---", *["---:"] * len(SCORES))]
    lines += [tuple(cell.strip().replace("\n", " (") + (")" if "\n" in cell else "") for cell in row) for row in rows]
    notes = "\n\n".join(_notes(metrics, classes))
    return "\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + (f"\n\n{notes}\n" if notes else "\n")


def _notes(metrics: Metrics, classes: Sequence[str]) -> list[str]:
    """How patients are counted, and Se and +P of each class by patient."""
    if "subject/accuracy" not in metrics:
        return []
    each = []
    for name in classes:
        se, ppv = (_percent(metrics.get(f"subject/{name}/{score}")) for score in ("se", "ppv"))
        each.append(f"{_count(metrics.get(f'subject/{name}/support'))} {name}: Se {se} %, +P {ppv} %")
    return [ONE_PER_PATIENT, f"{'; '.join(each)}."]


def _cell(metrics: Metrics, intervals: Intervals, key: str) -> str:
    low, high = intervals.get(key, (math.nan, math.nan))
    shown = _percent(metrics.get(key))
    return f"{shown}\n{100 * low:.2f}-{100 * high:.2f}" if math.isfinite(low) and math.isfinite(high) else shown


def _percent(value: object) -> str:
    return f"{100 * value:.2f}" if isinstance(value, (int, float)) and math.isfinite(value) else "-"


def _count(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, (int, float)) and math.isfinite(value) else "-"
