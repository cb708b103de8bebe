"""Which columns of a table hold times, by their names, and in what unit."""

from __future__ import annotations

import re

_LANGUAGES = (
    "time times timestamp timestamps datetime date clock elapsed epoch unix utc tstamp timecode",
    "zeit uhrzeit zeitpunkt zeitstempel zeitachse datum temps heure horodatage tiempo hora fecha tempo ora",
    "tijd tijdstip tid tidpunkt czas час время 时间 時間 时刻 時刻 日時",
)
_WORDS = frozenset(word for words in _LANGUAGES for word in words.split())
_SCALES = {
    1.0: "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondi seconden sek 秒",
    1e-3: "ms msec msecs milli millis millisec millisecond milliseconds millisekunde millisekunden millisecondes "
    "milisegundo milisegundos millisecondi milliseconden 毫秒 ミリ秒",
    1e-6: "us µs μs usec usecs µsec μsec micro micros microsec microsecond microseconds mikrosekunden microsecondes "
    "microsegundos mus 微秒",
    1e-9: "ns nsec nsecs nano nanos nanosec nanosecond nanoseconds nanosekunden nanosecondes nanosegundos",
    60.0: "min mins minute minutes minuten minuti minutos",
    3600.0: "h hr hrs hour hours stunde stunden heures horas ore uur",
    86400.0: "d day days tag tage jours",
}
SCALE: dict[str, float] = {word: scale for scale, words in _SCALES.items() for word in words.split()}
"""Seconds in each unit of time."""
COUNTS = frozenset(
    ("sample", "samples", "tick", "ticks", "frame", "frames", "index", "idx", "n", "no", "#", "row", "rows", "count")
)
"""What stands in place of the unit where a column numbers its samples."""
_FORMS = re.compile(
    r"|.*[hm]+:\w+.*|[\W\d]*|iso.*|.*utc.*|.*gmt.*|local.*|unix.*|epoch.*|posix.*|date.*|.*time.*|y+\D*m+.*|d+\Dm+.*",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-ZÄÖÜ]?[^\W\d_A-ZÄÖÜ]+|[A-ZÄÖÜ]+(?![a-zäöü])|\d+|#")
_BRACKETS = re.compile(r"[\[({]\s*([^\])}]*?)\s*[\])}]")
_FIRST = frozenset({"t", "ts", "millis", "micros", "nanos", *SCALE} - {"h", "d", "min", "n"})
_DATE = frozenset(["date", "datum", "fecha"])


def _tokens(name: str) -> list[str]:
    """The words of a name, in lower case: `timeMs`, `TIME_MS` and `time (ms)` have the same two."""
    return [token.lower() for token in _TOKEN.findall(name)]


def is_time(name: str) -> bool:
    """Whether a column's name says that it holds times."""
    tokens = _tokens(name)
    if not tokens or "series" in tokens:
        return False
    return tokens[0] in _FIRST or any(token in _WORDS for token in tokens)


def unit_of_time(name: str, below: str = "") -> str:
    """The unit that a column of times is in, in lower case; empty where none is named.

    Args:
        name: of the column.
        below: what a line of units below the names says.
    """
    if below.strip():
        return below.strip().strip("[](){}").strip().lower()
    if bracketed := _BRACKETS.search(name):
        return bracketed[1].lower()
    tokens = _tokens(name)
    return tokens[-1] if tokens and (tokens[-1] in SCALE or tokens[-1] in COUNTS) else ""


def names_no_unit(unit: str) -> bool:
    """Whether text in place of a unit of time is a form of time instead: `hh:mm:ss`, `ISO 8601`, `unix`, nothing."""
    return unit not in SCALE and unit not in COUNTS and _FORMS.fullmatch(unit) is not None


def preference(name: str) -> int:
    """Which of several columns of times to take: the least."""
    unit = unit_of_time(name)
    if unit in SCALE:
        return 0
    return 2 if unit in COUNTS or all(token in _DATE for token in _tokens(name)) else 1
