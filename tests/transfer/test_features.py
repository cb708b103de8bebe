"""Features of frozen layers on disk are those that were computed, or are computed anew; their folder stays small."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.transfer import features
from ecg.transfer.features import cached_features

Array = npt.NDArray[np.float32]
BEATS = 30
MB = (BEATS * 40 * 4 + 128 + 4) / 1e6
"""Size of the file of one layer's features."""


@pytest.fixture(autouse=True)
def _no_limit_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECG_CACHE_GB", raising=False)


@pytest.fixture
def layers() -> LayeredModel:
    """Three layers and a head."""
    torch.manual_seed(5)
    made: dict[str, nn.Module] = {
        f"conv{i}": nn.Sequential(nn.Conv1d(n, 2, 5, padding=2), nn.ReLU()) for i, n in enumerate((1, 2, 2))
    }
    made["head"] = nn.Sequential(nn.Flatten(), nn.Linear(40, 2))
    return LayeredModel(made, input_shape=(1, 20), n_classes=2).eval()


def beats(seed: int = 0) -> Array:
    return np.random.default_rng(seed).random((BEATS, 1, 20), dtype=np.float32)


def computed(layers: LayeredModel, x: Array) -> Array:
    """What the three layers give."""
    with torch.inference_mode():
        made: Array = layers.values(torch.from_numpy(x))["conv2"].numpy()
    return made


def cached(layers: LayeredModel, x: Array, folder: Path, *, n: int = 3, **more: Any) -> tuple[Array, bool]:
    """The same from the disk, and whether it was there."""
    found, there = cached_features(layers, n, {"signal": x}, folder, **more)
    assert list(found) == [f"conv{n - 1}"]
    return found[f"conv{n - 1}"], there


