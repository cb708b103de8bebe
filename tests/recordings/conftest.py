from __future__ import annotations

from collections.abc import Iterator

import pytest

from .file_server import BIG, Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of a small database: `file_server.NAMES`."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server({"RECORDS": b"100\n", "100.hea": b"100 2 360 650000\n", "100.dat": BIG, "sub/1.dat": b"x" * 99})
    yield server
    server.http.shutdown()
    server.http.server_close()
