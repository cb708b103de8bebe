"""The strips of a device's file, as ecgdatakit reads them."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ecg.errors import EcgError
from ecg.recordings.formats.devices.splitting import split
from ecg.recordings.messages import failing

if TYPE_CHECKING:
    from ecgdatakit import ECGRecord, Lead

INSTALL = "needs ecgdatakit: pip install 'ecg-experiments[devices]'"
_FORMATS = {
    "HL7aECGParser": "HL7 aECG",
    "DICOMWaveformParser": "DICOM",
    "SCPECGParser": "SCP-ECG",
    "SierraXMLParser": "Philips XML",
    "GEMuseXMLParser": "GE MUSE XML",
    "MortaraEL250Parser": "Mortara XML",
    "ISHNEHolterParser": "ISHNE",
    "MFERParser": "MFER",
}
"""Parsers of ecgdatakit that are used. Not used: those of EDF and WFDB, which have readers here, and those that are
called experimental (EDAN, XLE), whose scale or layout was guessed from single files."""

_WHOLE_HZ = 1.5e-4
"""A rate this close to a whole one, as a share, is that: 3333 us between samples mean 300 Hz, not 300.03."""
_TOLD = re.compile(
    r"truncated|missing sample|no waveform data|without a gap|not loaded|not applied|default of 1000 Hz"
    r"|ignored in the rhythm|not present",
    re.IGNORECASE,
)
"""Of ecgdatakit's warnings, those about the signal; others are about single beats, or could quote the patient."""


@dataclass(frozen=True)
class Strip:
    """Leads that were recorded at the same time.

    Attributes:
        leads: with samples as they were stored.
        rates: sampling rate of each lead in Hz.
        notes: what was noticed, one sentence each.
    """

    leads: tuple[Lead, ...]
    rates: tuple[float, ...]
    notes: tuple[str, ...] = ()


def read_strips(path: Path) -> list[Strip]:
    """All strips of a file, never the averaged beats that may stand beside them.

    Raises:
        EcgError: ecgdatakit is missing, no format that it reads, damaged or cut off, no strip in it.
    """
    try:
        from ecgdatakit import FileParser
    except ImportError:
        raise EcgError(f"{path}: {INSTALL}") from None
    with failing(f"{path}: cannot be read"):
        found = FileParser.detect_format(path)
    parser = str(found["parser"]) if found else ""
    if parser not in _FORMATS:
        raise EcgError(f"{path}: none of the devices' formats that are read here: {', '.join(_FORMATS.values())}")
    try:
        with (
            failing(f"{path}: damaged, cut off or no {_FORMATS[parser]} file"),
            warnings.catch_warnings(action="ignore"),  # of pydicom, which quotes what it cannot read
            TemporaryDirectory() as folder,
        ):
            strips = [strip for file in split(path, parser, Path(folder)) if (strip := _strip(file)).leads]
    except EcgError as error:
        if isinstance(error.__cause__, ImportError):  # of pydicom, without which ecgdatakit can be installed
            raise EcgError(f"{path}: {INSTALL}") from None
        raise
    if not strips:
        raise EcgError(f"{path}: holds no strip of an ECG, only averaged beats")
    return strips


def _strip(path: Path) -> Strip:
    from ecgdatakit import ChecksumWarning, FileParser

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = FileParser.parse(path, auto_scale=False)
    notes = []
    for one in caught:
        if issubclass(one.category, ChecksumWarning):
            notes.append(f"The file may be damaged: {one.message}.")
        elif _TOLD.search(str(one.message)):
            notes.append(f"{one.message}.")
    raw = record.raw_metadata
    there, promised = int(raw.get("samples_per_lead", 0)), int(raw.get("ecg_size", 0))
    if there < promised != there * len(record.leads):  # of ISHNE; some writers count the samples of all leads
        notes.append(f"The header promises {promised} samples of each lead, and there are {there}: cut off?")
    rates = tuple(_rate(record, i) for i in range(len(record.leads)))
    return Strip(tuple(record.leads), rates, tuple(dict.fromkeys(notes)))


def _rate(record: ECGRecord, lead: int) -> float:
    """The sampling rate of a lead in Hz, as exactly as the file says it; ecgdatakit rounds to whole ones."""
    raw, rounded = record.raw_metadata, float(record.leads[lead].sampling_rate)
    groups = raw.get("multiplex_groups", ())
    exact = [
        raw.get("rhythm_time", {}).get("sampling_rate_exact"),  # aECG
        1e6 / raw["rhythm_sample_interval_us"] if raw.get("rhythm_sample_interval_us") else None,  # SCP-ECG
        *(group["sampling_frequency"] for group in groups if group["samples"] == len(record.leads[lead].samples)),
        *raw.get("sampling_rates", ())[lead : lead + 1],  # MFER
    ]
    near = [float(rate) for rate in exact if rate and abs(rate - rounded) <= 0.5]
    return near[0] if near and abs(near[0] - rounded) > _WHOLE_HZ * rounded else rounded
