"""One lead of a WFDB record, at its own sampling rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead, distinct
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import UNITS, bridge, from_digital, from_values, known_unit
from ecg.recordings.recording import Annotations
from ecg.recordings.wfdb_annotations import annotations_at
from ecg.recordings.wfdb_header import Header, Signal, beside, read_header
from ecg.recordings.wfdb_signals import INVALID, Digital, read_signals

Notes = tuple[str, ...]


def read_wfdb(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead with the reference annotations, if there are any that can be used.

    Args:
        source: the header.
        asked: the lead; rate and unit, where the header does not say them.

    Raises:
        EcgError: header or signal file are missing or damaged, no such lead, no sampling rate, no known unit.
    """
    header = read_header(source.path)
    own = _joined(source, header, asked) if header.segments else _single(source, header, asked)
    recording = own.recording
    frames = header.fs or recording.fs
    marks, said = _reference(header, frames, recording.fs, recording.n_samples)
    recording = replace(recording, patient=header.record, annotations=marks, comments=header.comments)
    return replace(own, recording=replace(recording, simulated=header.simulated), notes=(*own.notes, *said))


def _single(source: Input, header: Header, asked: Asked) -> OwnRecording:
    """A lead of a record of one segment, as the integers it was stored with."""
    names = distinct(header.names)
    lead, notes = choose_lead(str(header.file), names, asked)
    signal = header.signals[lead]
    fs, said = _rate(header, signal, asked)
    unit, per_unit, noted = _scale(header, signal, names[lead], asked)
    (digital,), assumed = read_signals(header, [lead])
    missing = digital == INVALID[signal.form]
    if missing.all():
        raise EcgError(
            f"{header.file}: lead {names[lead]} holds no signal ({len(digital)} samples, all of them invalid)"
        )
    filled, gaps, bridged = bridge(digital, missing, fs)
    notes = (*notes, *said, *noted, *assumed)
    scale = (unit, per_unit, signal.baseline)
    own = from_digital(source, names, lead, filled.astype(np.int32), fs, scale, notes)
    return replace(own, gaps=gaps, notes=(*own.notes, *bridged))


def _rate(header: Header, signal: Signal, asked: Asked) -> tuple[float, Notes]:
    """Sampling rate of a signal in Hz. WFDB would take 250 Hz where a header says none."""
    hint = f"the header {header.file.name} says none, and WFDB's default of 250 Hz would be a guess"
    fs, said = asked.rate(header.file, header.fs * signal.per_frame or None, hint)
    return fs, said if header.fs else (f"The header says no sampling rate; {fs:g} Hz are taken as said with --fs.",)


def _scale(header: Header, signal: Signal, name: str, asked: Asked) -> tuple[str, float, Notes]:
    """Unit of a signal, ADU per unit, and notes."""
    if not signal.gain:
        taken = asked.unit or "ADU"
        return taken, 1.0, (f"The header gives lead {name} no gain; its integers are taken as {taken}.",)
    said = known_unit(signal.unit)
    if unit := said or asked.unit:
        ignored = said is not None and asked.unit not in (None, said)
        return unit, signal.gain, (f"--unit {asked.unit} is not used: the header says {said}.",) if ignored else ()
    problem = f"the unit {signal.unit!r} of lead {name} is not known"
    raise EcgError(f"{header.file}: {problem}; if it is a voltage, name it: --unit {', '.join(UNITS)}")


def _reference(header: Header, frames: float, fs: float, n_samples: int) -> tuple[Annotations | None, Notes]:
    """The reference annotations; where they are damaged a note, for they must not stop the labelling."""
    file = beside(header.file.with_suffix(".atr"))
    if file is None:
        return None, ()
    try:
        return annotations_at(file, frames, fs, n_samples), ()
    except (EcgError, OSError) as error:
        return None, (f"The reference annotations are not used: {error}.",)


def _joined(source: Input, header: Header, asked: Asked) -> OwnRecording:
    """A lead of a record of several segments, in mV; what no segment holds is missing."""
    folder = header.file.parent
    parts = {name: read_header(folder / f"{name}.hea") for name, _ in header.segments if name != "~"}
    if not parts or any(part.segments for part in parts.values()):
        raise EcgError(f"{header.file}: none of its segments can be read, or they have segments themselves")
    first = next(iter(parts.values()))
    by_name = header.segments[0][1] == 0  # the first then only lists all the signals that may come
    names = distinct(first.names)
    lead, notes = choose_lead(str(header.file), names, asked)
    found = {name: _place(part, names[lead], None if by_name else lead) for name, part in parts.items()}
    signals = [parts[name].signals[place] for name, place in found.items() if place is not None]
    fs, said = _rate(header, signals[0], asked)
    values = np.full(sum(frames for _, frames in header.segments) * signals[0].per_frame, np.nan)
    start = 0
    for name, frames in header.segments:
        place, stop = found.get(name), start + frames * signals[0].per_frame
        if place is not None and frames:
            stored, more = _segment(parts[name], place, names[lead], asked)
            if len(stored) != stop - start:
                raise EcgError(
                    f"{parts[name].file}: holds {len(stored)} samples; {header.file.name} says {stop - start}"
                )
            values[start:stop], said = stored, (*said, *more)
        start = stop
    joined = f"Joined from the {len(header.segments)} segments that {header.file.name} names."
    return from_values(source, names, lead, values, fs, "mV", (*notes, *dict.fromkeys((*said, joined))))


def _place(part: Header, name: str, fixed: int | None) -> int | None:
    """Where a segment has the lead; None where it has not."""
    if fixed is not None:
        return fixed if fixed < len(part.signals) else None
    return part.names.index(name) if name in part.names else None


def _segment(part: Header, place: int, name: str, asked: Asked) -> tuple[npt.NDArray[np.float64], Notes]:
    """A segment's values in mV, not a number where they are missing."""
    signal = part.signals[place]
    unit, per_unit, noted = _scale(part, signal, name, asked)
    (digital,), assumed = read_signals(part, [place])
    return _millivolts(digital, signal, per_unit * UNITS[unit]), (*noted, *assumed)


def _millivolts(digital: Digital, signal: Signal, gain: float) -> npt.NDArray[np.float64]:
    return np.where(digital == INVALID[signal.form], np.nan, (digital - signal.baseline) / gain)
