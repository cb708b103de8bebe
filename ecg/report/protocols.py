"""The same predictions counted in other ways: EC57, per record, and without the record that holds most S beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

Metrics = Mapping[str, object]

COLUMNS = ("S Se", "S +P", "V Se", "V +P")
WAYS = {
    "usual": ("test/S/se", "test/S/ppv", "test/V/se", "test/V/ppv"),
    "EC57, gross": tuple(f"ec57/gross/{beat}/{score}" for beat in ("SVEB", "VEB") for score in ("se", "ppv")),
    "EC57, mean of records": tuple(f"ec57/average/{b}/{score}" for b in ("SVEB", "VEB") for score in ("se", "ppv")),
    "usual, mean of records": ("records/S/se", "records/S/ppv", "records/V/se", "records/V/ppv"),
    "usual, without record 232": ("without_232/S/se", "without_232/S/ppv", "", ""),
}
"""Ways of counting, with the keys in `metrics.json` of their scores."""

NOTES = {
    "EC57": "EC57 (as bxb counts): each record's first five minutes left out; F or Q called V, Q called S: no errors.",
    "232": "75 % of DS2's S beats are record 232's.",
}
"""What is said below the table where a row's name holds the word."""


def protocol_rows(metrics: Metrics) -> list[tuple[str, ...]]:
    """Name and scores in percent of each way of counting that there are numbers for."""
    rows = []
    for name, keys in WAYS.items():
        cells = [_percent(metrics.get(key)) for key in keys]
        if any(cell != "-" for cell in cells):
            rows.append((name, *cells))
    return rows if len(rows) > 1 else []


def protocol_table(metrics: Metrics) -> Table | None:
    """S and V by every way of counting, for the terminal; None where there is only the usual way."""
    from rich import box
    from rich.table import Table

    rows = protocol_rows(metrics)
    if not rows:
        return None
    table = Table(box=box.SIMPLE_HEAD, caption=_notes(rows), caption_justify="left", title_justify="left")
    table.add_column("counted")
    for name in COLUMNS:
        table.add_column(f"{name} %", justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def protocol_markdown(metrics: Metrics) -> str:
    """The content of `protocol_table` as Markdown, empty where there is only the usual way."""
    rows = protocol_rows(metrics)
    if not rows:
        return ""
    head = ["counted", *(f"{name} %" for name in COLUMNS)]
    lines = [head, ["---", *["---:"] * len(COLUMNS)], *rows]
    return "\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + f"\n\n{_notes(rows)}\n"


def _notes(rows: list[tuple[str, ...]]) -> str:
    return " ".join(note for word, note in NOTES.items() if any(word in row[0] for row in rows))


def _percent(value: object) -> str:
    return f"{100 * value:.2f}" if isinstance(value, float) else "-"
