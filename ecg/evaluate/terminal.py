"""An evaluation in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ecg.evaluate.story import Evaluation
from ecg.report.protocols import protocol_table
from ecg.report.subjects import comparison_table
from ecg.report.tables import class_table


def tell(made: Evaluation) -> None:
    """What is in common with training, then the tables of a run, then where everything is."""
    console, results = Console(), made.results
    info = results.info
    console.print(Text(made.sentence, style="bold yellow" if made.overlap.loud else "bold"))
    shown: dict[str, str | float] = {
        "dataset": info.dataset,
        "split": info.split,
        "source": info.source,
        **results.metrics,
    }
    console.print(class_table(shown, info.classes, results.intervals, results.table_context))
    for table in (comparison_table(shown, info.classes, results.intervals), protocol_table(shown)):
        if table is not None:
            console.print(table)
    if made.comparison:
        console.print(made.comparison, highlight=False)
    if made.tried:
        console.print("[bold]The weights come from a run with trainer.limit_batches: these are no results.[/bold]")
    console.print(f"folder: {made.folder.path}\nreport: {made.folder.page}", highlight=False, soft_wrap=True)
