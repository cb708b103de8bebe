"""Real commands, run as a user runs them, on small simulated recordings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SMALL = (
    "dataset.source=synthetic",
    "dataset.synthetic.patients=12",
    "dataset.synthetic.minutes=0.5",
    "dataset.batch_size=64",
    "trainer.max_epochs=2",
)


@dataclass(frozen=True)
class Shell:
    """Runs commands in the project folder, with outputs and caches below a temporary one and no way to the network."""

    outputs: Path
    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "ECG_", "HYDRA"))}
        nowhere = "http://127.0.0.1:9"
        return kept | {
            "XDG_CACHE_HOME": str(self.cache),
            "NETRC": "/dev/null",
            "https_proxy": nowhere,
            "http_proxy": nowhere,
            "COLUMNS": "100",
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *words: str, code: int = 0) -> str:
        process = self.start(*words)
        try:
            said, _ = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == code, said
        return said

    def train(self, *overrides: str, code: int = 0) -> str:
        return self.run("train.py", *overrides, f"output_dir={self.outputs}", code=code)

    def folders(self) -> list[Path]:
        return sorted(path.parent for path in self.outputs.rglob("config.yaml") if path.parent.name != ".hydra")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shell(tmp_path: Path, cache: Path) -> Shell:
    return Shell(tmp_path / "outputs", cache)


def metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return content


def scores(folder: Path) -> dict[str, Any]:
    return {key: value for key, value in metrics(folder).items() if not key.startswith("time/")}
