"""Where a run comes from: code, versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import ecg
from ecg.runs.folder import plain

# fmt: off
PACKAGES = ("torch", "pytorch-lightning", "torchmetrics", "hydra-core", "omegaconf", "numpy", "pandas", "scipy", "wfdb",
            "wandb")
# fmt: on


def git_state(folder: Path) -> dict[str, object]:
    """Commit and whether tracked files differ from it; both None where the folder's files are in no repository.

    An installed package may lie below somebody's own repository, whose commits say nothing about it.
    """

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", ".")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


@cache
def code_state() -> dict[str, object]:
    """The code of now: version, commit, whether it was changed since, and a digest of the package's own files."""
    package, total = Path(ecg.__file__).parent, hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        total.update(f"{path.relative_to(package).as_posix()}\n".encode())
        total.update(path.read_bytes())
    return {"ecg": ecg.__version__, "git": git_state(package), "code": total.hexdigest()[:16]}


def other_code(made: dict[str, object]) -> str:
    """How the code that made a run differs from that of now, in words; empty where it is the same."""
    now = code_state()
    theirs, ours = _commit(made), _commit(now)
    if theirs != ours:
        return f"made by commit {theirs}, now it is {ours}"
    if made.get("code") != now["code"]:
        return "made by other code of the same commit" if ours != "unknown" else "made by another version of ecg"
    return ""


def _commit(state: dict[str, object]) -> str:
    git = state.get("git")
    commit = git.get("commit") if isinstance(git, dict) else None
    return str(commit)[:10] if commit else "unknown"


def provenance(
    *, seed: int, fingerprint: str, precision: str, threads: int, wandb: dict[str, object], settings: list[str]
) -> dict[str, object]:
    """What a reader needs to repeat the run.

    Args:
        seed: of the run.
        fingerprint: SHA-256 over the source's files.
        precision: of training, as Lightning names it.
        threads: of PyTorch.
        wandb: the run's identity in W&B, kept on resume, and the environment's wishes for it.
        settings: what was typed for this run.
    """
    given = {"seed": seed, "data_fingerprint": fingerprint, "precision": precision, "threads": threads}
    return {
        **code_state(),
        "command": [plain(word) for word in sys.argv],
        "settings": settings,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "host": {"name": platform.node(), "system": platform.platform(), "cores": os.cpu_count()},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **given,
        **wandb,
    }
