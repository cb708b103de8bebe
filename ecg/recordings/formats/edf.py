"""One lead of an EDF, EDF+ or BDF file (edfplus.info)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.units import ADU_NOTE, UNITS, from_values, known_unit, not_invalid
from ecg.recordings.recording import Recording


def read_edf(path: Path, record: str, asked: Asked) -> OwnRecording:
    """Read the asked-for lead as the digital samples it was stored with.

    Args:
        path: the file.
        record: name of the recording.
        asked: lead and, where the file names no unit of voltage, unit; the rate is in the file.

    Raises:
        EcgError: damaged or no EDF, interrupted (EDF+D), no such lead, no samples.
    """
    import edfio

    try:
        file = edfio.read_bdf(path) if path.suffix.lower() == ".bdf" else edfio.read_edf(path)
        labels = tuple(str(signal.label) for signal in file.signals)
        interrupted = str(file.reserved).startswith(("EDF+D", "BDF+D")) and not file.is_continuous
    except Exception as error:  # edfio lets whatever its parser trips over escape
        raise EcgError(f"{path}: damaged, cut off or no EDF file ({_reason(error)})") from error
    if interrupted:
        raise EcgError(f"{path}: an interrupted recording (EDF+D); save its parts as continuous files (EDF+C)")
    if not labels:
        raise EcgError(f"{path}: holds no signals")
    lead, notes = choose_lead(str(path), labels, asked)
    try:
        signal = file.signals[lead]
        fs, digital = float(signal.sampling_frequency), np.asarray(signal.digital, dtype=np.int32)
        bounds = [float(b) for b in (*signal.physical_range, *signal.digital_range)]
        said = known_unit(str(signal.physical_dimension))
    except Exception as error:
        raise EcgError(f"{path}: the samples of {labels[lead]} cannot be read ({_reason(error)})") from error
    if asked.fs is not None and abs(asked.fs - fs) > 1e-6:
        notes = (*notes, f"--fs {asked.fs:g} is not used: the file says {fs:g} Hz.")
    if not len(digital) or not fs > 0:
        raise EcgError(f"{path}: lead {labels[lead]} holds {len(digital)} samples at {fs:g} Hz")
    per_unit = (bounds[3] - bounds[2]) / (bounds[1] - bounds[0])
    unit = asked.unit or said
    if unit is None or per_unit <= 0:
        values = bounds[0] + (digital - bounds[2]) / per_unit
        return from_values(
            str(path), labels[lead], values, fs, unit=unit, notes=notes, leads=labels, record_name=record
        )
    zero = bounds[2] - bounds[0] * per_unit
    recording = Recording(
        record=record,
        patient=record,
        digital=not_invalid(digital)[None],
        gain=np.array([per_unit * UNITS[unit]]),
        baseline=np.array([round(zero)], dtype=np.int32),
        fs=fs,
        leads=(labels[lead],),
    )
    return OwnRecording(recording, notes=(*notes, ADU_NOTE) if unit == "ADU" else notes, leads=labels)


def _reason(error: Exception) -> str:
    """What another library's exception says, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
