"""One door for all formats, for commands and from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording
from ecg.recordings.formats.csv_table import read_csv
from ecg.recordings.formats.devices import read_alivecor, read_cart
from ecg.recordings.formats.edf import read_edf
from ecg.recordings.formats.find import Input, find_inputs
from ecg.recordings.formats.numpy_file import read_numpy
from ecg.recordings.formats.units import UNITS, known_unit
from ecg.recordings.formats.wfdb_lead import read_wfdb
from ecg.recordings.messages import one_line
from ecg.recordings.recording import Recording

_READERS = {
    **{"wfdb": read_wfdb, "edf": read_edf, "csv": read_csv, "numpy": read_numpy},
    **{"cart": read_cart, "alivecor": read_alivecor},
}


def read_own(source: Input, asked: Asked) -> OwnRecording:
    """Read one lead of a recording.

    Args:
        source: of `find_inputs`.
        asked: lead, rate and unit, where the file does not say them.

    Raises:
        EcgError: the file is missing, damaged or of another format, has no such lead or no known sampling rate, or
            holds no signal; or a reader stumbled over it in a way that nobody thought of. The message names the file.
    """
    if source.problem:
        raise EcgError(source.problem)
    if asked.fs is not None and not 0 < asked.fs < 1e6:
        raise EcgError(f"--fs {asked.fs:g}: must be a sampling rate in Hz, above 0")
    unit = known_unit(asked.unit or "")
    if asked.unit is not None and unit is None:
        raise EcgError(f"--unit {asked.unit}: choose one of {', '.join(UNITS)}")
    try:
        own = _READERS[source.form](source, replace(asked, unit=unit))
    except (EcgError, MemoryError):
        raise
    except Exception as error:
        raise EcgError(f"{source.path}: damaged, or of a form that is not known here ({one_line(error)})") from error
    return replace(own, notes=(*source.notes, *own.notes))


def read_recording(
    path: Path | str,
    *,
    lead: str | None = None,
    fs: float | None = None,
    unit: str | None = None,
    preferred: Sequence[str] = ("MLII", "II"),
) -> Recording:
    """Read one lead of a recording: WFDB (by its header, or without ending), EDF, BDF, CSV, NumPy, or of a device.

    Args:
        path: the file.
        lead: name of the lead; None: the first of `preferred` that there is, else the only one.
        fs: sampling rate in Hz, for files that do not say it.
        unit: mV, uV, V or ADU, for files that do not say it.
        preferred: leads in order of preference, where `lead` is None.

    Returns:
        The recording: its signal in ADU with gain and baseline (`millivolts(0)` is in mV), fs in Hz, the lead's name,
        the patient, and reference annotations where the file has them.

    Raises:
        EcgError: the file is missing, damaged or of another format, has no such lead or no known sampling rate. The
            message names the file.

    Example:
        >>> from ecg.recordings.databases.sample import FOLDER  # nine records of MIT-BIH ship with ecg
        >>> recording = read_recording(FOLDER / "201.hea")
        >>> recording.fs, recording.leads, recording.millivolts(0).shape
        (360.0, ('MLII',), (650000,))
    """
    found = find_inputs([Path(path)])
    if len(found) != 1:
        raise EcgError(f"{path} holds {len(found)} recordings; name one of them")
    own = read_own(found[0], Asked(fs, lead, unit, tuple(preferred)))
    return replace(own.recording, gaps=own.gaps if len(own.gaps) else None)
