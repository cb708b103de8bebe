"""One process for each run folder."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ecg.atomic import remove_unfinished
from ecg.errors import EcgError
from ecg.runs.folder import RunFolder


class RunningElsewhereError(EcgError):
    """Another process runs this folder's run; the message says which."""


@contextmanager
def running(folder: RunFolder) -> Iterator[None]:
    """Hold the run folder while it is worked in; the system lets go of it when the process ends, however it ends.

    Raises:
        RunningElsewhereError: another process holds it.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunningElsewhereError(f"{folder.path} is being run by {_who(folder.running)}") from None
    try:
        said = {"pid": os.getpid(), "host": platform.node(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}
        remove_unfinished(folder.path)
        folder.running.write_text(json.dumps(said), encoding="utf-8")
        yield
    finally:
        folder.running.unlink(missing_ok=True)
        lock.release()


def _who(note: Path) -> str:
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        return f"process {said['pid']} on {said['host']} since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
