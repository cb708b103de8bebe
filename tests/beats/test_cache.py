"""Prepared beats come back as they were, or are built again; a damaged file is never used."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.table import Beats
from ecg.errors import EcgError

KEY = {"files": "abc", "cut": "kaggle", "version": 1}


@pytest.fixture
def beats(make_beats: Callable[..., Beats]) -> Beats:
    return make_beats(["p1", "p1", "patient two", ""], [0, 4, 2, 2])


FACTS = {"r_peaks": "sleepecg 0.6.0", "beats_left_out": {"RR below 0.2 s": 3}, "records": 42}


class Builder:
    """Hands out the beats and counts how often it was asked."""

    def __init__(self, beats: Beats) -> None:
        self.beats, self.calls = beats, 0

    def __call__(self) -> tuple[Beats, Facts]:
        self.calls += 1
        return self.beats, FACTS


def assert_same(a: Beats, b: Beats) -> None:
    for field in fields(Beats):
        left, right = getattr(a, field.name), getattr(b, field.name)
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


@pytest.mark.parametrize("change", [{"files": "abd"}, {"cut": "paper"}, {"version": 2}, {"settings": "new"}])
def test_another_key_builds_anew_and_keeps_both(tmp_path: Path, beats: Beats, change: dict[str, object]) -> None:
    build = Builder(beats)
    cached_beats(tmp_path, KEY, build)
    cached = cached_beats(tmp_path, {**KEY, **change}, build)[2]
    assert (cached, build.calls) == (False, 2)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_order_of_a_key_does_not_matter(tmp_path: Path, beats: Beats) -> None:
    cached_beats(tmp_path, KEY, Builder(beats))
    assert cached_beats(tmp_path, dict(reversed(KEY.items())), Builder(beats))[2]


def test_no_damaged_byte_leads_to_a_crash_or_to_wrong_beats(tmp_path: Path, beats: Beats) -> None:
    cached_beats(tmp_path, KEY, Builder(beats))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    rebuilt = 0
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        found, facts, cached = cached_beats(tmp_path, KEY, Builder(beats))
        assert_same(found, beats)
        assert facts == FACTS
        rebuilt += not cached
    assert rebuilt > len(whole) / 7 / 2


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
    def full(handle: object, **columns: object) -> None:
        handle.write(b"half")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(EcgError, match=rf"{tmp_path}.*disk is full.*cache_dir="):
        cached_beats(tmp_path, KEY, Builder(beats))
    assert list(tmp_path.iterdir()) == []


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path, beats: Beats) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match=r"file.*cache_dir="):
        cached_beats(tmp_path / "file" / "cache", KEY, Builder(beats))


def test_a_failing_build_leaves_nothing(tmp_path: Path) -> None:
    def build() -> tuple[Beats, Facts]:
        raise EcgError("record 100: cut off")

    with pytest.raises(EcgError, match="100"):
        cached_beats(tmp_path, KEY, build)
    assert list(tmp_path.iterdir()) == []


def test_builders_at_the_same_time_leave_one_whole_file(tmp_path: Path, beats: Beats) -> None:
    together = threading.Barrier(4)

    def build() -> tuple[Beats, Facts]:
        together.wait(timeout=10)  # all have looked and found nothing
        return beats, FACTS

    threads = [threading.Thread(target=cached_beats, args=(tmp_path, KEY, build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(list(tmp_path.iterdir())) == 1
    found, _, cached = cached_beats(tmp_path, KEY, build)
    assert cached
    assert_same(found, beats)


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
