"""One WFDB record (header, signal files, annotation file) becomes one Recording, or an EcgError that says why not.

Formats: header(5), signal(5) and annot(5) of the WFDB applications guide, https://physionet.org/physiotools/wag/.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.messages import failing, found_in
from ecg.recordings.recording import Annotations, Recording

PACKING: dict[str, tuple[int, int, int | None]] = {
    "8": (1, 1, None),
    "16": (2, 1, -(2**15)),
    "24": (3, 1, -(2**23)),
    "32": (4, 1, -(2**31)),
    "61": (2, 1, -(2**15)),
    "80": (1, 1, -(2**7)),
    "160": (2, 1, -(2**15)),
    "212": (3, 2, -(2**11)),
    "310": (4, 3, -(2**9)),
    "311": (4, 3, -(2**9)),
}
"""Signal formats in which every sample takes the same room: so many bytes hold so many samples, and this value says
`no signal here`."""
_PER_MILLIVOLT = {"mv": 1.0, "uv": 1e3, "v": 1e-3}  # factor from ADU per header unit to ADU per mV
_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")  # the annotation codes that mark a QRS complex, WFDB's ecgcodes.h
_FRANK = ".xyz"
"""Signal files that may be absent: the Frank leads of the PTB database double its size, and nothing here uses them."""


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
        EcgError: a file is missing, cut off, damaged or not of its format; the message names the file.
    """
    stem = path.expanduser()
    stem = stem.with_suffix("") if stem.suffix in (".hea", ".dat", ".atr") else stem
    header_file = stem.with_name(stem.name + ".hea")
    header = read_header(header_file, calibrated=calibrated)
    channels = _check_signal_files(header, header_file)
    digital = _read_signals(stem, header, channels)
    return Recording(
        record=stem.name,
        patient=stem.name if patient is None else patient,
        digital=digital,
        gain=np.array([header.adc_gain[c] * _PER_MILLIVOLT.get(str(header.units[c]).lower(), 1.0) for c in channels]),
        baseline=np.array([header.baseline[c] for c in channels], dtype=np.int32),
        fs=float(header.fs),
        leads=tuple(header.sig_name[c] or f"signal {c}" for c in channels),
        annotations=_read_annotations(stem, annotator, float(header.fs), digital.shape[1]) if annotator else None,
        comments=tuple(str(line) for line in header.comments),
        simulated=any(line.lower().startswith("simulated") for line in header.comments),
    )


def require_annotations(recording: Recording, annotator: str = "atr") -> Annotations:
    """The recording's annotations, for callers that cannot work without.

    Raises:
        EcgError: there is no annotation file, or it marks no beat.
    """
    file = f"{recording.record}.{annotator}"
    if recording.annotations is None:
        raise EcgError(f"record {recording.record} has no annotations: {file} is not beside its header")
    if not any(symbol in _BEATS for symbol in np.unique(recording.annotations.symbol)):
        raise EcgError(f"record {recording.record}: {file} marks no beats ({len(recording.annotations)} annotations)")
    return recording.annotations


def read_header(file: Path, *, calibrated: bool = True) -> Any:
    """The wfdb header object of a single-segment record, checked for what reading needs.

    Raises:
        EcgError: there is no such file, or it cannot be read; the message names it.
    """
    if not file.is_file():
        raise EcgError(f"no record {file.stem}: {file} does not exist. {found_in(file.parent, '.hea', 'records')}")
    with _wfdb(f"{file}: not a WFDB header") as wfdb:
        header = wfdb.rdheader(str(file.with_suffix("")))
    if getattr(header, "n_seg", None) is not None:
        raise EcgError(f"{file}: a record of several segments; read them one by one: {', '.join(header.seg_name)}")
    if not header.n_sig or len(header.file_name or ()) != header.n_sig:
        raise EcgError(f"{file}: announces {header.n_sig} signals but describes {len(header.file_name or ())}")
    if not header.fs or not np.isfinite(header.fs) or header.fs < 0:
        raise EcgError(f"{file}: sampling rate is {header.fs} Hz; it must be above 0")
    if unknown := sorted(set(header.fmt) - set(PACKING) - {"508", "516", "524"}):
        raise EcgError(f"{file}: unknown signal format {', '.join(unknown)}; known: {', '.join(PACKING)}")
    if calibrated:
        _check_gains(file, header)
    return header


