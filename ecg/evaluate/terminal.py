"""An evaluation in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ecg.atomic import whole_file
from ecg.evaluate.files import Evaluation
from ecg.metrics.rpeaks import Detected, peak_table
from ecg.report.rpeaks import peak_panel
from ecg.report.summary import tell_summary


def tell(made: Evaluation) -> None:
    """What is in common with training, then the tables of a run, then where everything is."""
    console, results = Console(), made.results
    console.print(Text(made.sentence, style="bold yellow" if made.overlap.loud else "bold"))
    context = results.table_context
    context = replace(context, footnote=context.footnote.removeprefix(made.sentence).strip())  # said already
    tell_summary(console, results, context)
    if made.comparison:
        console.print(made.comparison, highlight=False)
    if made.weights.training.get("limit_batches") is not None:
        limited = "The weights come from epochs that were limited to some batches: these are no results."
        console.print(Text(limited, style="bold"))
    console.print(f"folder: {made.folder.path}\nreport: {made.folder.page}", highlight=False, soft_wrap=True)


def tell_rpeaks(detector: str, records: Sequence[Detected], out: Path | None) -> None:
    """What a detector found, over all records, and a CSV file of each where one is asked for."""
    name = f"{len(records)} record{'s' if len(records) > 1 else ''}"
    Console(highlight=False).print(peak_panel(f"R peaks by {detector}", {name: records}))
    if out is not None:
        with whole_file(out) as temporary:
            peak_table(records).to_csv(temporary, index=False, float_format="%.6g")
        print(f"scores of {name}: {out}")
