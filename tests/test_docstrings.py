"""The examples of docstrings do what they say."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import ecg

ROOT = Path(ecg.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


def test_the_public_doors_have_examples() -> None:
    homes = {"recordings/formats/recording.py", "predict/model.py", "models/cnn.py", "data/arrhythmia.py"}
    assert homes <= {path.relative_to(ROOT).as_posix() for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = import_module(".".join(("ecg", *path.relative_to(ROOT).with_suffix("").parts)))
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
