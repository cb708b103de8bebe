"""What each column of a text table is for: time, sampling rate, row number, or a lead in some unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.formats.numpy_file import RATE_NAMES
from ecg.recordings.formats.table_cells import is_number, is_value
from ecg.recordings.formats.table_rows import Table
from ecg.recordings.formats.time_name import is_time, preference
from ecg.recordings.formats.units import known_unit, looks_like_unit

_INDEX = re.compile(
    r"(samples?|row|line|seq(uence)?|packet|frame|zeilen?|muestra|échantillon)?[\s_]*(#|index|idx|numbers?|num|no\.?|nr\.?|id)?"
    r"|n|#|nseq|nr\.?|lfd\.?\s*nr\.?|counter|count|obs|unnamed.*",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"(.*?)[\s_]*[\[({]\s*([^\])}]+?)\s*[\])}]")
_SUFFIXED = re.compile(r"(.+?)[\s_,/.-]+(?:in\s+)?([^\W\d_]+)")
_GLUED = re.compile(r"(.*?[A-Za-z\d])((?:Milli|Micro|Nano)[vV]olts?|[mnu\u00b5\u03bc]V|Volts?)")
_LOOKED_AT = 200
"""So many rows tell whether the first column climbs."""


@dataclass(frozen=True)
class Columns:
    """Positions of the columns that matter, and what they are called.

    Attributes:
        time: of the times; None where there are none.
        rate: of the sampling rate; None where there is none.
        leads: positions of the leads.
        names: of the leads, without units.
        units: of the leads, as written; empty where none is named.
        notes: what was assumed.
    """

    time: int | None
    rate: int | None
    leads: tuple[int, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_columns(table: Table) -> Columns:
    """What the columns are for, by their names; without names, the first may climb as times do.

    Raises:
        EcgError: no column is a lead.
    """
    layout = table.layout
    names = layout.names
    times = [i for i, name in enumerate(names) if is_time(name)]
    time = min(times, key=lambda i: preference(names[i]), default=None)
    rate = next((i for i, name in enumerate(names) if _plain(name) in RATE_NAMES), None)
    others = [i for i, name in enumerate(names) if i not in (*times, rate) and name]
    rest = [i for i in others if not _INDEX.fullmatch(names[i].strip())]
    rest = _with_numbers(table, rest or (others if times else []))  # `timestamp,sample` may hold values after all
    notes: tuple[str, ...] = ()
    if not layout.named and len(rest) > 1:
        what = _first_column(table)
        rest = rest[1:] if what else rest
        if what == "time":
            time = 0
        if what:
            said = "goes up by one and numbers the rows" if what == "row" else "climbs evenly and is taken as the time"
            notes = (f"There is no header line; the first column {said}.",)
    if not rest:
        raise EcgError(
            f"{table.text.path}: no column of a lead; it has {', '.join(name or '(no name)' for name in names)}"
        )
    found = [_lead_and_unit(names[i]) for i in rest]
    leads = [lead for lead, _ in found]
    if not layout.named and len(layout.metadata.leads) == len(rest):
        leads = list(layout.metadata.leads)
    if len(set(leads)) < len(leads):
        leads = [names[i] for i in rest]
    units = tuple(layout.units[i] or unit or layout.metadata.unit for i, (_, unit) in zip(rest, found, strict=True))
    units = tuple("ADU" if not unit and layout.metadata.raw else unit for unit in units)
    return Columns(time, rate, tuple(rest), tuple(leads), units, notes)


def _with_numbers(table: Table, positions: list[int]) -> list[int]:
    """Those of the columns that do not begin with words, such as marks of events; all, where that leaves none."""
    if len(positions) < 2 or not table.layout.named:
        return positions
    begin = table.columns(positions, _LOOKED_AT)
    cells = {i: [str(cell).strip() for cell in begin[i].dropna()] for i in positions}
    return [i for i in positions if not cells[i] or any(map(is_number, cells[i]))] or positions


def _plain(name: str) -> str:
    """A name without brackets, with `_` between its words, in lower case."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"[\[(].*", "", name).strip().lower())


def _lead_and_unit(name: str) -> tuple[str, str]:
    """A column's name without its unit, and the unit: of `II (mV)`, `II_uV`, `ecg_volt`, `ECG in mV`, `IImV`."""
    if known_unit(name):
        return name, name
    bracketed = _BRACKETED.fullmatch(name.strip())
    if bracketed and (known_unit(bracketed[2]) or looks_like_unit(bracketed[2])):
        return bracketed[1].strip(" _") or name, bracketed[2]
    for parts in (_SUFFIXED.fullmatch(name.strip()), _GLUED.fullmatch(name.strip())):
        if parts and known_unit(parts[2]) and parts[2].lower() != "v":  # `lead V` may be a lead
            return parts[1].strip(" _"), parts[2]
    return name, ""


def _first_column(table: Table) -> str:
    """Whether the first column of a table without names is a `time` or the number of the `row`; empty for neither."""
    column = table.columns([0], _LOOKED_AT)[0]
    if len(column) < 3:
        return ""
    if column.dtype.kind not in "iuf":
        cells = [str(cell).strip().strip("[]'\"") for cell in column]
        if not all(map(is_number, cells)):
            return "time" if all(map(is_value, cells)) else ""
    try:
        step = np.diff(table.numbers(0, column))
    except EcgError:
        return ""
    if (step == 1).all():
        return "row"
    return "time" if (step > 0).all() and step.max() < 2.5 * step.min() else ""
