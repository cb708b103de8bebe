"""One WFDB record (header, signal files, annotation file) becomes one Recording, or an EcgError that says why not.

Strict, for databases that train and test; one's own records are read by `ecg.recordings.formats.wfdb_lead`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_annotations import annotations_at, read_annotations, require_annotations
from ecg.recordings.wfdb_header import DEFAULT_GAIN, Header, Signal, beside, read_header
from ecg.recordings.wfdb_signals import check_formats, present, read_signals

__all__ = ["read_annotations", "read_record", "require_annotations"]


def read_record(
    path: Path, *, patient: str | None = None, annotator: str | None = "atr", calibrated: bool = True
) -> Recording:
    """Read one WFDB record as the digital samples it was stored with.

    Args:
        path: the record without suffix, e.g. `mitdb/100`; a path that ends in .hea is accepted too.
        patient: who was recorded; the record's name when not given.
        annotator: suffix of the annotation file; None reads none. A file that does not exist gives
            `annotations=None`, see `require_annotations`.
        calibrated: whether a gain of 0 in the header is an error; else it is read as WFDB's usual 200 ADU per mV, and
            no amplitude means anything.

    Returns:
        The recording: digital [lead, time] in ADU, gain in ADU per mV (per the header's own unit for a channel that
        is not a voltage), fs in Hz.

    Raises:
        EcgError: a file is missing, cut off, damaged or not of its format, the record has several segments, or its
            signals several rates; the message names the file.
    """
    stem = path.expanduser()
    stem = stem.with_suffix("") if stem.suffix in (".hea", ".dat", ".atr") else stem
    header = read_header(stem.with_name(stem.name + ".hea"))
    _check(header, calibrated=calibrated)
    channels = present(header)
    signals = [header.signals[c] for c in channels]
    fs = header.fs * signals[0].per_frame
    if len({signal.per_frame for signal in signals}) > 1:
        rates = ", ".join(f"{s.name} {header.fs * s.per_frame:g} Hz" for s in signals)
        raise EcgError(
            f"{header.file}: signals of several sampling rates ({rates}); save those of one rate on their own"
        )
    samples, _ = read_signals(header, channels)
    if len({len(row) for row in samples}) > 1:
        raise EcgError(f"{header.file}: gives no length, and its signal files differ in theirs")
    digital = np.stack(samples)
    marks = beside(stem.with_name(f"{stem.name}.{annotator}")) if annotator else None
    return Recording(
        record=stem.name,
        patient=stem.name if patient is None else patient,
        digital=digital,
        gain=np.array([_per_millivolt(signal) for signal in signals]),
        baseline=np.array([signal.baseline for signal in signals], dtype=np.int32),
        fs=fs,
        leads=tuple(header.names[c] for c in channels),
        annotations=annotations_at(marks, header.fs, fs, digital.shape[1]) if marks else None,
        comments=header.comments,
        simulated=header.simulated,
    )


def _check(header: Header, *, calibrated: bool) -> None:
    """Refuse what a record of a database must not leave open."""
    if header.segments:
        names = ", ".join(name for name, _ in header.segments)
        raise EcgError(f"{header.file}: a record of several segments; read them one by one: {names}")
    if not header.fs:
        raise EcgError(f"{header.file}: sampling rate is 0 Hz; it must be above 0")
    check_formats(header, header.signals)
    for lead, signal in zip(header.names, header.signals, strict=True):
        if calibrated and not signal.gain:
            raise EcgError(f"{header.file}: lead {lead} has gain 0 (not calibrated); its line must give the ADU per mV")


def _per_millivolt(signal: Signal) -> float:
    """ADU per mV, or per the header's own unit where that is no voltage."""
    from ecg.recordings.formats.units import UNITS, known_unit  # its package loads pandas, a list of databases must not

    unit = known_unit(signal.unit)
    return (signal.gain or DEFAULT_GAIN) * (UNITS[unit] if signal.gain and unit and unit != "ADU" else 1.0)
