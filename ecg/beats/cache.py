"""Prepared beats on disk: found by what they were made of, rebuilt when damaged, never half there."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ecg import __version__
from ecg.beats.stored import BeatsWriter, beats_writer, load_beats
from ecg.beats.table import Beats
from ecg.disk_cache import cache_limit, is_intact, make_room
from ecg.errors import EcgError

FORMAT = 5
"""Raised when the file's layout changes."""

Facts = dict[str, object]
"""How beats were found and what was left out; JSON values only."""
Build = Callable[[Callable[[Beats], None]], Facts]
"""Makes a table: hands its parts, in order, to what it is given, and returns the facts."""


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files, whatever their order; hexadecimal."""
    total = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as handle:
            total.update(f"{path.name} {hashlib.file_digest(handle, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def cached_beats(folder: Path, key: Mapping[str, object], build: Build) -> tuple[Beats, Facts, bool]:
    """The beats that `key` describes and the facts about them, from `folder` or built and kept there.

    They are read from the disk as they are used, so that more of them than fit into memory can train.

    Args:
        folder: where caches live; made if missing.
        key: everything that the beats depend on: the files' fingerprint, the segmentation, its settings and version.
        build: makes the beats, part by part, and the facts.

    Returns:
        The beats, the facts, and whether they came from the cache. A file that is damaged or cut short is named in a
        warning, built anew and replaced. Files that were not used for longest are removed when all take more than
        their limit, 5 GB or a fifth of the environment variable ECG_CACHE_GB.

    Raises:
        EcgError: the folder cannot be written or the disk is full, and nothing half-written is left; or ECG_CACHE_GB
            is no number above 0.
    """
    limit = cache_limit("beats")
    digest = hashlib.sha256(repr((FORMAT, __version__, sorted(key.items()))).encode()).hexdigest()
    path = folder / f"beats-{digest[:24]}.table"
    found = load_beats(path) if is_intact(path) else None
    cached = found is not None
    while found is None:  # again only if another process made room
        _make(path, build)
        found = load_beats(path)
    make_room(folder, "beats-*", limit, {path})
    return *found, cached


def _make(path: Path, build: Build) -> None:
    with _kept_in(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with beats_writer(path.parent) as writer:

        def add(part: Beats) -> None:
            with _kept_in(path.parent, writer):
                writer.add(part)

        facts = build(add)
        with _kept_in(path.parent, writer):
            writer.write(path, facts)


@contextmanager
def _kept_in(folder: Path, writer: BeatsWriter | None = None) -> Iterator[None]:
    """Say in a line what could not be kept; what reading recordings raises is not about the cache."""
    try:
        yield
    except OSError as error:
        size = f"({writer.nbytes / 1e6:.0f} MB) " if writer is not None else ""
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        raise EcgError(
            f"cannot keep the prepared beats {size}in {folder}: {reason}; choose another cache_dir="
        ) from None
