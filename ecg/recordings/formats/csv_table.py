"""One lead of a table in a text file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.table_cells import is_number
from ecg.recordings.formats.table_columns import find_columns
from ecg.recordings.formats.table_layout import find_layout
from ecg.recordings.formats.table_rows import Table, find_rows
from ecg.recordings.formats.text_file import find_text
from ecg.recordings.formats.time_axis import Axis, Times
from ecg.recordings.formats.time_name import unit_of_time
from ecg.recordings.formats.units import Floats, from_values, named_unit


def read_csv(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead; other columns than time, sampling rate and lead are not even parsed.

    Args:
        source: the file; cells between commas, semicolons, tabs or blanks, decimal points or commas, with or without
            names above the numbers; lines above the names may say rate, unit and lead.
        asked: lead, rate in Hz and unit, where the file does not say them.

    Raises:
        EcgError: no table of numbers, rows with more or fewer cells than names, no such lead, no sampling rate,
            samples that are not evenly spaced in time, a unit that is not known.
    """
    text = find_text(source.path)
    table = find_rows(text, find_layout(text))
    columns = find_columns(table)
    lead, chosen = choose_lead(str(source.path), columns.names, asked)
    position = columns.leads[lead]
    unit, said = named_unit(source.path, columns.names[lead], columns.units[lead], asked.unit)
    wanted = [i for i in (columns.time, columns.rate, position) if i is not None]
    found = table.columns(wanted)
    values: Floats = table.numbers(position, found[position])
    rows = len(values)
    if columns.time is not None:  # programs end a table with rows of empty cells
        empty = found[columns.time].isna().to_numpy() & np.isnan(values)
        rows = int(np.flatnonzero(~empty)[-1]) + 1 if not empty.all() else 0
    values, axis = values[:rows], Axis(None)
    if columns.time is not None:
        axis = _times(table, columns.time).axis(_numeric(table, columns.time, found[columns.time][:rows]), asked)
    if axis.place is not None:
        spread = np.full(int(axis.place[-1]) + 1, np.nan)
        spread[axis.place] = values
        values = spread
    fs, rated = (axis.fs, ()) if axis.fs else _rate(table, columns.rate, found, asked)
    notes = (*text.notes, *table.notes, *columns.notes, *chosen, *axis.notes, *rated, *said)
    return from_values(source, columns.names, lead, values, fs, unit, notes)


def _times(table: Table, position: int) -> Times:
    name, below = table.layout.names[position], table.layout.units[position]
    return Times(table.text.path, name, unit_of_time(name, below), table.line)


def _numeric(table: Table, position: int, column: pd.Series) -> pd.Series:
    """Times as numbers where they are (with decimal commas, too), else as text."""
    if column.dtype.kind in "iuf":
        return column
    first = column.dropna().astype(str).str.strip().iloc[:1]
    return pd.Series(table.numbers(position, column)) if first.map(is_number).all() else column


def _rate(
    table: Table, position: int | None, columns: dict[int, pd.Series], asked: Asked
) -> tuple[float, tuple[str, ...]]:
    """The rate that a column or a line above the names says, else the one that was asked for."""
    path, layout = table.text.path, table.layout
    found = layout.metadata.fs
    if position is not None:
        rates = table.numbers(position, columns[position])
        there = np.unique(rates[np.isfinite(rates)])
        if len(there) > 1:
            said = f"from {there[0]:g} to {there[-1]:g} Hz"
            raise EcgError(f"{path}: the column {layout.names[position]} says several sampling rates, {said}")
        found = float(there[0]) if len(there) else None
    return asked.rate(path, found, f"no column time or fs; it has {', '.join(name for name in layout.names if name)}")
