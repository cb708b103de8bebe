"""Run folders at any depth below the given ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ecg.compare.run import Run, is_run, read_run
from ecg.errors import EcgError


def read_runs(paths: Iterable[Path]) -> list[Run]:
    """All runs in `paths`, each once: job 2 before job 10, and each path's runs after those of the path before.

    Args:
        paths: run folders, or folders that hold them at any depth.

    Raises:
        EcgError: a path is no folder, or holds no run.
    """
    found: dict[Path, Run] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            raise EcgError(f"{path}: no such folder; give run folders or folders that hold them, e.g. outputs/multirun")
        folders = run_folders(path)
        if not folders:
            raise EcgError(
                f"{path} holds no run: a run folder has a config.yaml or metrics.json; give one or its parent"
            )
        for folder in folders:
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
