"""Where a run comes from: code, versions, machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import ecg

PACKAGES = (
    "torch",
    "pytorch-lightning",
    "torchmetrics",
    "hydra-core",
    "omegaconf",
    "numpy",
    "pandas",
    "scipy",
    "wfdb",
    "wandb",
)


def git_state(folder: Path) -> dict[str, object]:
    """Commit and whether tracked files differ from it; both None outside a checkout."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


def provenance(*, seed: int, fingerprint: str, precision: str, wandb_id: str) -> dict[str, object]:
    """What a reader needs to repeat the run.

    Args:
        seed: of the run.
        fingerprint: SHA-256 over the source's files.
        precision: of training, as Lightning names it.
        wandb_id: the run's identity in W&B, kept on resume.
    """
    return {
        "ecg": ecg.__version__,
        "git": git_state(Path(ecg.__file__).parent),
        "command": sys.argv,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "host": {"name": platform.node(), "system": platform.platform(), "cores": os.cpu_count()},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "data_fingerprint": fingerprint,
        "precision": precision,
        "wandb_id": wandb_id,
    }
