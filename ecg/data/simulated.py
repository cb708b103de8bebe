"""Simulated recordings, made once and kept below the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecg.atomic import whole_folder
from ecg.errors import EcgError


def simulated_folder(
    cache: Path, task: str, *, patients: int, minutes: float, seed: int, write: Callable[[Path], object]
) -> Path:
    """The folder of these recordings; made by `write` if it is not there yet, whole or not at all.

    Raises:
        EcgError: the cache cannot be written or the disk is full.
    """
    folder = cache / f"simulated-{task}-{patients}x{minutes:g}min-seed{seed}"
    if not folder.exists():
        try:
            with whole_folder(folder) as temporary:
                write(temporary)
        except OSError as error:
            why = error.strerror or "the disk is full"
            raise EcgError(f"cannot keep simulated recordings in {cache}: {why}; choose another cache_dir=") from None
    return folder
