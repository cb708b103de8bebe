"""Packages of a user's own, in the folder that a command is started in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
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
