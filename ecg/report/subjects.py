"""One prediction per patient beside those by beat, and what the model must beat, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ecg.metrics.baselines import NAMES
from ecg.metrics.registry import metrics as every_metric
from ecg.page.numbers import count, percent
from ecg.report.tables import Intervals, Metrics, NumberTable, cell

LEVELS = {"subject": "patients", "test": "beats"}
ONE_PER_PATIENT = "Patients: the mean probability over a patient's beats gives one prediction."


def comparison_table(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> NumberTable | None:
    """Scores in percent of the model and the baselines, by patient and by beat; Se and +P by patient in the notes.

    Args:
        metrics: fractions by key: `test/accuracy`, `subject/accuracy`, `baseline/<name>/test/accuracy` ...
        classes: class names.
        intervals: 95 % intervals as (low, high) fractions, by the same keys.

    Returns:
        80 columns wide; None where there is neither a baseline nor a score by patient.
    """
    rows: list[tuple[str, ...]] = []
    columns = [one for one in every_metric() if one.by_patient and one.headline and one.percent]
    for level, words in LEVELS.items():
        named = {level: f"{words}: this model"}
        named |= {f"baseline/{key}/{level}": f"  {said}" for key, said in NAMES.items()}
        known = {start: name for start, name in named.items() if f"{start}/accuracy" in metrics}
        rows += [()] if rows and known else []
        for start, name in known.items():
            rows.append((name, *(cell(metrics, intervals, f"{start}/{one.name}") for one in columns)))
    if len(rows) < 2:
        return None
    return NumberTable(("", *(f"{one.short or one.title} %" for one in columns)), rows, _notes(metrics, classes))


def comparison_markdown(metrics: Metrics, classes: Sequence[str], intervals: Intervals) -> str:
    """The content of `comparison_table` as Markdown, empty where it is None."""
    table = comparison_table(metrics, classes, intervals)
    return "" if table is None else f"\n{table.markdown}"


def _notes(metrics: Metrics, classes: Sequence[str]) -> str:
    """How patients are counted, and Se and +P of each class by patient."""
    if "subject/accuracy" not in metrics:
        return ""
    each = []
    for name in classes:
        se, ppv, support = (metrics.get(f"subject/{name}/{key}") for key in ("se", "ppv", "support"))
        each.append(f"{count(support)} {name}: Se {percent(se)} %, +P {percent(ppv)} %")
    return f"{ONE_PER_PATIENT}\n{'; '.join(each)}."
