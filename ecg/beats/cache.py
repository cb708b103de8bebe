"""Prepared beats on disk: found by what they were made of, rebuilt when damaged, never half there."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from ecg import __version__
from ecg.beats.table import Beats
from ecg.disk_cache import cache_limit, is_intact, make_room, summed_file
from ecg.errors import EcgError

FORMAT = 4
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
        key: everything that the beats depend on: the files' fingerprint, the segmentation, its settings and version.
        build: makes the beats and the facts.

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
    path = folder / f"beats-{digest[:24]}.npz"
    loaded = _load(path)
    beats, facts = loaded or build()
    if loaded is None:
        _save(path, beats, facts)
    make_room(folder, "beats-*.npz", limit, {path})
    return beats, facts, loaded is not None


def _save(path: Path, beats: Beats, facts: Facts) -> None:
    try:
        with summed_file(path) as handle:
            np.savez(handle, allow_pickle=False, facts=np.array(json.dumps(facts)), **_packed(beats))
    except OSError as error:
        size = f"{sum(values.nbytes for values in beats.inputs.values()) / 1e6:.0f} MB"
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        raise EcgError(
            f"cannot keep the prepared beats ({size}) in {path.parent}: {reason}; choose another cache_dir="
        ) from None


TEXT = ("record", "patient", "database", "lead", "symbol")
_INPUT = "input:"


def _packed(beats: Beats) -> dict[str, np.ndarray]:
    """Columns as arrays that load fast: text as numbers and a list of the different words."""
    packed: dict[str, np.ndarray] = dict(beats.columns)
    packed |= {f"{_INPUT}{name}": values for name, values in beats.inputs.items()}
    for name in TEXT:
        packed[f"{name}_words"], numbers = np.unique(packed[name], return_inverse=True)
        packed[name] = numbers.astype(np.int32)
    return packed


def _load(path: Path) -> tuple[Beats, Facts] | None:
    """Content of an undamaged file, else None."""
    # zip's own CRC-32 are not enough: numpy reads a column only as far as its header says, and zip looks at its CRC-32
    # only at a column's end, so a damaged header that tells of fewer beats would pass
    if not is_intact(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {f.name: stored[f.name] for f in fields(Beats) if f.name != "inputs"}
            inputs = {key.removeprefix(_INPUT): stored[key] for key in stored if key.startswith(_INPUT)}
            for name in TEXT:
                columns[name] = stored[f"{name}_words"][columns[name]]
            facts = json.loads(str(stored["facts"]))
    except (FileNotFoundError, KeyError):  # another process has removed it; another layout
        return None
    return Beats(inputs=inputs, **columns), facts
