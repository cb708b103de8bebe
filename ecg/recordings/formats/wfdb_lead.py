"""One lead of a WFDB record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import bridge
from ecg.recordings.leads import one_lead
from ecg.recordings.wfdb_files import PACKING, read_header, read_record


def read_wfdb(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead with the reference annotations, if there are any.

    Args:
        source: the header.
        asked: the lead; rate and units are in the header.

    Raises:
        EcgError: as `read_record`, or no such lead.
    """
    whole, header = read_record(source.path), read_header(source.path)
    lead, notes = choose_lead(str(source.path), whole.leads, asked)
    name, digital = whole.leads[lead], whole.digital[lead]
    form = next((form for form, of in zip(header.fmt, header.sig_name, strict=True) if of == name), "")
    missing = digital == PACKING[form][2] if form in PACKING else np.zeros(len(digital), dtype=bool)
    # where all of it is missing there is nothing to draw a line between
    filled, gaps, more = bridge(digital, missing & ~missing.all(), whole.fs)
    one = replace(one_lead(whole, lead, name), record=source.record, digital=filled.astype(np.int32)[None])
    return OwnRecording(one, gaps, (*notes, *more, *asked.not_used(whole.fs, "the header")), whole.leads)
