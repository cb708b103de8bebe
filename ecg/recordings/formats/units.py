"""Values in some unit become the converter's integers of a `Recording`; what is missing becomes a gap."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Gaps, OwnRecording
from ecg.recordings.formats.find import Input
from ecg.recordings.recording import Recording

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int32]
Values = Floats | Integers
Texts = tuple[str, ...]

UNITS: dict[str, float] = {"mV": 1.0, "uV": 1e3, "V": 1e-3, "ADU": 200.0}
"""Units that a signal may come in, with how many of each make a millivolt. For ADU that depends on the converter: 200
is the default of WFDB."""

ADU_NOTE = "ADU: taken as 200 to the millivolt, the default of WFDB; heights in mV may be off."
_ALSO = {"µv": "uV", "μv": "uV", "microvolt": "uV", "millivolt": "mV", "volt": "V"}
_NAMED = {unit.lower(): unit for unit in UNITS} | _ALSO
LARGEST_MV = 20.0
"""An ECG that spans more than this many mV is in another unit: surface ECGs span 0.2 to 10 mV."""
BRIDGED_S = 0.02
"""Shorter dropouts are bridged by a straight line: too short to hide a QRS complex (60 ms and more)."""
_LARGEST = 2**23  # integers up to here are exact in float32


def known_unit(text: str) -> str | None:
    """The unit that a file's text means, or None."""
    return _NAMED.get(text.strip().strip("()[]").lower())


def from_values(
    source: Input, leads: Texts, lead: int, values: Floats, fs: float, unit: str | None, notes: Texts
) -> OwnRecording:
    """A recording of one lead out of its values.

    The gain is a power of ten, so that values written with a few decimals are kept exactly.

    Args:
        source: what was read.
        leads: all leads of the file.
        lead: position of the one that was read.
        values: shape [time]; not finite where the signal is missing.
        fs: in Hz.
        unit: one of `UNITS`; None guesses between mV and uV by the span, and says so.
        notes: what is known already.

    Raises:
        EcgError: there is not one value.
    """
    missing = ~np.isfinite(values)
    if missing.all():
        named = f"{source.path}: lead {leads[lead]}"
        raise EcgError(f"{named} holds no signal ({len(values)} samples, none of them a number)")
    present = values[~missing] if missing.any() else values
    if unit is None:
        low, high = np.percentile(present[:: max(len(present) // 1_000_000, 1)], [0.1, 99.9])
        unit = "mV" if high - low <= LARGEST_MV else "uV"
        if unit == "uV":
            said = f"The file names no unit; values that span {high - low:,.0f} are taken as uV"
            notes = (*notes, f"{said} (say otherwise with --unit mV or ADU).")
    bridged, gaps, more = bridge(values, missing, fs)
    largest = max(float(np.abs(present).max()), 1e-12)
    scale = 10.0 ** max(min(floor(log10(_LARGEST / largest)), 9), -9)
    digital = np.rint(np.asarray(bridged, dtype=np.float64) * scale).astype(np.int32)
    own = from_digital(source, leads, lead, digital, fs, (unit, scale, 0), notes)
    return replace(own, gaps=gaps, notes=(*own.notes, *more))


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
    """
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
