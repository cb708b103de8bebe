"""Run folders at any depth below the given ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ecg.errors import EcgError
from ecg.runs.run import Run, is_run, read_run


def paths(*given: Path | str | Iterable[Path | str]) -> list[Path]:
    """Paths, whether one is given or several, as text or not."""
    return [Path(one) for some in given for one in ([some] if isinstance(some, str | Path) else some)]


def find_runs(*folders: Path | str | Iterable[Path | str]) -> list[Run]:
    """All runs in `folders`, each once: job 2 before job 10, and each folder's runs after those of the one before.

    Args:
        folders: run folders, or folders that hold them at any depth.

    Raises:
        EcgError: a path is no folder, or holds no run.
    """
    found: dict[Path, Run] = {}
    for path in paths(*folders):
        if not path.is_dir():
            raise EcgError(f"{path}: no such folder; give run folders or folders that hold them, e.g. outputs/multirun")
        below = run_folders(path)
        if not below:
            what = "a run folder has a config.yaml or metrics.json"
            raise EcgError(f"{path} holds no run: {what}; give one or its parent")
        for folder in below:
            if (where := folder.resolve()) not in found:
                found[where] = read_run(folder)
    return list(found.values())


def run_folders(root: Path) -> list[Path]:
    """The run folders at or below `root`, in the order of their job numbers; runs within runs are not looked for."""
    found = []
    for name, parts, _ in os.walk(root):
        parts[:] = [part for part in parts if not part.startswith(".") and part not in ("wandb", "compare")]
        if is_run(Path(name)):
            parts.clear()
            found.append(Path(name))
    return sorted(found, key=lambda folder: _natural(str(folder.relative_to(root))))


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts `2_a` before `10_a`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