def _check_gains(file: Path, header: Any) -> None:
    """Refuse a gain of 0, which wfdb would quietly read as 200 ADU per mV."""
    text = file.read_text(encoding="ascii", errors="ignore")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")][1:]
    for line, name in zip(lines, header.sig_name, strict=False):
        fields = line.split()
        number = re.match(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", fields[2]) if len(fields) > 2 else None
        if number and float(number[0]) == 0:
            raise EcgError(f"{file}: lead {name} has gain 0 (not calibrated); its line must give the ADU per mV")


def _check_signal_files(header: Any, header_file: Path) -> list[int]:
    """Check presence, kind and size of each signal file; return the channels that can be read."""
    channels: list[int] = []
    for name in dict.fromkeys(header.file_name):
        file = header_file.parent / name
        own = [c for c, of in enumerate(header.file_name) if of == name]
        if not file.is_file():
            if file.suffix == _FRANK:
                continue
            raise EcgError(f"record {header_file.stem}: its signal file {file} does not exist")
        found = file.stat().st_size
        if found == 0:
            raise EcgError(f"{file}: the file is empty")
        if _is_text(file):
            raise EcgError(f"{file}: holds text, not samples")
        size, per, _ = PACKING.get(header.fmt[own[0]], (0, 1, None))
        samples = (header.sig_len or 0) * sum(header.samps_per_frame[c] or 1 for c in own)
        expected = ceil(samples * size / per) + (header.byte_offset[own[0]] or 0)
        if found < expected:
            raise EcgError(f"{file}: cut off: {header_file.name} announces {expected} bytes, the file has {found}")
        channels += own
    if not channels:
        raise EcgError(f"record {header_file.stem}: none of its signal files exist beside {header_file}")
    return channels


def _read_signals(stem: Path, header: Any, channels: list[int]) -> npt.NDArray[np.int32]:
    """Samples in ADU, shape [lead, time], compared with the header's checksums where it has them."""
    file = stem.parent / header.file_name[channels[0]]
    with _wfdb(f"{file}: the samples cannot be read") as wfdb:
        record = wfdb.rdrecord(str(stem), physical=False, channels=channels, return_res=32)
        digital = np.ascontiguousarray(record.d_signal.T, dtype=np.int32)
    if digital.shape[1] == 0:
        raise EcgError(f"{file}: holds no samples")
    for row, c in zip(digital, channels, strict=True):
        # Writers that do not compute the 16-bit checksum leave 0, as in the PTB database; then nothing can be said.
        given, plain = header.checksum[c], (header.samps_per_frame[c] or 1) == 1 and not header.skew[c]
        if given and plain and (int(row.sum(dtype=np.int64)) - given) % 65536:
            why = "a damaged file, or one of another record (a checksum of 0 skips this)"
            said = f"the samples of lead {header.sig_name[c]} do not match the checksum in {stem.name}.hea: {why}"
            raise EcgError(f"{stem.parent / header.file_name[c]}: {said}")
    return digital


def _read_annotations(stem: Path, annotator: str, fs: float, n_samples: int) -> Annotations | None:
    """The annotation file of a record of `n_samples` at `fs` Hz, or None where it does not exist."""
    file = stem.with_name(f"{stem.name}.{annotator}")
    if not file.is_file():
        return None
    found, counted_at = read_annotations(file)
    if counted_at and abs(counted_at - fs) > 1e-6:
        raise EcgError(f"{file}: counts time at {counted_at} Hz, but the signals of {stem.name} have {fs:g} Hz")
    sample = np.where(found.sample == n_samples, n_samples - 1, found.sample)  # as the last beat of svdb 860
    if len(sample) and sample[-1] >= n_samples:
        raise EcgError(f"{file}: an annotation at sample {sample[-1]}, but the record ends at {n_samples}")
    return Annotations(sample=sample, symbol=found.symbol, note=found.note)


def read_annotations(file: Path) -> tuple[Annotations, float | None]:
    """The marks of an annotation file `<record>.<annotator>`, and the rate in Hz that it counts time at, if it says it.

    Raises:
        EcgError: it is missing, cut off or damaged.
    """
    if not file.is_file():
        raise EcgError(f"{file} does not exist")
    content = file.read_bytes()
    if len(content) % 2 or content[-2:] != b"\0\0":  # pairs of bytes; a pair of zeros closes the list
        raise EcgError(f"{file}: damaged or cut off: a WFDB annotation file ends in two zero bytes")
    with _wfdb(f"{file}: damaged: not readable as WFDB annotations") as wfdb:
        read = wfdb.rdann(str(file.with_suffix("")), file.suffix[1:])
        sample, symbol = np.asarray(read.sample, dtype=np.int64), np.asarray(read.symbol, dtype=np.str_)
        note = np.array([str(one).rstrip("\0") for one in read.aux_note], dtype=np.str_)
    if not all(isinstance(code, str) for code in read.symbol):  # wfdb gives NaN for codes WFDB does not have
        raise EcgError(f"{file}: damaged: it holds annotation codes that do not exist")
    if len(sample) and (sample[0] < 0 or (np.diff(sample) < 0).any()):
        raise EcgError(f"{file}: damaged: its annotations are not in time order")
    return Annotations(sample, symbol, note), read.fs or None


@contextmanager
def _wfdb(problem: str) -> Iterator[Any]:
    """The wfdb module, without the notices of pandas about how wfdb uses it; what goes wrong is the `problem`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        import wfdb

        with failing(problem):
            yield wfdb


def _is_text(file: Path) -> bool:
    """Whether a file starts with a kilobyte of printable lines, which no converter ever produced."""
    with file.open("rb") as stream:
        head = stream.read(1024)
    return b"\n" in head and not head.translate(None, bytes(range(32, 127)) + b"\r\n\t")
