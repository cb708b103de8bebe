"""One lead of a file that an electrocardiograph, a Holter recorder or their archive wrote, read by ecgdatakit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.devices.strips import Strip, read_strips
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import UNITS, from_values, known_unit

if TYPE_CHECKING:
    from ecgdatakit import Lead

_INVALID = -(2**15)
"""The lowest integer of 16 bits: a lead that fell off, in ISHNE by its specification, elsewhere by custom."""
_PULSE_S = 0.25
"""Leads that end with the same samples for this long show a calibration pulse; in an ECG, III = II - I forbids it."""
_TAIL_S = 5  # where it is looked for


def read_cart(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead of the longest strip that has it.

    Args:
        source: an HL7 aECG, DICOM, SCP-ECG, Philips, MUSE, Mortara, ISHNE or MFER file.
        asked: the lead and, where the file names no unit of voltage, the unit; the rate is in the file.

    Raises:
        EcgError: as `read_strips`, or no such lead, no samples, no unit.
    """
    path = source.path
    strips = read_strips(path)
    leads = tuple(dict.fromkeys(lead.label for strip in strips for lead in strip.leads))
    chosen, notes = choose_lead(str(path), leads, asked)
    name = leads[chosen]
    places = [(s, i) for s in strips for i, lead in enumerate(s.leads) if lead.label == name]
    strip, place = max(places, key=lambda at: len(at[0].leads[at[1]].samples) / at[0].rates[at[1]])
    lead, fs = strip.leads[place], strip.rates[place]
    if len(strips) > 1:
        length = f"{len(lead.samples) / fs:.1f} s"
        notes = (*notes, f"The file holds {len(strips)} strips; the longest with lead {name} is read, {length}.")
    start = lead.annotations.get("start_sample")  # of SCP-ECG
    if start:
        notes = (*notes, f"Lead {name} begins {(int(start) - 1) / fs:.2f} s after the file; times count from there.")
    values, unit, said = _voltage(path, lead, asked)
    notes = (*notes, *strip.notes, *said, *asked.not_used(fs, "the file"))
    return _without_pulse(from_values(source, leads, chosen, values, fs, unit, notes), strip)


def _voltage(path: Path, lead: Lead, asked: Asked) -> tuple[npt.NDArray[np.float64], str, tuple[str, ...]]:
    """The values of a lead, not finite where they are missing, their unit, and a note where another was asked for."""
    stored = np.array(lead.samples, dtype=np.float64)
    if np.min(stored, initial=np.inf, where=np.isfinite(stored)) == _INVALID:
        stored[stored == _INVALID] = np.nan
    values = stored * lead.resolution + lead.offset
    said = known_unit(lead.resolution_unit)
    if said is None and asked.unit is None:
        what = f"the file says {lead.adc_resolution_unit!r}" if lead.adc_resolution_unit else "the file says none"
        units = ", ".join(UNITS)
        raise EcgError(f"{path}: lead {lead.label} has no unit of voltage ({what}); if you know it: --unit ({units})")
    unit = said or asked.unit or ""
    ignored = said is not None and asked.unit not in (None, said)
    return values, unit, (f"--unit {asked.unit} is not used: the file says {said}.",) if ignored else ()


def _without_pulse(own: OwnRecording, strip: Strip) -> OwnRecording:
    """The recording with a gap where it ends in a calibration pulse, as strips of Philips do: its edges pass for beats.

    There all leads are one, and not flat.
    """
    fs, count = own.recording.fs, own.recording.n_samples
    if len(strip.leads) < 3 or any(len(lead.samples) != count for lead in strip.leads):
        return own
    tail = max(count - round(_TAIL_S * fs), 0)
    stored = np.stack([lead.samples[tail:] for lead in strip.leads])
    differs = np.flatnonzero((stored != stored[0]).any(axis=0))
    since = int(differs[-1]) + 1 if len(differs) else 0
    if not since or count - tail - since < _PULSE_S * fs or np.ptp(stored[0, since:]) == 0:
        return own
    since += tail
    before = own.gaps[own.gaps[:, 0] < since].clip(max=since)
    note = f"From {since / fs:.1f} s on all leads are the same, as in a calibration pulse: taken as a gap."
    return replace(own, gaps=np.vstack([before, [[since, count]]]), notes=(*own.notes, note))
