"""What a run and an evaluation have alike: figures and tables in the folder, and the same tables on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

from ecg.atomic import whole_file
from ecg.report.protocols import protocol_markdown, protocol_table
from ecg.report.results import Results
from ecg.report.save import save_figure
from ecg.report.style import Context
from ecg.report.subjects import comparison_markdown, comparison_table
from ecg.report.tables import class_table, class_table_markdown
from ecg.runs.folder import RunFolder


def write_summary(results: Results, figures: Mapping[str, Figure], folder: RunFolder) -> dict[str, Path]:
    """Write figures as PNG and the tables as Markdown; gives the figures' files, by name.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    drawn = {name: folder.report / f"{name}.png" for name in figures}
    for name, figure in figures.items():
        save_figure(figure, drawn[name])
    shown, classes, intervals = results.shown, results.info.classes, results.intervals
    summary = class_table_markdown(shown, classes, intervals, results.table_context)
    beside = comparison_markdown(shown, classes, intervals)
    if results.diagnosis is not None:
        beside += f"\n{results.diagnosis.table.markdown}"
    with whole_file(folder.summary) as temporary:
        temporary.write_text(summary + beside + protocol_markdown(shown), encoding="utf-8")
    return drawn


def tell_summary(console: Console, results: Results, context: Context) -> None:
    """The same tables on the screen; `context` holds the words around the first."""
    shown, classes, intervals = results.shown, results.info.classes, results.intervals
    console.print(class_table(shown, classes, intervals, context))
    made = results.diagnosis
    diagnosed = made.short if made is not None else None
    for table in (comparison_table(shown, classes, intervals), diagnosed, protocol_table(shown)):
        if table is not None:
            console.print(table)
