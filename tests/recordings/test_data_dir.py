"""Where data and caches live: the argument, else the environment, else each platform's own folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ecg.errors import EcgError
from ecg.recordings.data_dir import cache_folder, data_folder


def test_data_folder_argument_environment_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_DATA", str(tmp_path / "env"))
    assert data_folder(tmp_path / "own") == tmp_path / "own"
    assert data_folder(None) == tmp_path / "env"
    monkeypatch.setenv("ECG_DATA", "")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder(None) == tmp_path / "cache" / "ecg"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data_folder(None) == Path.home() / ".cache" / "ecg"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data_folder(None) == Path.home() / "Library" / "Caches" / "ecg"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folder(None) == tmp_path / "local" / "ecg"
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match="is a file"):
        data_folder(tmp_path / "file")
    assert not (tmp_path / "env").exists()


def test_the_cache_is_the_argument_or_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder(tmp_path / "own") == tmp_path / "own"
    assert cache_folder("~/own") == Path.home() / "own"
    assert cache_folder(None) == tmp_path / "ecg" / "prepared"
