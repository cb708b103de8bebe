"""Values in some unit become the converter's integers of a `Recording`; what is missing becomes a gap."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from math import floor, log10
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Gaps, OwnRecording
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.no_signal import refuse_counter, without_invalid
from ecg.recordings.recording import Recording

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int32]
Values = Floats | Integers
Texts = tuple[str, ...]

UNITS: dict[str, float] = {"mV": 1.0, "uV": 1e3, "V": 1e-3, "ADU": 200.0, "nV": 1e6}
"""Units that a signal may come in, with how many of each make a millivolt. For ADU that depends on the converter: 200
is the default of WFDB."""

ADU_NOTE = "ADU: taken as 200 to the millivolt, the default of WFDB; heights in mV may be off."
_STEPS = frozenset(["adu", "adc", "adcunit", "count", "lsb", "step", "digit"])
_VOLTS = re.compile(
    r"(|n|nano|u|mc|\u03bc|\u00e2\u03bc|\u03bc\u03bc|micro|mikro|m|milli|mili)v(?:olts?|oltios?|olt[iy])?"
)
_PREFIXES = {"": "V", "n": "nV", "nano": "nV", "m": "mV", "milli": "mV", "mili": "mV"}  # every other one is micro
_LIKE_UNIT = re.compile(
    r"[^\W\d_]{0,4}v(olts?)?|.*v(olts?)?\s?[/^*].*|.*/.*v(olts?)?|10\^?-?\d+\s?v|\d+(\.\d+)?\s?[^\s\d]?v"
    r"|%|bpm|hz|mmhg|k?ohm|[mnu\u03bc]?a|.*\ufffd.*",
    re.IGNORECASE,
)
LARGEST_MV = 20.0
"""An ECG that spans more than this many mV is in another unit: surface ECGs span 0.2 to 10 mV."""
SMALLEST_MV = 0.05
"""One that spans less than this many mV is, too; between the two, no two of the units are both possible."""
SLOWEST, FASTEST = 20.0, 10_000.0
"""Hz; no ECG has fewer or more samples a second."""
BRIDGED_S = 0.02
"""Shorter dropouts are bridged by a straight line: too short to hide a QRS complex (60 ms and more)."""
_LARGEST = 2**23  # integers up to here are exact in float32


def known_unit(text: str) -> str | None:
    """The unit that a file's text means, or None: `mV`, `(µV)`, `microvolts` and `Volt` are known."""
    plain = re.sub(r"[\s_.-]", "", unicodedata.normalize("NFKC", text).strip().strip("()[]{}").lower())
    if plain.removesuffix("s") in _STEPS:
        return "ADU"
    volts = _VOLTS.fullmatch(plain)
    return _PREFIXES.get(volts[1], "uV") if volts else None


def looks_like_unit(text: str) -> bool:
    """Whether text that names no known unit is one nevertheless: `kV`, `uV/LSB`, `bpm`."""
    return _LIKE_UNIT.fullmatch(text.strip().strip("()[]{}").strip()) is not None


def named_unit(path: Path, lead: str, text: str, asked: str | None) -> tuple[str | None, Texts]:
    """The unit of a lead, and a note where the person gave another than the file.

    Args:
        path: the file.
        lead: its name.
        text: what the file calls the unit; empty where it names none.
        asked: one of `UNITS`, which the person gave.

    Raises:
        EcgError: the file's unit is not known, and the person gave none.
    """
    known = known_unit(text)
    if asked is not None:
        differs = text.strip() and known != asked
        return asked, (f"--unit {asked} is used; the file says {text.strip()!r}.",) if differs else ()
    if known is None and text.strip():
        said = f"the unit {text.strip()!r} of {lead} is not known"
        raise EcgError(f"{path}: {said}; say what the values are, e.g. --unit mV ({', '.join(UNITS)})")
    return known, ()