def stored(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.npy")}


def limit_files(monkeypatch: pytest.MonkeyPatch, files: float) -> None:
    """Leave room for so many files of features, which have four fifths of the whole."""
    monkeypatch.setenv("ECG_CACHE_GB", str(files * MB / 1000 / 0.8))


def test_features_come_from_the_disk_as_they_were_computed(
    layers: LayeredModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for expected in (False, True):
        found, there = cached(layers, beats(), tmp_path, batch_size=7)
        assert there is expected
        assert isinstance(found, np.memmap)
        np.testing.assert_allclose(found, computed(layers, beats()), rtol=1e-5, atol=1e-6)
    assert not caplog.records
    (path,) = tmp_path.glob("*.npy")
    np.testing.assert_array_equal(np.load(path), found)  # a .npy file as any other


def test_no_flipped_bit_is_used_unseen(layers: LayeredModel, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = np.array(cached(layers, beats(), tmp_path)[0])
    (path,) = tmp_path.glob("*.npy")
    whole = path.read_bytes()
    header, end = range(0, 128, 3), range(len(whole) - 6, len(whole))
    for position in (*header, *range(128, len(whole) - 6, 97), *end):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        caplog.clear()
        found, there = cached(layers, beats(), tmp_path)
        assert not there
        np.testing.assert_array_equal(found, first)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert f"{path} is damaged" in record.getMessage()
        assert path.read_bytes() == whole


@pytest.mark.parametrize("change", [slice(0, 0), slice(1), slice(64), slice(0, -4), slice(0, -1), slice(128, None)])
def test_a_truncated_file_is_computed_anew(layers: LayeredModel, tmp_path: Path, change: slice) -> None:
    cached(layers, beats(), tmp_path)
    (path,) = tmp_path.glob("*.npy")
    whole = path.read_bytes()
    path.write_bytes(whole[change])
    assert not cached(layers, beats(), tmp_path)[1]
    assert path.read_bytes() == whole
    path.write_bytes(whole + b"\0")
    assert not cached(layers, beats(), tmp_path)[1]


def test_damaged_features_of_fewer_layers_are_no_start(
    layers: LayeredModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached(layers, beats(), tmp_path, n=2)
    (path,) = tmp_path.glob("*.npy")
    damaged = bytearray(path.read_bytes())
    damaged[-100] ^= 0x40
    path.write_bytes(damaged)
    found, _ = cached(layers, beats(), tmp_path)
    np.testing.assert_allclose(found, computed(layers, beats()), rtol=1e-5, atol=1e-6)
    assert str(path) in caplog.text


def test_what_was_not_used_for_longest_makes_room(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limit_files(monkeypatch, 3.5)
    names = []
    for seed in range(3):
        before = stored(tmp_path)
        cached(layers, beats(seed), tmp_path)
        (name,) = stored(tmp_path) - before
        os.utime(tmp_path / name, (seed + 1, seed + 1))
        names.append(name)
    assert cached(layers, beats(0), tmp_path)[1]  # the oldest is used again
    caplog.clear()
    cached(layers, beats(3), tmp_path)
    assert {names[0], names[2]} < stored(tmp_path)
    assert names[1] not in stored(tmp_path)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert f"{tmp_path}: removed 1 files" in record.getMessage()
    assert not cached(layers, beats(1), tmp_path)[1]  # what was removed is computed anew


def test_what_a_call_uses_and_writes_stays_whatever_the_limit(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(layers, beats(), tmp_path, n=1)
    start = stored(tmp_path)
    cached(layers, beats(1), tmp_path, n=1)
    limit_files(monkeypatch, 0.1)
    os.utime(tmp_path / next(iter(start)), (1, 1))
    cached(layers, beats(), tmp_path, also=(2,))
    assert len(stored(tmp_path)) == 3
    assert start < stored(tmp_path)
    cached(layers, beats(), tmp_path)
    assert len(stored(tmp_path)) == 1  # read alone, it leaves no room for the others


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be removed there, and so stays")
def test_features_in_use_stay_readable_when_another_job_removes_them(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_files(monkeypatch, 0.1)
    mine, _ = cached(layers, beats(0), tmp_path)
    cached(layers, beats(1), tmp_path)
    assert len(stored(tmp_path)) == 1
    np.testing.assert_allclose(mine, computed(layers, beats(0)), rtol=1e-5, atol=1e-6)


def test_a_file_that_vanishes_before_it_is_mapped_is_computed_anew(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, removed = np.load, []

    def late(path: Path, **settings: object) -> Array:
        if len(removed) < 2:
            removed.append(path)
            path.unlink()
        mapped: Array = load(path, **settings)  # type: ignore[arg-type]
        return mapped

    cached(layers, beats(), tmp_path)
    monkeypatch.setattr(np, "load", late)
    found, there = cached(layers, beats(), tmp_path)  # removed once checked, and again once computed
    assert (there, len(removed)) == (False, 2)
    np.testing.assert_allclose(found, computed(layers, beats()), rtol=1e-5, atol=1e-6)


def test_temporary_files_of_killed_processes_are_removed_when_a_day_old(layers: LayeredModel, tmp_path: Path) -> None:
    days = {".features-a.npy.x1.tmp": 2.0, ".features-b.npy.x2.tmp": 0.5, "features.lock": 9.0, ".other.tmp": 9.0}
    for name, age in days.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age * 86400,) * 2)
    cached(layers, beats(), tmp_path)
    assert [name for name in days if not (tmp_path / name).exists()] == [".features-a.npy.x1.tmp"]


@pytest.mark.parametrize("value", ["abc", "0", "-1", "nan", "5 GB"])
def test_a_wrong_limit_is_said_before_anything_is_computed(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ECG_CACHE_GB", value)
    with pytest.raises(EcgError, match=rf"^ECG_CACHE_GB={value}: .* above 0.*$"):
        cached(layers, beats(), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    layers: LayeredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(features, "_compute", full)
    with pytest.raises(EcgError, match=rf"{tmp_path}: No space left on device; choose another cache_dir="):
        cached(layers, beats(), tmp_path)
    assert not stored(tmp_path)
