"""One door for all formats."""

from __future__ import annotations

from dataclasses import replace

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import asked_unit


def read_own(source: Input, asked: Asked) -> OwnRecording:
    """Read one lead of a recording.

    Args:
        source: of `find_inputs`.
        asked: lead, rate and unit, where the file does not say them.

    Raises:
        EcgError: the file is missing, damaged or of another format, has no such lead or no known sampling rate, or
            holds no signal. The message names the file.
    """
    if asked.fs is not None and not 0 < asked.fs < 1e6:
        raise EcgError(f"--fs {asked.fs:g}: must be a sampling rate in Hz, above 0")
    asked = replace(asked, unit=asked_unit(asked.unit))
    if source.form == "wfdb":
        from ecg.recordings.formats.wfdb_lead import read_wfdb as read
    elif source.form == "edf":
        from ecg.recordings.formats.edf import read_edf as read
    elif source.form == "csv":
        from ecg.recordings.formats.csv_table import read_csv as read
    else:
        from ecg.recordings.formats.numpy_file import read_numpy as read
    return read(source.path, source.record, asked)
