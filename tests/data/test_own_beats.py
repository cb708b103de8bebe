"""One's own recordings are read side by side, and give what they give one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg.data import OwnDataModule
from ecg.errors import EcgError
from ecg.recordings.databases.sample import FOLDER

SETTINGS: dict[str, Any] = {"labels": "atr", "segmentation": "window", "classes": {"N": ["N"], "V": ["V"]}}
OTHERS = ("A", "a", "F", "S", "J", "L", "R", "e", "j", "E", "/", "f", "Q", "?")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for record in ("200", "223", "233"):
        for path in FOLDER.glob(f"{record}.*"):
            shutil.copy(path, folder)
    return folder


def data(folder: Path, cache: Path, left_out: tuple[str, ...] = OTHERS) -> OwnDataModule:
    made = OwnDataModule(folder, cache_dir=cache, left_out=left_out, **SETTINGS)
    made.prepare_data()
    made.setup()
    return made


def test_many_are_read_in_processes_with_the_same_beats(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = data(recordings, tmp_path / "alone")
    monkeypatch.setattr("ecg.parallel.WORTH_IT", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    several = data(recordings, tmp_path / "several")
    assert several.info.facts == alone.info.facts
    for name in ("record", "symbol", "sample", "y"):
        np.testing.assert_array_equal(getattr(several.beats, name), getattr(alone.beats, name))
    np.testing.assert_array_equal(several.beats.inputs["signal"], alone.beats.inputs["signal"])
    with pytest.raises(EcgError, match=r"2\d\d.atr: the beat at .* is labelled .*beats of no class: .* A"):
        data(recordings, tmp_path / "several", left_out=("F",))  # told by a process, all of them at once
