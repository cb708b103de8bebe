"""Checkpoints exist whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import torch

from ecg.errors import EcgError
from ecg.training.checkpoints import WholeCheckpoints


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 3, "state_dict": {"w": torch.arange(4)}}, path)
    stored = torch.load(path, weights_only=True)
    assert stored["epoch"] == 3
    assert stored["state_dict"]["w"].tolist() == [0, 1, 2, 3]
    assert [p.name for p in path.parent.iterdir()] == ["last.ckpt"]


def test_a_full_disk_is_said_and_leaves_the_checkpoint_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 3}, path)
    really = torch.save

    class FullDisk:
        """A file that takes a few bytes."""

        def __init__(self) -> None:
            self.left = 5_000

        def write(self, data: bytes) -> int:
            self.left -= len(data)
            if self.left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return len(data)

        def flush(self) -> None:
            """Nothing waits."""

    def onto_a_full_disk(checkpoint: dict[str, Any], file: Any) -> None:
        file.write(b"half")
        really(checkpoint, FullDisk())  # type: ignore[arg-type]

    monkeypatch.setattr(torch, "save", onto_a_full_disk)
    with pytest.raises(EcgError, match=rf"cannot write {path}: No space left.* go on with resume="):
        WholeCheckpoints().save_checkpoint({"epoch": 4, "w": torch.zeros(100_000)}, path)
    monkeypatch.undo()
    assert torch.load(path, weights_only=True) == {"epoch": 3}
    assert [p.name for p in path.parent.iterdir()] == ["last.ckpt"]


def test_an_error_of_another_kind_stays_itself(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="pickle"):
        WholeCheckpoints().save_checkpoint({"made": lambda: 0}, tmp_path / "last.ckpt")
    assert list(tmp_path.iterdir()) == []
