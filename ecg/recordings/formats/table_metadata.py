"""Lines above a table that say something of the recording: `Sample Rate,512 hertz`, `Einheit: µV`, a line of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# A key means the sampling rate where it has a word of each; `Low-pass frequency` and `Heart rate` have one only.
_SAMPLING = r"sampl|abtast|échantillon|echantillon|muestr|campionamento|amostr|bemonster|mess|adc|采样|サンプ"
_RATE = r"rate|freq|fréq|frek|frec|taux|taxa|tasa|hast|vel|snelheid|率|頻|レート|周波"
_RATE_KEY = re.compile(rf"(?=.*({_SAMPLING}))(?=.*({_RATE})).*|fs|hz|srate|sr|f_?s(ample)?", re.IGNORECASE)
_INTERVAL_KEY = re.compile(rf"(?=.*({_SAMPLING})).*(interval|period|abstand).*|interval|delta ?t|dt", re.IGNORECASE)
_UNIT_KEY = re.compile(
    r"((ecg|ekg|signal|voltage|amplitude) )?"
    r"(units?( ?name)?|einheit|unité|unidade?|unità|eenheid|enhe[dt]|jednostka|单位|単位)"
    r"( of (measurement|measure|amplitude|voltage))?",
    re.IGNORECASE,
)
_LEAD_WORD = (
    r"leads?|ableitung(en)?|dérivations?|derivaci[óo]n|derivazione|derivação|afleiding|avledning|afledning|导联|誘導"
)
_LEAD_KEY = re.compile(rf"({_LEAD_WORD}|channel ?(name|title|label)?s?|kanal(name)?)( name)?", re.IGNORECASE)
_LEAD_PREFIX = re.compile(rf"^({_LEAD_WORD})\s+(?=\S)", re.IGNORECASE)
_FIELD = re.compile(r"[\s#%/;*\"]*([^\W\d][^:=,;\t]*?)\"?\s*(?:[:=]\s*[,;\t]?|[,;\t])\s*(.*)")
_QUANTITY = re.compile(r"([+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s*([^\d\s]*)", re.IGNORECASE)
_PER_S = {"": 1.0, "k": 1e3, "m": 1e6}
_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
}
_A_SAMPLE = re.compile(r"[\s#]*(\d+(?:[.,]\d+)?\s*[a-zµ]+)\s*(?:/|per)\s*sample", re.IGNORECASE)  # BIOPAC
_END = re.compile(r"[\s#%/;*-]*(end\s*of\s*header|header\s*end|data|-*)\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Metadata:
    """What the lines above a table say.

    Attributes:
        fs: sampling rate in Hz.
        unit: of the signal, as written.
        leads: their names, without columns of time or row numbers.
        columns: name of each column, where one line lists them; empty for one that holds no lead.
        raw: whether the values are said to be a converter's steps.
    """

    fs: float | None = None
    unit: str = ""
    leads: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    raw: bool = False


def is_metadata(line: str, cells: Sequence[str], width: int) -> bool:
    """Whether a line right above the numbers says something of the recording and is no line of column names.

    Args:
        line: without its end.
        cells: what the table's delimiter makes of it.
        width: how many cells each row of the table has.
    """
    if _END.fullmatch(line.strip()) or _objects(line) or _said(line):
        return True
    key, mark, _ = _parts(line)
    return bool(key) and mark in ":=" and (width == 1 or len(cells) != width or cells[0].endswith((":", "=")))


def read_metadata(lines: Iterable[str]) -> Metadata:
    """What all lines above the numbers say; of what is said twice the first counts.

    Of several sampling rates that of the ECG counts, else the one that is of no other signal; two of these are none.
    """
    found: dict[str, Any] = {}
    rates: list[tuple[int, float]] = []
    for line in lines:
        for name, value in _said(line):
            if name == "fs":
                rates.append(value)
            else:
                found.setdefault(name, value)
    best = min((rank for rank, _ in rates), default=0)
    of_best = {fs for rank, fs in rates if rank == best}
    return Metadata(**found, fs=of_best.pop() if len(of_best) == 1 else None)


def _rank(key: str) -> int:
    """0 for a sampling rate that a key calls the ECG's, 1 for one of nothing in particular, 2 for another signal's."""
    if re.search("ecg|ekg", key, re.IGNORECASE):
        return 0
    plain = re.sub(r"[(\[].*?[)\]]", "", key)
    words = re.findall(r"[^\W\d_]+", plain.lower())
    usual = re.compile(rf".*({_SAMPLING}).*|.*({_RATE}).*|f|fs|hz|sr|srate|in|of|de|d|der|dt|interval|period|delta|t")
    return 1 if all(usual.fullmatch(word) for word in words) else 2


def _said(line: str) -> list[tuple[str, Any]]:
    """Fields of `Metadata` that one line holds."""
    objects = _objects(line)
    if objects:
        return _devices(objects)
    if (whole := _A_SAMPLE.fullmatch(line.strip())) and (step := _interval(whole[1])):
        return [("fs", (1, 1 / step))]
    key, mark, value = _parts(line)
    if _RATE_KEY.fullmatch(key) and (fs := _rate(value)):
        return [("fs", (_rank(key), fs))]
    if _INTERVAL_KEY.fullmatch(key) and (step := _interval(value)):
        return [("fs", (_rank(key), 1 / step))]
    if _UNIT_KEY.fullmatch(key) and value:
        return [("unit", value)]
    if _LEAD_KEY.fullmatch(key) and value and (mark in ":=" or not re.search(r"[,;\t]", value)):
        return [("leads", tuple(_LEAD_PREFIX.sub("", name.strip()) for name in re.split(r"[,;\t]", value)))]
    return []


def _parts(line: str) -> tuple[str, str, str]:
    """Key, what stands after it, and value."""
    match = _FIELD.fullmatch(line.strip())
    if not match:
        return "", "", ""
    value = match[2].strip().strip(",;\t").strip().strip("'\"").strip()
    return match[1].strip(" _"), line[match.end(1) :].strip().strip('"')[:1] or " ", value


def _rate(value: str) -> float | None:
    """Hz in `512 hertz`, `0.5 kHz`, `512,277 Hertz` or `250`; None where it is another quantity."""
    match = _QUANTITY.match(value)
    unit = re.fullmatch(r"(k|m|)(hz|hertz|hercios?|赫兹|sps|/s|samples.*|)\W*", match[2].lower()) if match else None
    if not match or not unit:
        return None
    return float(match[1].replace(",", ".")) * _PER_S[unit[1]]


def _interval(value: str) -> float | None:
    match = _QUANTITY.match(value)
    unit = _SECONDS.get(match[2].lower()) if match else None
    return float(match[1].replace(",", ".")) * unit if match and unit else None


def _objects(line: str) -> list[dict[str, Any]]:
    """The devices that a line of JSON describes: `{"00:07:80": {...}}`, or one without an address."""
    start = line.find("{")
    if start < 0 or line[:start].strip(" #%/;*\t"):
        return []
    try:
        whole = json.loads(line[start:])
    except (ValueError, RecursionError):
        return []
    inner = [(str(name), value) for name, value in whole.items() if isinstance(value, dict)] or [("", whole)]
    # a word says whose rate it is; an address, as OpenSignals has it, does not
    return [
        {f"{name} {key}".strip().lower() if name.isalpha() and not isinstance(value, list) else str(key).lower(): value
         for key, value in one.items()}
        for name, one in inner
    ]  # fmt: skip


def _devices(objects: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What OpenSignals writes: the last columns of a device are its sensors, those before are counters and switches."""
    said = [field for one in objects for field in _flat(one)]
    columns: list[str] = []
    for one in objects:
        listed = [str(name) for name in _list(one.get("column", one.get("columns")))]
        sensors = [str(name) for name in _list(one.get("sensor"))]
        if sensors and len(sensors) <= len(listed):
            named = [
                s if sensors.count(s) == 1 and s.upper() != "RAW" else c
                for s, c in zip(sensors, listed[-len(sensors) :], strict=True)
            ]
            listed = [""] * (len(listed) - len(sensors)) + named
        columns += listed
    if columns:
        said.append(("columns", tuple(columns)))
    return [*said, ("raw", True)] if any("resolution" in one for one in objects) else said


def _flat(one: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in one.items():
        if isinstance(value, str | int | float) and key not in ("column", "columns", "sensor"):
            yield from _said(f"{key}: {value}")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
