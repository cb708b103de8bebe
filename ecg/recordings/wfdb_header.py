"""The header of a WFDB record: header(5) of the WFDB applications guide, and what programs write in its place.

The wfdb package refuses some of those (a date before the time, a rate as `3.6e2`) and drops what is not ASCII, so that
`µV` becomes `V`; hence a parser of our own. https://physionet.org/physiotools/wag/header-5.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.messages import found_in

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RATE = re.compile(rf"({_NUMBER})(?:/(?:{_NUMBER})?)?(?:\({_NUMBER}\))?")  # with the rate and base of a counter
_FORMAT = re.compile(r"(?P<form>\d+)(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?")
_GAIN = re.compile(rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>{_NUMBER})\))?(?:/(?P<unit>\S*))?")
_SIGNAL = re.compile(rf"(\S+)\s+(\S+)(?:\s+({_NUMBER}\S*))?((?:\s+[-+]?\d+){{0,5}})(?:\s+(\S.*))?")
DEFAULT_GAIN = 200.0
"""ADU per mV where a header gives none, or 0; WFDB_DEFGAIN of wfdb.h."""


@dataclass(frozen=True)
class Signal:
    """A line of the header about one signal.

    Attributes:
        file: name of its file; `~` where there is none.
        form: how samples are stored, e.g. `212`.
        per_frame: samples in each frame.
        skew: how many frames it lies late in the file.
        offset: bytes before the first sample.
        gain: ADU per unit; 0 where the header gives none.
        baseline: ADU value of 0 units.
        unit: as written; mV where the header names none.
        initial: the value before the first, for formats that store differences.
        checksum: of all samples, 16 bits; 0 where nobody computed it.
        name: the description; empty where there is none.
    """

    file: str
    form: str
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    initial: int
    checksum: int
    name: str


@dataclass(frozen=True)
class Header:
    """A header.

    Attributes:
        file: where it was read.
        fs: frames per second; 0 where it does not say.
        length: in frames; 0 where it does not say.
        signals: of a record of one segment.
        segments: of a record of several: name (`~`: nothing was recorded) and length in frames.
        comments: its comment lines, without `#`.
    """

    file: Path
    fs: float
    length: int
    signals: tuple[Signal, ...]
    segments: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]

    @property
    def record(self) -> str:
        """Name of the record, which is that of the file."""
        return self.file.stem

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals; one without is called by its place."""
        return tuple(signal.name or f"signal {i}" for i, signal in enumerate(self.signals))

    @property
    def simulated(self) -> bool:
        """Whether a comment says that a model of the ECG made it."""
        return any(line.lower().startswith("simulated") for line in self.comments)


def beside(path: Path) -> Path | None:
    """The file of that name, else the only one whose name differs in upper and lower case: `REC.DAT` for `rec.dat`."""
    if path.is_file():
        return path
    folder = path.parent
    other = [file for file in folder.iterdir() if file.name.lower() == path.name.lower()] if folder.is_dir() else []
    return other[0] if len(other) == 1 and other[0].is_file() else None


def read_header(path: Path) -> Header:
    """The header in a file.

    Raises:
        EcgError: there is no such file, or it is no header; the message names it.
    """
    file = beside(path)
    if file is None:
        raise EcgError(f"no record {path.stem}: {path} does not exist. {found_in(path.parent, '.hea', 'records')}")
    lines = [line.strip() for line in _text(file).splitlines() if line.strip()]
    comments = tuple(line.strip(" \t#") for line in lines if line.startswith("#"))
    first, *rest = [line for line in lines if not line.startswith("#")] or [""]
    words = first.split()
    name, _, parts = words[0].partition("/") if words else ("", "", "")
    if len(words) < 2 or not name or not words[1].isdigit() or (parts and not parts.isdigit()):
        raise EcgError(f"{file}: not a WFDB header: it begins with {first[:60]!r}, not with a record and its signals")
    rate = _RATE.fullmatch(words[2]) if len(words) > 2 else None
    if len(words) > 2 and rate is None:
        raise EcgError(f"{file}: not a WFDB header: the sampling rate reads {words[2]!r}, not e.g. 360")
    fs = float(rate[1]) if rate else 0.0
    if not 0 <= fs < 1e6:
        raise EcgError(f"{file}: the sampling rate is {fs:g} Hz; it must be above 0")
    length = int(words[3]) if len(words) > 3 and words[3].isdigit() else 0
    kind, wanted = ("segments", int(parts)) if parts else ("signals", int(words[1]))
    if wanted != len(rest) or not wanted:
        raise EcgError(f"{file}: announces {wanted} {kind} but describes {len(rest)}")
    segments = tuple(_segment(file, line) for line in rest) if parts else ()
    signals = () if parts else tuple(_signal(file, line) for line in rest)
    return Header(file, fs, length, signals, segments, comments)


def _text(file: Path) -> str:
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _segment(file: Path, line: str) -> tuple[str, int]:
    words = line.split()
    if len(words) < 2 or not words[1].isdigit():
        raise EcgError(f"{file}: not a WFDB header: {line[:60]!r} is no segment and its length")
    return words[0], int(words[1])


def _signal(file: Path, line: str) -> Signal:
    """A signal line; all but its first two fields may be absent."""
    found = _SIGNAL.fullmatch(line)
    form = _FORMAT.fullmatch(found[2]) if found else None
    if found is None or form is None:
        raise EcgError(f"{file}: not a WFDB header: {line[:60]!r} does not give a signal file and its format")
    gain = _GAIN.fullmatch(found[3] or "0")
    if gain is None:
        raise EcgError(f"{file}: not a WFDB header: the gain of a signal reads {found[3]!r}, not e.g. 200/mV")
    _, zero, initial, checksum, _ = [*map(int, found[4].split()), *[0] * 5][:5]
    return Signal(
        file=found[1],
        form=form["form"],
        per_frame=int(form["per_frame"] or 1) or 1,
        skew=int(form["skew"] or 0),
        offset=int(form["offset"] or 0),
        gain=float(gain["gain"]),
        baseline=round(float(gain["baseline"])) if gain["baseline"] else zero,
        unit=gain["unit"] or "mV",
        initial=initial,
        checksum=checksum,
        name=(found[5] or "").strip(),
    )
