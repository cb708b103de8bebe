"""Prepared beats come back as they were, or are built again; a damaged file is never used."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from ecg.beats import cache
from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.table import Beats
from ecg.disk_cache import cache_limit, is_intact
from ecg.errors import EcgError

KEY = {"files": "abc", "segmentation": "kaggle", "version": 1}


@pytest.fixture(autouse=True)
def _no_limit_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECG_CACHE_GB", raising=False)


@pytest.fixture
def beats(make_beats: Callable[..., Beats]) -> Beats:
    made = make_beats(["p1", "p1", "patient two", ""], [0, 4, 2, 2], database="mitdb")
    return replace(made, inputs={**made.inputs, "rhythm": np.arange(8, dtype=np.float32).reshape(4, 2)})


FACTS = {"r_peaks": "sleepecg 0.6.0", "beats_left_out": {"RR below 0.2 s": 3}, "records": 42}


class Builder:
    """Hands out the beats and counts how often it was asked."""

    def __init__(self, beats: Beats) -> None:
        self.beats, self.calls = beats, 0

    def __call__(self, add: Callable[[Beats], None]) -> Facts:
        self.calls += 1
        add(self.beats)
        return FACTS


def assert_same(a: Beats, b: Beats) -> None:
    for left, right in ((a.columns, b.columns), (a.inputs, b.inputs)):
        assert list(left) == list(right)
        for name, column in left.items():
            assert_same_column(column, right[name])


def assert_same_column(left: np.ndarray, right: np.ndarray) -> None:
    np.testing.assert_array_equal(left, right)
    assert left.dtype.kind == right.dtype.kind
    assert left.dtype.kind == "U" or left.dtype == right.dtype


def test_the_second_time_beats_come_from_the_cache_unchanged(tmp_path: Path, beats: Beats) -> None:
    build = Builder(beats)
    _, made, first = cached_beats(tmp_path / "made if missing", KEY, build)
    again, facts, second = cached_beats(tmp_path / "made if missing", KEY, build)
    assert (first, second, build.calls) == (False, True, 1)
    assert_same(again, beats)
    assert facts == made == FACTS


@pytest.mark.parametrize("change", [{"files": "abd"}, {"segmentation": "paper"}, {"version": 2}, {"settings": "new"}])
def test_another_key_builds_anew_and_keeps_both(tmp_path: Path, beats: Beats, change: dict[str, object]) -> None:
    build = Builder(beats)
    cached_beats(tmp_path, KEY, build)
    cached = cached_beats(tmp_path, {**KEY, **change}, build)[2]
    assert (cached, build.calls) == (False, 2)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_order_of_a_key_does_not_matter(tmp_path: Path, beats: Beats) -> None:
    cached_beats(tmp_path, KEY, Builder(beats))
    assert cached_beats(tmp_path, dict(reversed(KEY.items())), Builder(beats))[2]


def test_no_flipped_bit_is_used_unseen(tmp_path: Path, beats: Beats, caplog: pytest.LogCaptureFixture) -> None:
    cached_beats(tmp_path, KEY, Builder(beats))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for position in (*range(0, len(whole) - 6, 11), *range(len(whole) - 6, len(whole))):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        caplog.clear()
        found, facts, cached = cached_beats(tmp_path, KEY, Builder(beats))
        assert not cached
        assert_same(found, beats)
        assert facts == FACTS
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert f"{path} is damaged" in record.getMessage()


@pytest.mark.parametrize("change", [(b"[40, 1, 187]", b"[40, 1, 183]"), (b"[40, 1, 187]", b"[40, 0, 187]")])
def test_a_footer_that_tells_of_fewer_samples_is_noticed(
    tmp_path: Path, make_beats: Callable[..., Beats], change: tuple[bytes, bytes]
) -> None:
    beats = make_beats(["p1"] * 40, [0] * 40, n_samples=187)
    cached_beats(tmp_path, KEY, Builder(beats))
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().count(change[0]) == 1
    path.write_bytes(path.read_bytes().replace(*change))
    found, _, cached = cached_beats(tmp_path, KEY, Builder(beats))
    assert not cached
    assert_same(found, beats)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_built_anew_and_replaced(tmp_path: Path, beats: Beats, share: float) -> None:
    cached_beats(tmp_path, KEY, Builder(beats))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    found, _, cached = cached_beats(tmp_path, KEY, Builder(beats))
    assert not cached
    assert_same(found, beats)
    assert cached_beats(tmp_path, KEY, Builder(beats))[2]


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(waiting: object, handle: IO[bytes], *size: int) -> None:
        handle.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(EcgError, match=rf"{tmp_path}.*disk is full.*cache_dir="):
        cached_beats(tmp_path, KEY, Builder(beats))
    assert list(tmp_path.iterdir()) == []


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path, beats: Beats) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match=r"file.*cache_dir="):
        cached_beats(tmp_path / "file" / "cache", KEY, Builder(beats))


def test_a_failing_build_leaves_nothing(tmp_path: Path, beats: Beats) -> None:
    def build(add: Callable[[Beats], None]) -> Facts:
        add(beats)
        raise EcgError("record 100: cut off")

    with pytest.raises(EcgError, match="100"):
        cached_beats(tmp_path, KEY, build)
    assert list(tmp_path.iterdir()) == []


def test_builders_at_the_same_time_leave_one_whole_file(tmp_path: Path, beats: Beats) -> None:
    together = threading.Barrier(4)

    def build(add: Callable[[Beats], None]) -> Facts:
        together.wait(timeout=10)  # all have looked and found nothing
        add(beats)
        return FACTS

    threads = [threading.Thread(target=cached_beats, args=(tmp_path, KEY, build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(list(tmp_path.iterdir())) == 1
    found, _, cached = cached_beats(tmp_path, KEY, build)
    assert cached
    assert_same(found, beats)


def keep(folder: Path, beats: Beats, number: int) -> Path:
    """Beats of their own in the cache, as if used at second `number`."""
    before = set(folder.glob("*.table"))
    cached_beats(folder, {**KEY, "number": number}, Builder(beats))
    (path,) = set(folder.glob("*.table")) - before
    os.utime(path, (number, number))
    return path


def test_what_was_not_used_for_longest_makes_room(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    paths = [keep(tmp_path, beats, number) for number in (1, 2, 3, 4)]
    others = [tmp_path / "simulated", tmp_path / "features-1.npy"]
    for other in others:
        other.write_bytes(bytes(10**5))
    assert cached_beats(tmp_path, {**KEY, "number": 1}, Builder(beats))[2]
    assert not caplog.records  # all fit into 5 GB
    monkeypatch.setenv("ECG_CACHE_GB", str(5 * 2.5 * paths[0].stat().st_size / 1e9))  # beats have a fifth of it
    assert cached_beats(tmp_path, {**KEY, "number": 2}, Builder(beats))[2]
    assert set(tmp_path.iterdir()) == {*paths[:2], *others}
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert f"{tmp_path}: removed 2 files" in record.getMessage()


def test_what_was_just_written_stays_whatever_the_limit(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_CACHE_GB", "1e-9")
    paths = [keep(tmp_path, beats, number) for number in (1, 2)]
    assert list(tmp_path.iterdir()) == paths[1:]


def test_temporary_files_of_killed_processes_are_removed_when_a_day_old(tmp_path: Path, beats: Beats) -> None:
    old, young = tmp_path / ".beats-1.table.a.tmp", tmp_path / ".beats-2.table.b.tmp"
    for path, age in ((old, 1.1), (young, 0.9)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age * 86400,) * 2)
    cached_beats(tmp_path, KEY, Builder(beats))
    assert (old.exists(), young.exists()) == (False, True)


def test_beats_that_another_process_removes_meanwhile_are_built_anew(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then_removed(path: Path) -> bool:
        intact = is_intact(path)
        path.unlink(missing_ok=True)
        return intact

    cached_beats(tmp_path, KEY, Builder(beats))
    monkeypatch.setattr(cache, "is_intact", then_removed)
    found, _, cached = cached_beats(tmp_path, KEY, Builder(beats))
    assert not cached
    assert_same(found, beats)


@pytest.mark.parametrize(("step", "error"), [("stat", FileNotFoundError), ("unlink", PermissionError)])
def test_a_file_that_is_gone_or_cannot_be_removed_stops_nobody(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch, step: str, error: type[OSError]
) -> None:
    stuck, other = (keep(tmp_path, beats, number) for number in (1, 2))
    real = getattr(Path, step)

    def failing(path: Path, **settings: bool) -> object:
        if path == stuck:
            raise error
        return real(path, **settings)

    monkeypatch.setenv("ECG_CACHE_GB", "1e-9")
    monkeypatch.setattr(Path, step, failing)
    assert not cached_beats(tmp_path, {**KEY, "number": 3}, Builder(beats))[2]
    assert not os.path.lexists(other)
    assert os.path.lexists(stuck)


def test_two_processes_that_make_room_remove_no_more_than_one_would(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [keep(tmp_path, beats, number) for number in (1, 2, 3, 4)]
    real = Path.unlink

    def second(path: Path, **settings: bool) -> None:
        real(path, missing_ok=True)  # the other process was quicker
        real(path, **settings)

    monkeypatch.setattr(Path, "unlink", second)
    monkeypatch.setenv("ECG_CACHE_GB", str(5 * 3.5 * paths[0].stat().st_size / 1e9))
    assert cached_beats(tmp_path, {**KEY, "number": 4}, Builder(beats))[2]
    assert set(tmp_path.iterdir()) == set(paths[1:])


def test_jobs_at_the_same_time_may_remove_each_others_beats(
    tmp_path: Path, make_beats: Callable[..., Beats], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_CACHE_GB", "1e-9")
    right = []

    def job(seed: int) -> None:
        for number in range(40):
            n = 1 + (seed + number) % 5
            mine = make_beats(["p"] * n, [0] * n)
            found, _, _ = cached_beats(tmp_path, {**KEY, "n": n}, Builder(mine))
            assert_same(found, mine)
        right.append(seed)

    threads = [threading.Thread(target=job, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(right) == [0, 1, 2, 3]


@pytest.mark.parametrize(("value", "gb"), [(None, (20, 5)), ("", (20, 5)), ("10", (8, 2)), ("2.5", (2, 0.5))])
def test_the_limits_are_25_gb_together_or_what_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, value: str | None, gb: tuple[float, float]
) -> None:
    if value is not None:
        monkeypatch.setenv("ECG_CACHE_GB", value)
    assert (cache_limit("features"), cache_limit("beats")) == pytest.approx([size * 1e9 for size in gb])


def test_a_wrong_limit_is_said_before_anything_is_built(
    tmp_path: Path, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_CACHE_GB", "much")
    build = Builder(beats)
    with pytest.raises(EcgError, match=r"^ECG_CACHE_GB=much: .* above 0"):
        cached_beats(tmp_path, KEY, build)
    assert build.calls == 0


def test_a_fingerprint_tells_content_and_name_but_not_order(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"1")
    b.write_bytes(b"2")
    first = fingerprint([a, b])
    assert fingerprint([b, a]) == first
    b.write_bytes(b"3")
    assert fingerprint([a, b]) != first
    b.write_bytes(b"2")
    assert fingerprint([a, b.rename(tmp_path / "c")]) != first
