"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in the commands that tests start
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def ecg_data() -> Path:
    """The folder with mitdb/, ptbdb/, ptb-xl/ and kaggle/ that ECG_DATA names; the test is skipped without it."""
    named = os.environ.get("ECG_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("ECG_DATA does not name a folder with real recordings")
    return Path(named)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`ecg` with some words, in this process: what it says; its exit code must be `code`."""
    from ecg.commands import app

    def run(*words: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["ecg", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            app()
        said = "".join(capsys.readouterr())
        assert int(end.value.code or 0) == code, said
        return said

    return run


MODEL = """
from pathlib import Path
from torch import nn
from ecg.models import LayeredModel

Path(__file__).with_suffix(".imported").touch()

class Net(LayeredModel):
    def __init__(self, *, input_shape, n_classes, width: int = 4, wide: bool = False):
        layers = {"fc": nn.Sequential(nn.Flatten(), nn.Linear(input_shape[0] * input_shape[1], width), nn.ReLU())}
        layers["head"] = nn.Linear(width, n_classes)
        super().__init__(layers, input_shape=input_shape, n_classes=n_classes)

def call(**given):
    Path(__file__).with_suffix(".called").touch()
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Writes a module into the current folder, an empty one; all that was imported from there is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", str(tmp_path))])
    before = set(sys.modules)

    def write(name: str, content: str = MODEL) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(content)
        return path

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
