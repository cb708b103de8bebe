"""Leads by name: the wanted ones of a recording, in the wanted order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ecg.errors import EcgError
from ecg.recordings.recording import Recording

FIRST = "first"
"""The lead that a record begins with, whatever it is called."""

_NO_NAME = re.compile(r"(ecg|signal|channel|ch|lead)?[ _-]?\d*", re.IGNORECASE)
"""What databases without lead names call their signals: `ECG1` (svdb), `signal 0`."""


def with_leads(recording: Recording, wanted: Sequence[str]) -> Recording:
    """The recording with the wanted leads only, in that order.

    Args:
        recording: of any number of leads. Where none of them has the name of a lead, the first signal stands for the
            first wanted lead, and so on.
        wanted: names in any case; `first`; or alternatives: `MLII|II|V5` is the first of the three that a record has.

    Raises:
        EcgError: a lead is not there; the message names those that are.
    """
    nameless = all(_NO_NAME.fullmatch(name.strip()) for name in recording.leads)
    rows, names = zip(*(_found(recording, one, i if nameless else None) for i, one in enumerate(wanted)), strict=True)
    return replace(_rows(recording, list(rows)), leads=tuple(names))


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
    raise EcgError(f"record {recording.record}: {said}; it has {', '.join(recording.leads)}")


def _rows(recording: Recording, rows: list[int]) -> Recording:
    own = {key: getattr(recording, key)[rows] for key in ("digital", "gain", "baseline")}
    return replace(recording, leads=tuple(recording.leads[row] for row in rows), **own)
