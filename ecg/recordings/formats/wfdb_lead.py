"""One lead of a WFDB record."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecg.recordings.formats.asked import Asked, Gaps, OwnRecording, choose_lead
from ecg.recordings.formats.units import bridge
from ecg.recordings.wfdb_files import read_record

_MISSING = {
    "212": -(2**11),
    "310": -(2**9),
    "311": -(2**9),
    "80": -(2**7),
    "16": -(2**15),
    "61": -(2**15),
    "160": -(2**15),
    "24": -(2**23),
    "32": -(2**31),
}
"""The value that says `no signal here` in each format, signal(5) of the WFDB applications guide."""


def read_wfdb(path: Path, record: str, asked: Asked) -> OwnRecording:
    """Read the asked-for lead with the reference annotations, if there are any.

    Args:
        path: the header.
        record: name of the recording.
        asked: the lead; rate and units are in the header.

    Raises:
        EcgError: as `read_record`, or no such lead.
    """
    whole = read_record(path)
    lead, notes = choose_lead(str(path), whole.leads, asked)
    digital = whole.digital[lead]
    missing = digital == _MISSING.get(_format(path, whole.leads[lead]), -(2**31))
    gaps: Gaps = np.zeros((0, 2), dtype=np.int64)
    if missing.any() and not missing.all():
        filled, gaps, more = bridge(digital, missing, whole.fs)
        digital, notes = filled.astype(np.int32), (*notes, *more)
    if asked.fs is not None and abs(asked.fs - whole.fs) > 1e-6:
        notes = (*notes, f"--fs {asked.fs:g} is not used: the header says {whole.fs:g} Hz.")
    one = replace(
        whole,
        record=record,
        digital=digital[None].copy(),  # a view would keep all leads in memory
        gain=whole.gain[[lead]],
        baseline=whole.baseline[[lead]],
        leads=(whole.leads[lead],),
    )
    return OwnRecording(one, gaps, notes, whole.leads)


def _format(path: Path, lead: str) -> str:
    """Signal format of a lead: the second field of its line in the header, whose ninth is the lead's name."""
    for line in path.read_text(encoding="ascii", errors="ignore").splitlines():
        fields = line.split(maxsplit=8)
        if len(fields) == 9 and fields[8].strip() == lead and not line.startswith("#"):
            return re.split(r"[x:+]", fields[1])[0]
    return ""
