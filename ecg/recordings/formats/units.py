"""Values in some unit become the converter's integers of a `Recording`; what is missing becomes a gap."""

from __future__ import annotations

from math import floor, log10

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Gaps, OwnRecording
from ecg.recordings.recording import Recording

UNITS: dict[str, float] = {"mV": 1.0, "uV": 1e3, "V": 1e-3, "ADU": 200.0}
"""Units that a signal may come in, with how many of each make a millivolt. For ADU that depends on the converter: 200
is the default of WFDB."""

ADU_NOTE = "ADU: taken as 200 to the millivolt, the default of WFDB; heights in mV may be off."
_ALSO = {"µv": "uV", "μv": "uV", "microvolt": "uV", "millivolt": "mV", "volt": "V", "": ""}
LARGEST_MV = 20.0
"""An ECG that spans more than this many mV is in another unit: surface ECGs span 0.2 to 10 mV."""
BRIDGED_S = 0.02
"""Shorter dropouts are bridged by a straight line: too short to hide a QRS complex (60 ms and more)."""
_LARGEST = 2**23  # integers up to here are exact in float32


def known_unit(text: str) -> str | None:
    """The unit that a file's text means, or None."""
    plain = text.strip().strip("()[]").lower()
    plain = _ALSO.get(plain, plain)
    return next((unit for unit in UNITS if unit.lower() == plain.lower()), None)


def asked_unit(text: str | None) -> str | None:
    """The unit that a person asked for.

    Raises:
        EcgError: it is none of `UNITS`.
    """
    if text is None:
        return None
    unit = known_unit(text)
    if unit is None:
        raise EcgError(f"--unit {text}: choose one of {', '.join(UNITS)}")
    return unit


def from_values(
    record: str,
    lead: str,
    values: npt.NDArray[np.floating],
    fs: float,
    *,
    unit: str | None,
    notes: tuple[str, ...] = (),
    leads: tuple[str, ...] = (),
    record_name: str | None = None,
) -> OwnRecording:
    """A recording of one lead out of its values.

    The gain is a power of ten, so that values written with a few decimals are kept exactly.

    Args:
        record: how messages call the file.
        lead: its name.
        values: shape [time]; not finite where the signal is missing.
        fs: in Hz.
        unit: one of `UNITS`; None guesses between mV and uV by the span, and says so.
        notes: what is known already.
        leads: all leads of the file.
        record_name: name of the recording; `record` if not given.

    Raises:
        EcgError: there is not one value.
    """
    missing = ~np.isfinite(values)
    if missing.all():
        raise EcgError(f"{record}: lead {lead} holds no signal ({len(values)} samples, none of them a number)")
    present = values[~missing] if missing.any() else values
    if unit is None:
        unit, note = _guess(present)
        notes = (*notes, *note)
    elif unit == "ADU":
        notes = (*notes, ADU_NOTE)
    bridged, gaps, more = bridge(values, missing, fs)
    largest = max(float(np.abs(present).max()), 1e-12)
    scale = 10.0 ** max(min(floor(log10(_LARGEST / largest)), 9), -9)
    digital = not_invalid(np.rint(np.asarray(bridged, dtype=np.float64) * scale).astype(np.int32))
    name = record_name or record
    recording = Recording(
        record=name,
        patient=name,
        digital=digital[None],
        gain=np.array([scale * UNITS[unit]]),
        baseline=np.zeros(1, dtype=np.int32),
        fs=fs,
        leads=(lead,),
    )
    return OwnRecording(recording, gaps, (*notes, *more), leads or (lead,))


def not_invalid(digital: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The samples, with -32768, which means `invalid` in WFDB and to `ecg.beats.detected`, moved up by one step."""
    return np.where(digital == -(2**15), -(2**15) + 1, digital).astype(np.int32)


def _guess(values: npt.NDArray[np.floating]) -> tuple[str, tuple[str, ...]]:
    low, high = np.percentile(values[:: max(len(values) // 1_000_000, 1)], [0.1, 99.9])
    span = float(high - low)
    if span <= LARGEST_MV:
        return "mV", ()
    said = (
        f"The file names no unit; values that span {span:,.0f} are taken as uV (say otherwise with --unit mV or ADU)."
    )
    return "uV", (said,)


def bridge(
    values: npt.NDArray[np.floating] | npt.NDArray[np.integer], missing: npt.NDArray[np.bool_], fs: float
) -> tuple[npt.NDArray[np.floating] | npt.NDArray[np.integer], Gaps, tuple[str, ...]]:
    """Draw straight lines where values are missing.

    Args:
        values: shape [time].
        missing: shape [time], not true everywhere.
        fs: in Hz.

    Returns:
        The values without holes; the holes longer than `BRIDGED_S`; a note on those that were shorter.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
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
