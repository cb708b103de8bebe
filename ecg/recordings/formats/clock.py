"""Times written as text: times of day, dates with times, minutes and seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError

_H_M_S = re.compile(r"(.*?\d+:\d\d?):(\d\d?(?:[.,:]\d+)?)(?![\d:])(.*)")
_M_S = re.compile(r"(.*?\d+):(\d\d?(?:[.,]\d+)?)(?![\d:])(.*)")
"""Up to the seconds, these, and what follows."""
_MINUTE = re.compile(
    r"(?P<before>.*?)(?<![\d:])(?:(?P<hour>\d+):)?(?P<minute>\d+)"
    r"\0\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?(?P<after>.*)",
    re.IGNORECASE,
)
_AROUND = " \t[]'\""
_DAY = 86_400.0
_DAYS_FIRST = re.compile(r"\d\d?[./-]\d\d?[./-]\d{4}")


def read_clock(
    path: Path, name: str, column: pd.Series, line: Callable[[int], int]
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Seconds since the first of a column's times.

    Times are `h:mm:ss`, with or without fraction and date, or `m:ss`. One of the day may pass midnight, one of
    minutes the hour.

    Args:
        path: the file.
        name: of the column.
        column: shape [time], text.
        line: from the position of a row to the number that an editor gives it.

    Raises:
        EcgError: a cell is no time; the message names the first and its row.
    """
    texts = [cell.strip(_AROUND) if isinstance(cell, str) else "" for cell in column.tolist()]
    cells = pd.Series(texts)
    form = next((form for form in (_H_M_S, _M_S) if any(map(form.fullmatch, texts[:2]))), None)
    if form is None:
        return _compact(path, name, cells, line), ()
    found = [form.fullmatch(text) for text in texts]
    if None in found:
        raise _no_time(path, name, cells, found.index(None), line)
    matches = [match for match in found if match]
    seconds = np.array([float(match[2].replace(",", ".").replace(":", ".")) for match in matches])
    # only the minutes that differ are taken apart: a recording has few
    codes, minutes = pd.factorize(pd.Series([f"{match[1]}\0{match[3]}" for match in matches]))
    parts = pd.Series(minutes).str.extract(_MINUTE)
    if (wrong := parts["minute"].isna().to_numpy()).any():
        raise _no_time(path, name, cells, int(np.argmax(wrong[codes])), line)
    seconds = seconds + _since_midnight(parts)[codes]
    dates = (parts["before"].fillna("") + parts["after"].fillna("")).str.strip(" T,;_-")
    if (dates != "").any():
        seconds = seconds + _days(path, name, dates[codes].reset_index(drop=True), line) * _DAY
        return seconds - seconds[0], ()
    turn = 3600.0 if form is _M_S else _DAY
    back = np.diff(seconds) < -turn / 2
    if not back.any() or (seconds.max() >= turn):
        return seconds - seconds[0], ()
    seconds[1:] += turn * np.cumsum(back)
    said = "the hour" if form is _M_S else "midnight"
    return seconds - seconds[0], (f"The times of {name} pass {said} {int(back.sum())} time(s).",)


def _since_midnight(parts: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Seconds from midnight UTC to the beginning of each minute."""
    hour, minute = (pd.to_numeric(parts[part].fillna("0")).to_numpy(float) for part in ("hour", "minute"))
    if parts["half"].notna().any():
        afternoon = (parts["half"].str.lower().str[0] == "p").to_numpy()
        hour = hour % 12 + 12.0 * afternoon
    return np.asarray(hour * 3600 + minute * 60 - _offsets(parts["zone"]), dtype=np.float64)


def _offsets(zones: pd.Series) -> npt.NDArray[np.float64]:
    """Seconds that each time is ahead of UTC, so that a change to summer time is none."""
    of = {zone: _offset(str(zone)) for zone in zones.dropna().unique()}
    return zones.map(of).fillna(0.0).to_numpy(dtype=float)


def _offset(zone: str) -> float:
    digits = re.sub(r"\D", "", zone)
    if len(digits) != 4:
        return 0.0
    return (-1 if zone.startswith("-") else 1) * (int(digits[:2]) * 3600.0 + int(digits[2:]) * 60.0)


def _days(path: Path, name: str, dates: pd.Series, line: Callable[[int], int]) -> npt.NDArray[np.float64]:
    """Days since the first date. Only the dates that differ are parsed: a recording has few."""
    codes, written = pd.factorize(dates)
    if len(written) == 1:
        return np.zeros(len(dates))
    # day and month in the order in which the days follow each other
    for days_first in (all(map(_DAYS_FIRST.fullmatch, written)), False):
        days = pd.to_datetime(pd.Series(written), errors="coerce", dayfirst=days_first, format="mixed", utc=True)
        if days.notna().all() and (days.diff().dropna() == pd.Timedelta(days=1)).all():
            break
    if days.isna().any():
        raise _no_time(path, name, dates, int(np.argmax(codes == int(np.argmax(days.isna())))), line)
    since = (days - days.iloc[0]) / pd.Timedelta(days=1)
    return np.asarray(since, dtype=np.float64)[codes]


def _compact(path: Path, name: str, cells: pd.Series, line: Callable[[int], int]) -> npt.NDArray[np.float64]:
    """Times without colons: `20240101T100000.004`, `PT0.004S`."""
    moments = pd.to_datetime(cells, errors="coerce", format="ISO8601", utc=True)
    if moments.isna().any():
        raise _no_time(path, name, cells, int(np.argmax(moments.isna())), line)
    return np.asarray((moments - moments.iloc[0]) / np.timedelta64(1, "s"), dtype=np.float64)


def _no_time(path: Path, name: str, cells: pd.Series, row: int, line: Callable[[int], int]) -> EcgError:
    cell = str(cells.iloc[row])[:60]
    way = "give s, ms or h:mm:ss, or remove the column and use --fs"
    return EcgError(f"{path}: the column {name} holds no time in row {line(row)}: {cell!r}; {way}")
