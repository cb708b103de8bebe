"""One lead of an .atc file of AliveCor (Kardia), the Alive File Format 1.6.

A file header, then blocks, all little-endian: an id of four letters, the length of the data, the data, and the sum of
the bytes of all three. `fmt ` says how samples are stored, `ecg ` and `ecg2` to `ecgc` hold one lead each. Blocks of
average beats (`avg `), medians (`med `) and annotations are not looked at. github.com/alivecor/ATCpy is the reference.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import from_digital

_SIGNATURE = b"ALIVE"
_HEADER_BYTES = 12  # signature and version
_BLOCK_HEAD = struct.Struct("<4sI")
_BLOCK_SUM = struct.Struct("<I")
_FMT = struct.Struct("<BHHBH")  # format, Hz, nV per step, flags, reserved
_INT16 = 1  # the only format there is
_INVERTED = 1  # a flag that AliveCor's own reader knows and leaves alone
_LEADS = {
    **{b"ecg ": "I", b"ecg2": "II", b"ecg3": "III", b"ecg4": "aVR", b"ecg5": "aVL", b"ecg6": "aVF"},
    **{b"ecg7": "V1", b"ecg8": "V2", b"ecg9": "V3", b"ecga": "V4", b"ecgb": "V5", b"ecgc": "V6"},
}


def read_alivecor(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead as the digital samples it was stored with.

    Args:
        source: the file.
        asked: the lead; rate and unit are in the file.

    Raises:
        EcgError: no such file, cut off, damaged (a checksum does not fit), no such lead, no samples.
    """
    path = source.path
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise EcgError(f"{path}: cannot be read ({error.strerror})") from None
    blocks = _blocks(path, stored)
    if len(blocks.get(b"fmt ", b"")) < _FMT.size:
        raise EcgError(f"{path}: damaged: no block fmt, which says the sampling rate")
    form, rate, nanovolts, flags, _ = _FMT.unpack_from(blocks[b"fmt "])
    if form != _INT16 or not rate or not nanovolts:
        raise EcgError(f"{path}: samples of format {form}, {rate} Hz and {nanovolts} nV a step; read is format 1")
    ids = [block for block in _LEADS if block in blocks]
    if not ids:
        raise EcgError(f"{path}: holds no signal: it has no block ecg")
    leads = tuple(_LEADS[block] for block in ids)
    lead, notes = choose_lead(str(path), leads, asked)
    data = blocks[ids[lead]]
    if not data or len(data) % 2:
        raise EcgError(f"{path}: damaged: lead {leads[lead]} has {len(data)} bytes, which are no samples of two bytes")
    if flags & _INVERTED:
        notes = (*notes, "The file is flagged as upside down; it is read as it is stored.")
    if asked.unit not in (None, "uV"):
        notes = (*notes, f"--unit {asked.unit} is not used: the file says {nanovolts} nV a step.")
    notes = (*notes, *asked.not_used(rate, "the file"))
    digital = np.frombuffer(data, dtype="<i2").astype(np.int32)
    return from_digital(source, leads, lead, digital, float(rate), ("uV", 1000 / nanovolts, 0), notes)


def _blocks(path: Path, stored: bytes) -> dict[bytes, bytes]:
    """The data of each block by its id, lengths held against the file's and sums against the bytes."""
    if not stored.startswith(_SIGNATURE):
        raise EcgError(f"{path}: no file of AliveCor: it does not begin with ALIVE")
    blocks: dict[bytes, bytes] = {}
    at = _HEADER_BYTES
    while at < len(stored):
        start, at = at, at + _BLOCK_HEAD.size
        name, length = _BLOCK_HEAD.unpack_from(stored, start) if at <= len(stored) else (b"", 0)
        end = at + length + _BLOCK_SUM.size
        if end > len(stored):
            raise EcgError(f"{path}: cut off: the block at byte {start} does not end within the file's {len(stored)}")
        called = name.decode("ascii", "replace").strip()
        if _BLOCK_SUM.unpack_from(stored, end - _BLOCK_SUM.size)[0] != sum(stored[start : at + length]) % 2**32:
            raise EcgError(f"{path}: damaged: the checksum of block {called} does not fit; export the recording again")
        if name in blocks:
            raise EcgError(f"{path}: damaged: two blocks {called}")
        blocks[name] = stored[at : at + length]
        at = end
    return blocks
