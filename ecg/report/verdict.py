"""What a run's page and table say first: whether the model is better than what needs no training, and row by row."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ecg.metrics.baselines import MAJORITY, NAMES, PER_PATIENT, control_keys
from ecg.page.numbers import count, number, percent
from ecg.page.render import Cell
from ecg.report.results import Results
from ecg.report.tables import NumberTable

JUDGED = {PER_PATIENT: "AUROC per patient", "test/macro_f1": "Macro-F1"}
"""The score that a verdict is about, the first that there is."""


MOST = 200
"""Rows that a page shows; the files beside it have all."""


def verdict(results: Results) -> list[str]:
    """What a reader must know before any number, a sentence each; none where there is nothing to compare with."""
    metrics = results.metrics
    key = next((key for key in JUDGED if key in metrics), None)
    lines = [results.diagnosis.verdict] if results.diagnosis is not None and results.diagnosis.verdict else []
    if key is None:
        return lines
    beside = {name: number(metrics.get(place)) for name, place in control_keys(key).items() if name != NAMES[MAJORITY]}
    found = [(value, name) for name, value in beside.items() if value is not None]
    if not found:
        return lines
    (best, name), own = max(found), number(metrics[key]) or 0.0
    return [
        f"{JUDGED[key]} {percent(own, 1)} %, {'above' if own > best else 'below'} the {percent(best, 1)} % of {name}.",
        *lines,
    ]


def singly(results: Results) -> NumberTable | None:
    """A row for each test patient (where the label is the patient's) or test record, the worst first, `MOST` of them.

    None where they are not known, or are in training too.
    """
    if results.subjects is not None:
        return _patients(results.subjects.reset_index(), results.info.classes)
    if results.records is not None:
        return _records(results.records.reset_index(), results.info.classes)
    return None


def _records(table: pd.DataFrame, classes: tuple[str, ...]) -> NumberTable:
    shown = [name for name in classes if table.get(f"{name}/support", pd.Series(dtype=float)).sum()]
    scores = {f"{name} {what}": f"{name}/{key}" for name in shown for what, key in _OF_A_CLASS.items()}
    rows = [
        (
            Cell(str(row["record"]), str(row["record"])),
            _number(row["beats"]),
            _percent(row["accuracy"]),
            *(_number(row[key]) if key.endswith("/support") else _percent(row[key]) for key in scores.values()),
        )
        for _, row in table.sort_values("accuracy").head(MOST).iterrows()
    ]
    head = ("record", "beats", "accuracy %", *scores)
    return NumberTable(head, rows, _notes("The least accurate first", len(table), "records.csv"))


_OF_A_CLASS = {"beats": "support", "Se %": "se", "+P %": "ppv"}


def _patients(table: pd.DataFrame, classes: tuple[str, ...]) -> NumberTable:
    last = classes[-1]
    given = table[f"p_{last}"].where(table["label"] == last, 1 - table[f"p_{last}"])  # to the patient's own class
    worst = table.assign(given=given).sort_values("given").head(MOST)
    rows = [tuple(_patient(row, last)) for _, row in worst.iterrows()]
    head = ("patient", "reference", "predicted", f"probability of {last} %", "beats")
    first = "Those that the model is most wrong about first"
    return NumberTable(head, rows, _notes(first, len(table), "subjects.csv"), words=3)


def _notes(first: str, n: int, file: str) -> str:
    more = f" {count(n - MOST)} more are in {file}." if n > MOST else ""
    return f"{first}; a click on a head sorts.{more}"


def _patient(row: pd.Series, last: str) -> Iterator[Cell]:
    for key in ("patient", "label", "predicted"):
        yield Cell(str(row[key]), str(row[key]))
    yield _percent(row[f"p_{last}"])
    yield _number(row["beats"])


def _percent(value: object) -> Cell:
    return Cell(percent(value, 1), number(value))


def _number(value: object) -> Cell:
    return Cell(count(value), number(value))
