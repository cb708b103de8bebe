"""One process for each run folder."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecg.errors import EcgError
from ecg.runs.folder import RunFolder
from ecg.runs.lock import RunningElsewhereError, running

HOLD = """
import sys, time
from pathlib import Path
from ecg.runs.folder import RunFolder
from ecg.runs.lock import running
with running(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the folder."""
    words = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with held(folder.path) as process:
        with pytest.raises(RunningElsewhereError) as told, running(folder):
            pass
        holder = f"process {process.pid} on {platform.node()} since "
        assert re.match(
            re.escape(f"{folder.path} is being run by {holder}") + r"\d{4}-\d\d-\d\d \d\d:", str(told.value)
        )
        assert isinstance(told.value, EcgError)
        with running(RunFolder(tmp_path / "other")):  # which is nobody's
            pass


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with held(folder.path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        began = time.monotonic()
        with running(folder):
            assert time.monotonic() - began < 5


def test_a_holder_that_left_no_note_is_another_process(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    for content in (None, "{", "[1]", '{"pid": 3}', "\x89\x00"):
        with held(folder.path):
            note = folder.path / ".running.json"
            note.unlink()
            if content is not None:
                note.write_text(content)
            with pytest.raises(RunningElsewhereError, match=r"is being run by another process$"), running(folder):
                pass


def test_the_folder_is_free_again_after_an_error_and_no_note_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(ZeroDivisionError), running(folder):  # noqa: PT012
        assert (folder.path / ".running.json").is_file()
        raise ZeroDivisionError
    assert not (folder.path / ".running.json").exists()
    with running(folder):
        pass
    folder.check(resume=False)  # a lock is no run


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "report" / ".page.html.abc.tmp"
    left.parent.mkdir()
    left.write_text("half")
    with running(RunFolder(tmp_path)):
        assert not left.exists()
