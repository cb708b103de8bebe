"""Files and folders that exist whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ecg.atomic import remove_unfinished, whole_file, whole_folder


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    with whole_file(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename across disks would not be at once
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    for error in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(error), whole_file(path) as temporary:  # noqa: PT012
            temporary.write_text("half")
            raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_is_as_readable_as_any_other(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with whole_file(tmp_path / "a") as temporary:
            temporary.write_text("x")
        (tmp_path / "b").write_text("x")
    finally:
        assert os.umask(before) == umask
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)


def test_a_full_disk_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(OSError, match="No space left") as told, whole_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(path)
    with pytest.raises(OSError, match="No space left") as told, whole_file(path) as temporary:
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary))
    assert told.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told, whole_file(tmp_path / "a"):
        (tmp_path / "other").read_text()
    assert told.value.filename == str(tmp_path / "other")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(OSError, match="directory") as told, whole_file(tmp_path / "a") as temporary:
        temporary.write_text("x")
    assert told.value.filename == str(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


KILLED = """
import os, signal, sys
from pathlib import Path
from ecg.atomic import remove_unfinished, whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)
    assert path.read_text() == "old"
    assert all(one == path or one.name.startswith(".a.json.") for one in tmp_path.iterdir())


def test_a_folder_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("1")
        assert not path.exists()
    assert (path / "a").read_text() == "1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "cache") as temporary:  # noqa: PT012
        (temporary / "a").write_text("1")
        raise ZeroDivisionError
    with pytest.raises(OSError, match="No space left") as told, whole_folder(tmp_path / "cache"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(tmp_path / "cache")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("mine")
        path.mkdir()
        (path / "a").write_text("theirs")
    assert (path / "a").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("a.tmp", ".lock", "sub/.hidden", "sub/b.csv")]
    gone = [tmp_path / ".a.csv.x1.tmp", tmp_path / "sub" / ".b.csv.x2.tmp"]
    (tmp_path / "sub").mkdir()
    for path in (*kept, *gone):
        path.write_text("half")
    (tmp_path / ".c.x3.tmp").mkdir()
    (tmp_path / ".c.x3.tmp" / "part").write_text("half")
    remove_unfinished(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
    assert not (tmp_path / ".c.x3.tmp").exists()
    remove_unfinished(tmp_path / "not there")
