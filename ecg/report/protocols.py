"""The same predictions counted in other ways: EC57, per record, and without the record that holds most S beats."""

from __future__ import annotations

from ecg.page.numbers import NONE, percent
from ecg.recordings.databases import DATABASES, Dominant, dominants
from ecg.report.tables import Metrics, NumberTable

COLUMNS = ("S Se", "S +P", "V Se", "V +P")
WAYS = {
    "usual": ("test/S/se", "test/S/ppv", "test/V/se", "test/V/ppv"),
    "EC57, gross": tuple(f"ec57/gross/{beat}/{score}" for beat in ("SVEB", "VEB") for score in ("se", "ppv")),
    "EC57, mean of records": tuple(f"ec57/average/{b}/{score}" for b in ("SVEB", "VEB") for score in ("se", "ppv")),
    "usual, mean of records": ("records/S/se", "records/S/ppv", "records/V/se", "records/V/ppv"),
}
"""Ways of counting, with the keys in `metrics.json` of their scores."""

NOTES = {
    "EC57": "EC57 (as bxb counts): each record's first five minutes left out; F or Q as V, Q as S: no errors.",
}
"""What is said below the table where a row's name holds the word."""


_DOMINANT = dominants(DATABASES)


def _without(one: Dominant) -> tuple[str, ...]:
    """Keys of the scores without a record; those of other classes are not counted."""
    every = {name: f"without_{one.record}/{name}" for name in ("S/se", "S/ppv", "V/se", "V/ppv")}
    return tuple(key if name.startswith(f"{one.beat}/") else "" for name, key in every.items())


def protocol_table(metrics: Metrics) -> NumberTable | None:
    """S and V in percent by every way of counting there are numbers for; None where there is only the usual way."""
    ways = {**WAYS, **{f"usual, without record {one.record}": _without(one) for one in _DOMINANT}}
    counted = [(name, *(percent(metrics.get(key)) for key in keys)) for name, keys in ways.items()]
    rows = [row for row in counted if set(row[1:]) != {NONE}]
    if len(rows) < 2:
        return None
    said = {**NOTES, **{one.record: one.note for one in _DOMINANT}}
    notes = " ".join(note for word, note in said.items() if any(word in row[0] for row in rows))
    return NumberTable(("counted", *(f"{name} %" for name in COLUMNS)), rows, notes)


def protocol_markdown(metrics: Metrics) -> str:
    """The content of `protocol_table` as Markdown, empty where there is only the usual way."""
    table = protocol_table(metrics)
    return "" if table is None else f"\n{table.markdown}"
