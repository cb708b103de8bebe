"""One lead of a table in a text file."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
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


def read_csv(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead; other columns than time, sampling rate and lead are not even parsed.

    Args:
        source: the file; cells between commas, semicolons or tabs, with or without a header line.
        asked: lead, rate in Hz and unit, where the file does not say them.

    Raises:
        EcgError: no table of numbers, no such lead, no sampling rate, samples that are not evenly spaced in time.
    """
    path = source.path
    layout, units = _layout(path)
    columns: list[str] = layout["names"]
    time = next((c for c in columns if _TIME.match(c)), None)
    rate = next((c for c in columns if c.lower() in RATE_NAMES), None)
    rest = [c for c in columns if c not in (time, rate) and not _INDEX.match(c)]
    notes: tuple[str, ...] = ()
    if time is None and not layout["skiprows"] and len(rest) > 1 and _climbs(path, layout):
        time, rest = columns[0], rest[1:]
        notes = ("There is no header line; the first column climbs evenly and is taken as the time.",)
    if not rest:
        raise EcgError(f"{path}: no column of a lead; it has {', '.join(columns)}")
    plain = [_UNIT.sub("", c).strip(" _") or c for c in rest]
    leads = tuple(plain) if len(set(plain)) == len(rest) else tuple(rest)
    lead, more = choose_lead(str(path), leads, asked)
    table = _columns(path, layout, [c for c in (time, rate, rest[lead]) if c])
    values = _numbers(path, table[rest[lead]])
    if time is not None:
        times, said = seconds(path, table[time])
        fs, place = even(path, times)
        said = (*said, *asked.not_used(fs, "the time column", tolerance=1e-3 * fs))
        if place is not None:
            spread = np.full(int(place[-1]) + 1, np.nan)
            spread[place] = values
            values = spread
    else:
        found = float(_numbers(path, table[rate])[0]) if rate else None
        fs, said = asked.rate(path, found, f"no column time or fs; it has {', '.join(columns)}")
    if (named := _UNIT.search(rest[lead])) and not units:  # `II (mV)` or `II_uV`
        unit = known_unit(named[0].strip(" _()[]"))
    else:
        unit = known_unit(units.get(rest[lead], ""))
    return from_values(source, leads, lead, values, fs, asked.unit or unit, (*notes, *more, *said))


def _layout(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """How a text file holds its table, as pandas takes it, and the columns' units, where a second header line has them.

    Where there is no header line, the columns are called `column 1` and so on.
    """
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
    names = rows[0] if header else [f"column {i + 1}" for i in range(len(rows[0]))]
    if len(set(names)) < len(names):
        raise EcgError(f"{path}: two columns of one name in {', '.join(names)}")
    with path.open("rb") as file:
        quote = "'" if b"'" in file.read(64) else '"'
    layout = {"sep": delimiter, "decimal": decimal, "names": names, "skiprows": header, "quotechar": quote}
    return layout, dict(zip(names, rows[1], strict=False)) if header == 2 else {}


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return False
    return cell.lower() not in ("nan", "inf")


def _columns(path: Path, layout: dict[str, Any], wanted: list[str], rows: int | None = None) -> pd.DataFrame:
    fixed: dict[str, Any] = {"header": None, "index_col": False, "encoding": "utf-8-sig", "low_memory": False}
    with failing(f"{path}: not a table", ValueError):
        table: pd.DataFrame = pd.read_csv(path, usecols=wanted, nrows=rows, **layout, **fixed)
    return table


def _numbers(path: Path, column: pd.Series) -> npt.NDArray[np.float64]:
    """The column as numbers; an empty cell is a missing value, any other text is an error."""
    if column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64)
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & column.notna() & ~column.astype(str).str.strip().isin(["", "-"])]
    if len(wrong):
        first = f"{wrong.iloc[0]!r} in row {int(str(wrong.index[0]))}"
        raise EcgError(f"{path}: {len(wrong)} cells of {column.name} are no numbers, first {first}")
    return numbers.to_numpy(dtype=np.float64)


def _climbs(path: Path, layout: dict[str, Any]) -> bool:
    """Whether the first column goes up by even steps."""
    name = layout["names"][0]
    first = _columns(path, layout, [name], rows=200)[name]
    if first.dtype.kind not in "iuf" or len(first) < 3:
        return False
    step = np.diff(first.to_numpy(dtype=np.float64))
    return bool((step > 0).all() and step.max() < 2.5 * step.min())
