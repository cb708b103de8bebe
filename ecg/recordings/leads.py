"""Leads by name: the wanted ones of a recording, in the wanted order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.recording import INVALID_ADU, Recording


class MissingLeadError(EcgError):
    """A recording lacks a lead.

    Attributes:
        lead: its name.
    """

    def __init__(self, message: str, lead: str) -> None:
        super().__init__(message)
        self.lead = lead

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """How another process is told of it."""
        return type(self), (str(self), self.lead)


FIRST = "first"
"""The lead that a record begins with, whatever it is called."""
TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The standard leads, in the standard order."""
DERIVED: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"III": (-1.0, 1.0), "AVR": (-0.5, -0.5), "AVL": (1.0, -0.5), "AVF": (-0.5, 1.0)}
)
"""Limb leads that follow from I and II (Einthoven, Goldberger), as shares of the two; names in capitals."""
DERIVED_GAIN = 10_000.0
"""Of a derived lead, in ADU per mV; finer than any converter's."""

_NO_NAME = re.compile(r"(ecg|signal|channel|ch|lead)?[ _-]?\d*", re.IGNORECASE)
"""What databases without lead names call their signals: `ECG1` (svdb), `signal 0`."""


def with_leads(recording: Recording, wanted: Sequence[str]) -> Recording:
    """The recording with the wanted leads only, in that order.

    Args:
        recording: of any number of leads. Where none of them has the name of a lead, the first signal stands for the
            first wanted lead, and so on.
        wanted: names in any case; `first`; or alternatives: `MLII|II|V5` is the first of the three that a record has.
            III, aVR, aVL and aVF are made of I and II where a record has these alone.

    Raises:
        MissingLeadError: a lead is not there; the message names those that are.
    """
    nameless = all(_NO_NAME.fullmatch(name.strip()) for name in recording.leads)
    whole = recording if nameless else _with_derived(recording, wanted)
    rows, names = zip(*(_found(whole, one, i if nameless else None) for i, one in enumerate(wanted)), strict=True)
    return replace(_rows(whole, list(rows)), leads=tuple(names))


def one_lead(recording: Recording, row: int, name: str) -> Recording:
    """The recording with the lead at `row` only, called `name`."""
    return replace(_rows(recording, [row]), leads=(name,))


def _found(recording: Recording, wanted: str, place: int | None) -> tuple[int, str]:
    """Position of one wanted lead, and its name, written as it was asked for."""
    names = [name.strip().lower() for name in recording.leads]
    options = [option.strip() for option in wanted.split("|")]
    for option in options:
        if option.lower() in names:
            return names.index(option.lower()), option
        if option.lower() == FIRST:
            return 0, recording.leads[0]
    if place is not None and place < len(names):
        return place, recording.leads[place]
    said = f"no lead {wanted}" if len(options) == 1 else f"none of the leads {', '.join(options)}"
    raise MissingLeadError(f"record {recording.record}: {said}; it has {', '.join(recording.leads)}", wanted)


def _with_derived(recording: Recording, wanted: Sequence[str]) -> Recording:
    """The recording with the limb leads behind its own that are wanted, that it lacks, and that I and II give."""
    names = [name.strip().upper() for name in recording.leads]
    if not {"I", "II"} <= set(names):
        return recording
    options = [[option.strip() for option in one.split("|")] for one in wanted]
    lacking = [some for some in options if not any(o.upper() in names or o.lower() == FIRST for o in some)]
    first = (next((option for option in some if option.upper() in DERIVED), "") for some in lacking)
    new = [name for name in dict.fromkeys(first) if name]
    if not new:
        return recording
    rows = [names.index("I"), names.index("II")]
    limb = np.stack([recording.millivolts(row) for row in rows])
    invalid = (recording.digital[rows] == INVALID_ADU).any(axis=0)
    made = [_digital(np.array(DERIVED[name.upper()]) @ limb, invalid) for name in new]
    return replace(
        recording,
        digital=np.concatenate([recording.digital, made]).astype(np.int32),
        gain=np.append(recording.gain, np.full(len(new), DERIVED_GAIN)),
        baseline=np.append(recording.baseline, np.zeros(len(new), dtype=np.int32)).astype(np.int32),
        leads=(*recording.leads, *new),
    )


def _digital(signal: npt.NDArray[np.floating], invalid: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    made = np.rint(signal * DERIVED_GAIN).astype(np.int32)
    made[made == INVALID_ADU] += 1  # a valid value
    made[invalid] = INVALID_ADU
    return np.asarray(made)


def _rows(recording: Recording, rows: list[int]) -> Recording:
    own = {key: getattr(recording, key)[rows] for key in ("digital", "gain", "baseline")}
    return replace(recording, leads=tuple(recording.leads[row] for row in rows), **own)
