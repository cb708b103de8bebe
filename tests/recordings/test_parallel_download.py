from __future__ import annotations

import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ecg.recordings.download import SUMS

from .file_server import NAMES, Server, assert_complete, fetch, until


def test_parallel_threads_fetch_each_file_once(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    folder, link = tmp_path / "mitdb", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    waiting = f"{folder}: waiting for another download into this folder"
    server.half_way = lambda name: name != "100.dat" or until(lambda: caplog.messages == [waiting] * 3)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda f: fetch(server, f, retries=0), [folder, link] * 2))
    assert_complete(server, folder)
    assert server.asked == [(name, None) for name in (SUMS, *NAMES)]
    assert sorted((len(report.fetched), len(report.kept)) for report in reports) == [(0, 4)] * 3 + [(4, 0)]


def test_when_the_first_fails_the_next_goes_on(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.half_way = lambda name: name != "100.dat" or until(lambda: len(caplog.messages) == 2)
    server.drop["100.dat"] = 1
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(fetch, server, tmp_path, retries=0) for _ in range(3)]
    assert sorted(job.exception() is None for job in jobs) == [False, True, True]
    assert_complete(server, tmp_path)
    assert [name for name, _ in server.asked] == [SUMS, *NAMES[:3], SUMS, *NAMES[2:]]


def process(server: Server, folder: Path, log: Path) -> subprocess.Popen[str]:
    code = (
        "import pathlib, sys; from ecg.recordings import databases, download; _, url, folder, *files = sys.argv; "
        "d = download.download("
        "databases.DATABASES['mitdb'], pathlib.Path(folder), base_url=url, files=files, "
        "retries=0); print(len(d.fetched), len(d.kept))"
    )
    with log.open("a") as stderr:
        return subprocess.Popen(
            [sys.executable, "-c", code, server.url, str(folder), *NAMES],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def test_parallel_processes_fetch_each_file_once(server: Server, tmp_path: Path) -> None:
    folder, log = tmp_path / "mitdb", tmp_path / "log"
    server.half_way = lambda name: name != "100.dat" or until(lambda: log.read_text().count("waiting for") == 3)
    processes = [process(server, folder, log) for _ in range(4)]
    assert sorted(p.communicate()[0] for p in processes) == ["0 4\n"] * 3 + ["4 0\n"]
    assert log.read_text() == f"{folder}: waiting for another download into this folder\n" * 3
    assert_complete(server, folder)
    assert server.asked == [(name, None) for name in (SUMS, *NAMES)]


def test_from_where_a_killed_process_was_the_waiting_one_goes_on(server: Server, tmp_path: Path) -> None:
    folder, log, go_on = tmp_path / "mitdb", tmp_path / "log", threading.Event()
    part = folder / "100.dat.part"
    server.half_way = lambda name: name != "100.dat" or go_on.wait(60)
    first = process(server, folder, log)
    until(lambda: part.exists() and part.stat().st_size)
    second = process(server, folder, log)
    until(lambda: "waiting for" in log.read_text())
    first.kill()
    first.communicate()
    size = part.stat().st_size
    go_on.set()
    assert second.communicate()[0] == "2 2\n"
    assert_complete(server, folder)
    assert [asked for asked in server.asked if asked[0] == "100.dat"] == [
        ("100.dat", None),
        ("100.dat", f"bytes={size}-"),
    ]
