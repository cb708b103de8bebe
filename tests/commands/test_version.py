"""`ecg` and `python -m ecg` from any folder, also one that holds a folder called ecg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ecg import __version__

ENTRY = "import sys; from ecg.commands import app; sys.argv[0] = 'ecg'; app()"
"""What the script that pip installs does."""


def said(folder: Path, *words: str, **environment: str) -> str:
    known = {"PATH": "/usr/bin:/bin", **environment}
    done = subprocess.run([sys.executable, *words], check=False, cwd=folder, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("words", [("-m", "ecg", "--version"), ("-P", "-c", ENTRY, "--version")])
def test_the_version_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert said(tmp_path, *words) == f"ecg {__version__}\n"


def test_train_tells_ecgs_version_not_hydras(tmp_path: Path) -> None:
    assert said(tmp_path, "-m", "ecg", "train", "--version") == f"ecg {__version__}\n"


def test_a_folder_called_ecg_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "ecg").mkdir()
    told = said(tmp_path, "-P", "-c", ENTRY, "train", "--cfg", "job")
    assert "ArrhythmiaDataModule" in told
    assert [path.name for path in tmp_path.iterdir()] == ["ecg"]


def test_settings_are_shown_in_a_plain_locale(tmp_path: Path) -> None:
    told = said(tmp_path, "-m", "ecg", "train", "--cfg", "job", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "max_epochs: 10" in told
