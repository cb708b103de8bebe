"""What the caches on disk share: a checksum at the end of each file, and a limit for all files of a folder."""

from __future__ import annotations

import io
import logging
import os
import time
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ecg.atomic import whole_file
from ecg.errors import EcgError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

log = logging.getLogger(__name__)

VARIABLE = "ECG_CACHE_GB"
"""The environment variable with the limit of all caches together."""
LIMITS_GB = {"features": 20.0, "beats": 5.0}
"""The limits without the variable; with it, each cache has the same share of its number."""

CHECKSUM_BYTES = 4
"""At the end of each file, behind its content."""
_WHOLE = 0x2144DF1C  # the CRC-32 of any bytes that are followed by their own CRC-32, lowest byte first


class _Summed(io.RawIOBase):
    """Passes on what is written and counts its CRC-32; cannot seek, so that nothing is changed once it is counted."""

    def __init__(self, handle: BinaryIO) -> None:
        self.handle, self.crc = handle, 0

    def write(self, data: ReadableBuffer, /) -> int:
        self.crc = zlib.crc32(data, self.crc)
        return self.handle.write(data)


@contextmanager
def summed_file(path: Path) -> Iterator[io.RawIOBase]:
    """Give a file to write into; it appears under `path` when the block ends well, with its CRC-32 after its content.

    Formats that say themselves where they end, as .npy and .npz do, are read as if the CRC-32 were not there. It takes
    less time than any digest of hashlib, finds every single flipped bit, and misses other damage once in 4 billion
    times.

    Raises:
        OSError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    with whole_file(path) as temporary, temporary.open("wb") as handle:
        summed = _Summed(handle)
        yield summed
        handle.write(summed.crc.to_bytes(CHECKSUM_BYTES, "little"))


def is_intact(path: Path) -> bool:
    """Whether the file that `summed_file` wrote is there, byte for byte; a damaged one is named in a warning."""
    crc, buffer = 0, memoryview(bytearray(2**20))
    try:
        with path.open("rb", buffering=0) as handle:
            while n := handle.readinto(buffer):
                crc = zlib.crc32(buffer[:n], crc)
    except FileNotFoundError:
        return False
    except OSError as error:
        log.warning("%s cannot be read (%s): it is made anew", path, error.strerror)
        return False
    if crc != _WHOLE:
        log.warning("%s is damaged: it is made anew", path)
    return crc == _WHOLE


def cache_limit(cache: str) -> float:
    """Bytes that the files of a cache, a key of `LIMITS_GB`, may take.

    Raises:
        EcgError: the environment variable ECG_CACHE_GB is no number above 0.
    """
    default = sum(LIMITS_GB.values())
    named = os.environ.get(VARIABLE) or f"{default:g}"
    try:
        total = float(named)
    except ValueError:
        total = 0.0
    if not total > 0:  # NaN is not above 0 either
        wanted = f"a number above 0, such as {default:g}, the default"
        raise EcgError(f"{VARIABLE}={named}: the limit of the cache folder in GB must be {wanted}")
    return total * 1e9 * LIMITS_GB[cache] / default


def make_room(folder: Path, names: str, limit: float, used: Collection[Path]) -> None:
    """Remove the files that were not used for longest, until all take `limit` bytes at most; never fails.

    Other processes may use and remove the same files meanwhile. A file that one of them has mapped stays readable on
    Linux, and cannot be removed on Windows; one that it looks for and no longer finds is made anew.

    Args:
        folder: of the cache.
        names: pattern of its files' names. Temporary files for such names are removed when a day old: whoever wrote
            them was killed.
        limit: bytes.
        used: files that were used or written now. They stay, and their times say so.
    """
    for path in used:
        with suppress(OSError):  # gone, or another user's
            os.utime(path)
    files = sorted(_found(folder, names))
    over = sum(size for _, size, _ in files) - limit
    removed: list[int] = []
    for _, size, path in files:
        if over > 0 and path not in used and _remove(path):
            over -= size
            removed.append(size)
    old = time.time() - 24 * 3600
    removed += [size for when, size, path in _found(folder, f".{names}.*.tmp") if when < old and _remove(path)]
    if removed:
        said = "cache folder %s: removed %d files (%.1f MB), not used for longest or left over, to stay within %g GB"
        log.info(said, folder, len(removed), sum(removed) / 1e6, limit / 1e9)


def _found(folder: Path, names: str) -> Iterator[tuple[float, int, Path]]:
    """When each file was last used, its size, and its path."""
    with suppress(OSError):  # the folder itself may go
        for path in folder.glob(names):
            with suppress(OSError):  # another process removed it
                stat = path.stat()
                yield stat.st_mtime, stat.st_size, path


def _remove(path: Path) -> bool:
    """Whether the file is gone, whoever removed it."""
    with suppress(OSError):  # in use on Windows, or another user's
        path.unlink(missing_ok=True)
        return True
    return False
