"""The samples of a WFDB record, each signal at its own rate; signal(5) of the WFDB applications guide."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.messages import failing
from ecg.recordings.wfdb_header import Header, Signal, beside

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
_FLAC = {"508": -(2**7), "516": -(2**15), "524": -(2**23)}  # compressed, so that a length says nothing of the size
INVALID = {**{form: invalid for form, (_, _, invalid) in PACKING.items()}, **_FLAC}
"""The value that says `no signal here`, of each format."""
_BIG_ENDIAN = "61"
_FRANK = ".xyz"
"""Signal files that may be absent: the Frank leads of the PTB database double its size, and nothing here uses them."""

Digital = npt.NDArray[np.int32]


def check_formats(header: Header, signals: Sequence[Signal]) -> None:
    """Refuse a signal format that nothing here reads.

    Raises:
        EcgError: so it is; the message names the formats there are.
    """
    if unknown := sorted({signal.form for signal in signals} - set(INVALID)):
        raise EcgError(f"{header.file}: unknown signal format {', '.join(unknown)}; known: {', '.join(PACKING)}")


def present(header: Header) -> list[int]:
    """The signals whose files are there.

    Raises:
        EcgError: a file is missing that must not be.
    """
    found = {name: beside(header.file.parent / name) for name in dict.fromkeys(s.file for s in header.signals)}
    channels = [c for c, s in enumerate(header.signals) if found[s.file] or not s.file.endswith(_FRANK)]
    if not channels:
        raise EcgError(f"record {header.record}: none of its signal files exist beside {header.file}")
    return channels


def read_signals(header: Header, channels: Sequence[int]) -> tuple[list[Digital], tuple[str, ...]]:
    """Samples in ADU of the signals at some places, compared with the header's checksums where it has them.

    Args:
        header: of a record of one segment.
        channels: places of the signals, in rising order.

    Returns:
        The samples of each, shape [frame x samples per frame]; notes on what was assumed.

    Raises:
        EcgError: a signal file is missing, cut off, damaged or of another kind; the message names it.
    """
    check_formats(header, [header.signals[c] for c in channels])
    names = dict.fromkeys(header.signals[c].file for c in channels)
    files = {name: _checked(header, name) for name in names}
    held = {name: _frames(header, name, file) for name, file in files.items()}
    if header.length:
        length, notes = header.length, _longer(header, files, held)
    else:
        length = min((frames for frames in held.values() if frames is not None), default=0)
        said = f"{header.file.name} gives no length: {length:,} samples as its signal file holds"
        notes = (f"{said}.",)
    file = next(iter(files.values()))
    if not length:
        raise EcgError(f"{file}: holds no samples")
    with failing(f"{file}: the samples cannot be read"):
        digital = _decoded(header, files, length, channels)
    for row, c in zip(digital, channels, strict=True):
        _check_sum(header, header.signals[c], row, files[header.signals[c].file])
    return digital, notes


def _checked(header: Header, name: str) -> Path:
    """A signal file that exists and does not hold text."""
    file = beside(header.file.parent / name)
    if file is None:
        raise EcgError(f"record {header.record}: its signal file {header.file.parent / name} does not exist")
    if file.stat().st_size == 0:
        raise EcgError(f"{file}: the file is empty")
    if _is_text(file):
        raise EcgError(f"{file}: holds text, not samples")
    return file


def _frames(header: Header, name: str, file: Path) -> int | None:
    """Number of frames that a signal file holds, which must be those announced; None for a compressed one."""
    own = [signal for signal in header.signals if signal.file == name]
    if own[0].form in _FLAC:
        if not header.length:
            raise EcgError(f"{header.file}: gives no length, which a compressed signal file needs: write it behind fs")
        return None
    (size, per, _), found = PACKING[own[0].form], file.stat().st_size
    a_frame = sum(signal.per_frame for signal in own)
    expected = ceil(header.length * a_frame * size / per) + own[0].offset
    if found < expected:
        raise EcgError(f"{file}: cut off: {header.file.name} announces {expected} bytes, the file has {found}")
    return (found - own[0].offset) * per // size // a_frame


def _longer(header: Header, files: dict[str, Path], held: dict[str, int | None]) -> tuple[str, ...]:
    """A note on files that hold more than a second more than is announced; writers fill up the last block."""
    more = {name: frames for name, frames in held.items() if frames and frames - header.length > max(header.fs, 512)}
    said = f"{header.file.name} announces {header.length:,} samples and only those are read"
    return tuple(f"{files[name].name} holds {frames:,} samples; {said}." for name, frames in more.items())


def _decoded(header: Header, files: dict[str, Path], length: int, channels: Sequence[int]) -> list[Digital]:
    """Samples as the wfdb package decodes them, from a header and names of files that it is sure to take."""
    signals = [(c, signal) for c, signal in enumerate(header.signals) if signal.file in files]
    links = {name: f"f{i}.dat" for i, name in enumerate(files)}
    lines = [f"r {len(signals)} {header.fs or 250:g} {length}"]
    for _, s in signals:
        lines.append(f"{links[s.file]} {s.form}x{s.per_frame}:{s.skew}+{s.offset} 200/mV 16 0 {s.initial} 0 0 s")
    with tempfile.TemporaryDirectory(prefix="ecg-wfdb-") as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas about how wfdb uses it
        warnings.simplefilter("ignore", FutureWarning)
        import wfdb

        folder = Path(name)
        (folder / "r.hea").write_text("\n".join(lines) + "\n", encoding="ascii")
        for file, link in links.items():
            try:
                (folder / link).symlink_to(files[file].resolve())
            except OSError:  # Windows, for users without the right to
                shutil.copyfile(files[file], folder / link)
        places = [place for place, (c, _) in enumerate(signals) if c in channels]
        how = {"physical": False, "smooth_frames": False, "return_res": 32}
        if any(s.form == _BIG_ENDIAN for _, s in signals):  # wfdb 4.3 gives integers of this format in mV alone
            volts = wfdb.rdrecord(str(folder / "r"), channels=places, smooth_frames=False).e_p_signal
            return [np.nan_to_num(np.rint(200 * one), nan=-(2**15)).astype(np.int32) for one in volts]
        read = wfdb.rdrecord(str(folder / "r"), channels=places, **how)
        return [np.array(signal, dtype=np.int32) for signal in read.e_d_signal]


def _check_sum(header: Header, signal: Signal, samples: Digital, file: Path) -> None:
    """Compare with the checksum. Writers that do not compute it leave 0, as in the PTB database."""
    if not signal.checksum or signal.skew or (int(samples.sum(dtype=np.int64)) - signal.checksum) % 65536 == 0:
        return
    why = "a damaged file, or one of another record (a checksum of 0 skips this)"
    raise EcgError(f"{file}: the samples of lead {signal.name} do not match the checksum in {header.file.name}: {why}")


def _is_text(file: Path) -> bool:
    """Whether a file starts with a kilobyte of printable lines, which no converter ever produced."""
    with file.open("rb") as stream:
        head = stream.read(1024)
    return b"\n" in head and not head.translate(None, bytes(range(32, 127)) + b"\r\n\t")
