"""One lead of an EDF, EDF+ or BDF file (edfplus.info)."""

from __future__ import annotations

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import from_digital, from_values, known_unit
from ecg.recordings.messages import failing


def read_edf(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead as the digital samples it was stored with.

    Args:
        source: the file.
        asked: lead and, where the file names no unit of voltage, unit; the rate is in the file.

    Raises:
        EcgError: damaged or no EDF, interrupted (EDF+D), no such lead, no samples.
    """
    import edfio

    path = source.path
    with failing(f"{path}: damaged, cut off or no EDF file"):
        file = edfio.read_bdf(path) if path.suffix.lower() == ".bdf" else edfio.read_edf(path)
        labels = tuple(str(signal.label) for signal in file.signals)
        interrupted = str(file.reserved).startswith(("EDF+D", "BDF+D")) and not file.is_continuous
    if interrupted:
        raise EcgError(f"{path}: an interrupted recording (EDF+D); save its parts as continuous files (EDF+C)")
    if not labels:
        raise EcgError(f"{path}: holds no signals")
    lead, notes = choose_lead(str(path), labels, asked)
    with failing(f"{path}: the samples of {labels[lead]} cannot be read"):
        signal = file.signals[lead]
        fs, digital = float(signal.sampling_frequency), np.asarray(signal.digital, dtype=np.int32)
        lowest, highest, low, high = (float(b) for b in (*signal.physical_range, *signal.digital_range))
        said = known_unit(str(signal.physical_dimension))
    if not len(digital) or not fs > 0:
        raise EcgError(f"{path}: lead {labels[lead]} holds {len(digital)} samples at {fs:g} Hz")
    notes = (*notes, *asked.not_used(fs, "the file"))
    per_unit = (high - low) / (highest - lowest)
    unit = asked.unit or said
    if unit is None or per_unit <= 0:
        return from_values(source, labels, lead, lowest + (digital - low) / per_unit, fs, unit, notes)
    return from_digital(source, labels, lead, digital, fs, (unit, per_unit, round(low - lowest * per_unit)), notes)
