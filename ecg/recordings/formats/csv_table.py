"""One lead of a table in a text file."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.numpy_file import RATE_NAMES
from ecg.recordings.formats.time_axis import even, seconds
from ecg.recordings.formats.units import from_values, known_unit
from ecg.recordings.messages import failing

_TIME = re.compile(
    r"^(elapsed\s*)?(time|t|seconds?|secs?|s|ms|msecs?|milliseconds?|timestamp)(?=$|[\s_(\[])", re.IGNORECASE
)
_INDEX = re.compile(r"^(samples?\s*#?|index|idx|n|no\.?|#|unnamed.*)?$", re.IGNORECASE)
_UNIT = re.compile(
    r"[\s_]+(mv|uv|µv|μv|millivolts?|microvolts?|adu)$|[\s_]*[(\[](mv|uv|µv|μv|v|millivolts?|microvolts?|volts?|adu)[)\]]$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Layout:
    """How a text file holds its table.

    Attributes:
        delimiter: between two cells.
        decimal: `.` or `,`.
        columns: names; `column 1` and so on where there is no header line.
        header: lines before the numbers.
        units: of each column, from a second header line; empty where there is none.
    """

    delimiter: str
    decimal: str
    columns: tuple[str, ...]
    header: int
    units: tuple[str, ...] = ()


def read_csv(path: Path, record: str, asked: Asked) -> OwnRecording:
    """Read the asked-for lead; other columns than time, sampling rate and lead are not even parsed.

    Args:
        path: the file; cells between commas, semicolons or tabs, with or without a header line.
        record: name of the recording.
        asked: lead, rate in Hz and unit, where the file does not say them.

    Raises:
        EcgError: no table of numbers, no such lead, no sampling rate, samples that are not evenly spaced in time.
    """
    layout = _layout(path)
    time = next((c for c in layout.columns if _TIME.match(c)), None)
    rate = next((c for c in layout.columns if c.lower() in RATE_NAMES), None)
    rest = [c for c in layout.columns if c not in (time, rate) and not _INDEX.match(c)]
    notes: tuple[str, ...] = ()
    if time is None and not layout.header and len(rest) > 1 and _climbs(path, layout):
        time, rest = layout.columns[0], rest[1:]
        notes = ("There is no header line; the first column climbs evenly and is taken as the time.",)
    if not rest:
        raise EcgError(f"{path}: no column of a lead; it has {', '.join(layout.columns)}")
    plain = [_UNIT.sub("", c).strip(" _") or c for c in rest]
    leads = tuple(plain) if len(set(plain)) == len(rest) else tuple(rest)
    lead, more = choose_lead(str(path), leads, asked)
    table = _columns(path, layout, [c for c in (time, rate, rest[lead]) if c])
    values = _numbers(path, table[rest[lead]])
    notes = (*notes, *more)
    if time is not None:
        times, said = seconds(path, table[time])
        fs, place = even(path, times)
        notes = (*notes, *said, *asked.not_used(fs, "the time column", tolerance=1e-3 * fs))
        if place is not None:
            spread = np.full(int(place[-1]) + 1, np.nan)
            spread[place] = values
            values = spread
    else:
        found = float(_numbers(path, table[rate])[0]) if rate else None
        fs, said = asked.rate(path, found, f"no column time or fs; it has {', '.join(layout.columns)}")
        notes = (*notes, *said)
    unit = asked.unit or _column_unit(rest[lead], layout)
    return from_values(path, record, leads[lead], values, fs, unit, notes, leads)


def _layout(path: Path) -> Layout:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [line for _, line in zip(range(5), stream, strict=False) if line.strip()]
    except UnicodeDecodeError:
        raise EcgError(f"{path}: not a text file; a CSV file holds numbers between commas") from None
    if not lines:
        raise EcgError(f"{path}: the file is empty")
    delimiter = next((mark for mark in ";\t" if mark in lines[-1]), ",")
    decimal = "," if delimiter != "," and lines[-1].count(",") else "."
    rows = [[cell.strip().strip("'\"") for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    numeric = [any(_is_number(cell, decimal) for cell in row) for row in rows]
    if not any(numeric):
        raise EcgError(f"{path}: no table of numbers: it begins with {lines[0].strip()[:60]!r}")
    header = numeric.index(True)
    if header > 2:
        raise EcgError(f"{path}: {header} lines before the numbers; at most two are read, names and units")
    if header == 0:
        return Layout(delimiter, decimal, tuple(f"column {i + 1}" for i in range(len(rows[0]))), 0)
    if len(set(rows[0])) < len(rows[0]):
        raise EcgError(f"{path}: two columns of one name in {', '.join(rows[0])}")
    return Layout(delimiter, decimal, tuple(rows[0]), header, tuple(rows[1]) if header == 2 else ())


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return False
    return cell.lower() not in ("nan", "inf")


def _columns(path: Path, layout: Layout, wanted: list[str], rows: int | None = None) -> pd.DataFrame:
    with failing(f"{path}: not a table", ValueError):
        return pd.read_csv(
            path,
            sep=layout.delimiter,
            decimal=layout.decimal,
            header=None,
            names=list(layout.columns),
            usecols=wanted,
            skiprows=layout.header,
            nrows=rows,
            index_col=False,
            encoding="utf-8-sig",
            quotechar="'" if b"'" in path.open("rb").read(64) else '"',
            low_memory=False,
        )


def _numbers(path: Path, column: pd.Series) -> npt.NDArray[np.float64]:
    """The column as numbers; an empty cell is a missing value, any other text is an error."""
    if column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64)
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & column.notna() & ~column.astype(str).str.strip().isin(["", "-"])]
    if len(wrong):
        place = int(str(wrong.index[0]))
        raise EcgError(
            f"{path}: {len(wrong)} cells of {column.name} are no numbers, first {wrong.iloc[0]!r} in row {place}"
        )
    return numbers.to_numpy(dtype=np.float64)


def _climbs(path: Path, layout: Layout) -> bool:
    """Whether the first column goes up by even steps."""
    first = _columns(path, layout, [layout.columns[0]], rows=200)[layout.columns[0]]
    if first.dtype.kind not in "iuf" or len(first) < 3:
        return False
    step = np.diff(first.to_numpy(dtype=np.float64))
    return bool((step > 0).all() and step.max() < 2.5 * step.min())


def _column_unit(column: str, layout: Layout) -> str | None:
    """Unit from the second header line, or from the column's name, `II (mV)` or `II_uV`."""
    if layout.units:
        return known_unit(layout.units[layout.columns.index(column)])
    found = _UNIT.search(column)
    return known_unit(found[0].strip(" _()[]")) if found else None
