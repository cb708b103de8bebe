"""S and V of the same beats counted in other ways: EC57, per record, without one record, labelled otherwise."""

from __future__ import annotations

from ecg.page.numbers import NONE, number, percent
from ecg.recordings.databases import DATABASES, dominants
from ecg.report.tables import Metrics, NumberTable

SCORES = ("S/se", "S/ppv", "S/f1", "V/se", "V/ppv", "V/f1")
COLUMNS = ("jκ", "S Se", "S +P", "S F1", "V Se", "V +P", "V F1")
_EC57 = {"S": "SVEB", "V": "VEB"}
NOTES = {
    "EC57": "EC57 (as bxb counts): each record's first five minutes left out; F or Q as V, Q as S: no errors.",
    "model alone": "Model alone: without what labelling= makes of its probabilities.",
}
"""What is said below the table where a row's name holds the word."""
LABELLED = "labelled/"

_DOMINANT = dominants(DATABASES)


def _usual(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}/{name}" for name in ("jk", *SCORES))


def _ec57(how: str) -> tuple[str, ...]:
    parts = (name.partition("/") for name in SCORES)
    return ("", *(f"ec57/{how}/{_EC57[beat]}/{score}" for beat, _, score in parts))


def ways(metrics: Metrics) -> dict[str, tuple[str, ...]]:
    """Ways of counting, with the keys in `metrics.json` of their scores: jk, then Se, +P and F1 of S and of V."""
    databases = _names(metrics, "database/")
    found = {"usual": _usual("test")}
    for prefix, said in {"": "", **{f"database/{name}/": f"{name}, " for name in databases}}.items():
        if prefix:
            found[said.removesuffix(", ")] = _usual(prefix.removesuffix("/"))
        if not prefix or len(databases) > 1:
            found |= {f"{said}{way}": _usual(f"{prefix}{LABELLED}{way}") for way in _names(metrics, LABELLED)}
    return found | {
        **{f"without record {one.record}": _usual(f"without_{one.record}") for one in _DOMINANT},
        "mean of records": _usual("records"),
        "median of records": _usual("records_median"),
        "EC57, gross": _ec57("gross"),
        "EC57, mean of records": _ec57("average"),
    }


def _names(metrics: Metrics, prefix: str) -> list[str]:
    return list(dict.fromkeys(key.split("/")[1] for key in metrics if key.startswith(prefix)))


def protocol_table(metrics: Metrics) -> NumberTable | None:
    """S and V by every way of counting there are numbers for, in percent; None where there is only the usual way."""
    counted = [(name, *_cells(metrics, keys)) for name, keys in ways(metrics).items()]
    rows = [row for row in counted if set(row[1:]) != {NONE}]
    if len(rows) < 2:
        return None
    said = {**NOTES, **{one.record: one.note for one in _DOMINANT}}
    notes = " ".join(note for word, note in said.items() if any(word in row[0] for row in rows))
    return NumberTable(("counted, %", *COLUMNS), rows, notes)


def _cells(metrics: Metrics, keys: tuple[str, ...]) -> list[str]:
    cells = []
    for key in keys:
        value = number(metrics.get(key))
        if value is None and key.endswith("/f1"):  # EC57 knows no F1: of its Se and +P
            se, ppv = (number(metrics.get(key.removesuffix("f1") + one)) for one in ("se", "ppv"))
            value = 2 * se * ppv / (se + ppv) if se is not None and ppv is not None and se + ppv > 0 else None
        cells.append(percent(value))
    return cells


def protocol_markdown(metrics: Metrics) -> str:
    """The content of `protocol_table` as Markdown, empty where there is only the usual way."""
    table = protocol_table(metrics)
    return "" if table is None else f"\n{table.markdown}"
