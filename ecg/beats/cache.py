"""Prepared beats on disk: found by what they were made of, rebuilt when damaged, never half there."""

from __future__ import annotations

import errno
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from ecg import __version__
from ecg.atomic import whole_file
from ecg.beats.table import Beats
from ecg.errors import EcgError

FORMAT = 2
"""Raised when the file's layout changes."""

Facts = dict[str, object]
"""How beats were found and what was left out; JSON values only."""


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files, whatever their order; hexadecimal."""
    total = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as handle:
            total.update(f"{path.name} {hashlib.file_digest(handle, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def cached_beats(
    folder: Path, key: Mapping[str, object], build: Callable[[], tuple[Beats, Facts]]
) -> tuple[Beats, Facts, bool]:
    """The beats that `key` describes and the facts about them, from `folder` or built and kept there.

    Args:
        folder: where caches live; made if missing.
        key: everything that the beats depend on: the files' fingerprint, the cut, its settings and version.
        build: makes the beats and the facts.

    Returns:
        The beats, the facts, and whether they came from the cache. A file that is damaged, cut short or of another
        layout is built anew and replaced.

    Raises:
        EcgError: the folder cannot be written or the disk is full; nothing half-written is left.
    """
    digest = hashlib.sha256(repr((FORMAT, __version__, sorted(key.items()))).encode()).hexdigest()
    path = folder / f"beats-{digest[:24]}.npz"
    loaded = _load(path)
    if loaded is not None:
        return *loaded, True
    beats, facts = build()
    try:
        with whole_file(path) as temporary, temporary.open("wb") as handle:
            np.savez(handle, allow_pickle=False, facts=np.array(json.dumps(facts)), **_packed(beats))
    except OSError as error:
        size = f"{beats.x.nbytes / 1e6:.0f} MB"
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        raise EcgError(
            f"cannot keep the prepared beats ({size}) in {folder}: {reason}; choose another cache_dir="
        ) from None
    return beats, facts, False


TEXT = ("record", "patient", "lead", "symbol")


def _packed(beats: Beats) -> dict[str, np.ndarray]:
    """Columns as arrays that load fast: text as numbers and a list of the different words."""
    packed: dict[str, np.ndarray] = {}
    for field in fields(Beats):
        column = getattr(beats, field.name)
        if field.name in TEXT:
            packed[f"{field.name}_words"], numbers = np.unique(column, return_inverse=True)
            packed[field.name] = numbers.astype(np.int32)
        else:
            packed[field.name] = column
    return packed


def _load(path: Path) -> tuple[Beats, Facts] | None:
    """Content of a whole, undamaged file (zip keeps a CRC-32 of each column, checked on reading), else None."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {f.name: stored[f.name] for f in fields(Beats)}
            for name in TEXT:
                columns[name] = stored[f"{name}_words"][columns[name]]
            facts = json.loads(str(stored["facts"]))
        return Beats(**columns), facts
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, IndexError, RuntimeError, zipfile.BadZipFile):
        return None
