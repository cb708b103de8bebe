"""One lead of a WFDB record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ecg.recordings.formats.asked import NO_GAPS, Asked, OwnRecording, choose_lead
from ecg.recordings.formats.units import bridge
from ecg.recordings.wfdb_files import PACKING, read_header, read_record


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
    header = read_header(path)
    form = next((form for form, name in zip(header.fmt, header.sig_name, strict=True) if name == whole.leads[lead]), "")
    missing = digital == PACKING[form][2] if form in PACKING else np.zeros(len(digital), dtype=bool)
    gaps = NO_GAPS
    if missing.any() and not missing.all():
        filled, gaps, more = bridge(digital, missing, whole.fs)
        digital, notes = filled.astype(np.int32), (*notes, *more)
    one = replace(
        whole,
        record=record,
        digital=digital[None].copy(),  # a view would keep all leads in memory
        gain=whole.gain[[lead]],
        baseline=whole.baseline[[lead]],
        leads=(whole.leads[lead],),
    )
    return OwnRecording(one, gaps, (*notes, *asked.not_used(whole.fs, "the header")), whole.leads)
