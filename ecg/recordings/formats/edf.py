"""One lead of an EDF, EDF+ or BDF file (edfplus.info)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead, distinct
from ecg.recordings.formats.edf_records import Records, read_records
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import UNITS, bridge, from_digital, from_values, known_unit
from ecg.recordings.messages import failing


@dataclass(frozen=True)
class _Signal:
    """Samples of a signal in a row, shape [time], and what they mean."""

    digital: npt.NDArray[np.int32]
    fs: float
    physical: tuple[float, float]
    range: tuple[float, float]
    unit: str


def read_edf(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead as the digital samples it was stored with, each data record at its time.

    Args:
        source: the file.
        asked: lead and, where the file names no unit, unit; the rate is in the file.

    Raises:
        EcgError: damaged or no EDF, no such lead, no samples, a unit that is no voltage, time stamps that go back.
    """
    records = read_records(source.path)
    labels, lead, signal, chosen = _read(records, asked)
    unit, said = _unit(records, labels[lead], signal, asked)
    place, stamped = records.places(len(signal.digital) // records.found)
    digital, missing = _spread(signal.digital, place, records.found)
    notes = (*chosen, *records.notes, *stamped, *said, *asked.not_used(signal.fs, "the file"))
    (lowest, highest), (low, high) = signal.physical, signal.range
    if unit == "ADU" or highest == lowest or high == low:
        unit, per_unit, zero = "ADU", 1.0, 0
    else:
        per_unit = (high - low) / (highest - lowest)
        zero = round(low - lowest * per_unit)
    if unit is None or per_unit <= 0:
        values = np.where(missing, np.nan, lowest + (digital - low) / per_unit)
        return from_values(source, labels, lead, values, signal.fs, unit, notes)
    filled, gaps, bridged = bridge(digital, missing, signal.fs)
    scale = (unit, per_unit, zero)
    own = from_digital(source, labels, lead, filled.astype(np.int32), signal.fs, scale, notes)
    return replace(own, gaps=gaps, notes=(*own.notes, *bridged))


def _read(records: Records, asked: Asked) -> tuple[tuple[str, ...], int, _Signal, tuple[str, ...]]:
    """All labels, the place of the wanted one, its signal, and notes on the choice."""
    import edfio

    path = records.path
    with failing(f"{path}: damaged, cut off or no EDF file"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer or more data records than announced: `Records.notes` says it
        read: Any = edfio.read_bdf if records.bdf else edfio.read_edf
        file = read(path, header_encoding=records.encoding)
        labels = distinct([str(signal.label) or f"signal {i}" for i, signal in enumerate(file.signals)])
    if not labels:
        raise EcgError(f"{path}: holds no signals")
    lead, notes = choose_lead(str(path), labels, asked)
    with failing(f"{path}: the samples of {labels[lead]} cannot be read"):
        signal = file.signals[lead]
        found = _Signal(
            digital=np.asarray(signal.digital, dtype=np.int32),
            fs=float(signal.sampling_frequency),
            physical=(float(signal.physical_min), float(signal.physical_max)),
            range=(float(signal.digital_min), float(signal.digital_max)),
            unit=str(signal.physical_dimension).strip(),
        )
    if not len(found.digital) or not found.fs > 0:
        raise EcgError(f"{path}: lead {labels[lead]} holds {len(found.digital)} samples at {found.fs:g} Hz")
    return labels, lead, found, notes


def _unit(records: Records, lead: str, signal: _Signal, asked: Asked) -> tuple[str | None, tuple[str, ...]]:
    """The unit, None where nobody says it, and a note where another was asked for."""
    if signal.physical[0] == signal.physical[1] or signal.range[0] == signal.range[1]:
        if asked.unit != "ADU":
            problem = f"lead {lead} is not calibrated: its header says {signal.physical[0]:g} to {signal.physical[1]:g}"
            raise EcgError(f"{records.path}: {problem}; --unit ADU takes the integers as they are")
        return "ADU", ()
    said = known_unit(signal.unit)
    if said is None and asked.unit is None and signal.unit:
        problem = f"the unit {signal.unit!r} of lead {lead} is not known"
        raise EcgError(f"{records.path}: {problem}; if it is a voltage, name it: --unit {', '.join(UNITS)}")
    ignored = said is not None and asked.unit not in (None, said)
    return said or asked.unit, (f"--unit {asked.unit} is not used: the file says {said}.",) if ignored else ()


def _spread(
    digital: npt.NDArray[np.int32], place: npt.NDArray[np.int64] | None, records: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """The samples at their times, shape [time], and where there are none."""
    if place is None:
        return digital, np.zeros(len(digital), dtype=np.bool_)
    size = len(digital) // records
    at = (place[:, None] + np.arange(size)).reshape(-1)
    whole, missing = np.zeros(int(place[-1]) + size, dtype=np.int32), np.ones(int(place[-1]) + size, dtype=np.bool_)
    whole[at], missing[at] = digital, False
    return whole, missing