def from_values(
    source: Input, leads: Texts, lead: int, values: Floats, fs: float, unit: str | None, notes: Texts
) -> OwnRecording:
    """A recording of one lead out of its values.

    The gain is a power of ten, so that values written with a few decimals are kept exactly.

    Args:
        source: what was read.
        leads: all leads of the file.
        lead: position of the one that was read.
        values: shape [time]; not finite where the signal is missing. Values that mean `invalid` are missing too.
        fs: in Hz.
        unit: one of `UNITS`; None guesses by the span, and says so unless it is mV.
        notes: what is known already.

    Raises:
        EcgError: there is not one value, the values are a time or a counter, or could be in no unit or in two.
    """
    named = f"{source.path}: lead {leads[lead]}"
    values, invalid = without_invalid(values)
    missing = ~np.isfinite(values)
    if missing.all():
        raise EcgError(f"{named} holds no signal ({len(values)} samples, none of them a number)")
    present = values[~missing] if missing.any() else values
    refuse_counter(named, present)
    low, high = np.percentile(present[:: max(len(present) // 1_000_000, 1)], [0.1, 99.9])
    unit, said = _guessed(named, high - low) if unit is None else (unit, _doubted(unit, high - low))
    bridged, gaps, more = bridge(values, missing, fs)
    largest = max(float(np.abs(present).max()), 1e-12)
    scale = 10.0 ** min(floor(log10(_LARGEST / largest)), 9)
    digital = np.rint(np.asarray(bridged, dtype=np.float64) * scale).astype(np.int32)
    own = from_digital(source, leads, lead, digital, fs, (unit, scale, 0), (*notes, *invalid, *said))
    return replace(own, gaps=gaps, notes=(*own.notes, *more))


def _guessed(named: str, span: float) -> tuple[str, Texts]:
    """The unit in which values of that span are an ECG, and a note."""
    for unit in ("mV", "uV", "V", "nV"):
        if SMALLEST_MV <= span / UNITS[unit] <= LARGEST_MV or (unit == "mV" and span == 0):  # a flat line: any
            if unit == "mV":
                return unit, ()
            note = f"The file names no unit; values that span {span:,.4g} are taken as {unit}"
            return unit, (f"{note} (say otherwise with --unit mV or ADU).",)
    raise EcgError(f"{named} names no unit, and values that span {span:,.4g} are an ECG in none; say it with --unit")


def _doubted(unit: str, span: float) -> Texts:
    """A note on values that are no ECG in the unit that is said of them."""
    of = span / UNITS[unit]
    if span == 0 or unit == "ADU" or SMALLEST_MV <= of <= LARGEST_MV:
        return ()
    return (f"Values that span {span:,.4g} {unit} ({of:,.3g} mV) are no usual ECG: is the unit right (--unit)?",)


def from_digital(
    source: Input, leads: Texts, lead: int, digital: Integers, fs: float, scale: tuple[str, float, int], notes: Texts
) -> OwnRecording:
    """A recording of one lead out of its integers.

    Args:
        source: what was read.
        leads: all leads of the file.
        lead: position of the one that was read.
        digital: shape [time]. -32768, which means `invalid` in WFDB and to `ecg.beats.detected`, is moved up a step.
        fs: in Hz.
        scale: one of `UNITS`, integers per unit, and the integer that means 0.
        notes: what is known already.

    Raises:
        EcgError: no ECG has that rate, or the samples are a time or a counter.
    """
    named = f"{source.path}: lead {leads[lead]}"
    if not SLOWEST <= fs <= FASTEST:
        raise EcgError(f"{named}: {fs:,.6g} Hz; an ECG has {SLOWEST:g} to {FASTEST:,.0f} samples a second")
    refuse_counter(named, digital)
    unit, per_unit, zero = scale
    digital = np.where(digital == -(2**15), -(2**15) + 1, digital).astype(np.int32)[None]
    gain, baseline = np.array([per_unit * UNITS[unit]]), np.array([zero], dtype=np.int32)
    recording = Recording(source.record, source.record, digital, gain, baseline, fs, (leads[lead],))
    return OwnRecording(recording, notes=(*notes, *([ADU_NOTE] if unit == "ADU" else [])), leads=leads)


def bridge(values: Values, missing: npt.NDArray[np.bool_], fs: float) -> tuple[Values, Gaps, Texts]:
    """Draw straight lines where values are missing.

    Args:
        values: shape [time].
        missing: shape [time], not true everywhere.
        fs: in Hz.

    Returns:
        The values without holes; the holes longer than `BRIDGED_S`; a note on those that were shorter.
    """
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    runs: Gaps = edges.reshape(-1, 2).astype(np.int64)
    if not len(runs):
        return values, runs, ()
    known = np.flatnonzero(~missing)
    filled = values.copy()
    filled[missing] = np.interp(np.flatnonzero(missing), known, values[known]).astype(values.dtype)
    length = runs[:, 1] - runs[:, 0]
    inside = (runs[:, 0] > 0) & (runs[:, 1] < len(values))
    short = inside & (length <= BRIDGED_S * fs)
    count, samples = int(short.sum()), int(length[short].sum())
    note = f"{count} dropouts of up to {BRIDGED_S * 1000:.0f} ms ({samples} samples) were bridged by straight lines."
    return filled, runs[~short], (note,) if count else ()
