"""A file server that misbehaves on demand, for tests of downloads."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.download import SUMS, DownloadReport, download

BIG = bytes(range(256)) * 2000  # 512 kB
NAMES = ["RECORDS", "100.hea", "100.dat", "sub/1.dat"]
ENDLESS = 1 << 26  # bytes after which the endless body ends all the same: who reads it all fails and does not hang


class Server:
    """A file server on 127.0.0.1 that misbehaves on demand and remembers what it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        sums = "".join(f"{hashlib.sha256(c).hexdigest()} {name}\n" for name, c in files.items())
        self.files[SUMS] = sums.encode()
        self.asked: list[tuple[str, str | None]] = []
        self.secrets: set[tuple[str | None, str]] = set()  # the header Authorization and the query of each request
        self.sent = 0  # bytes of bodies
        self.drop: dict[str, int] = {}  # name -> how often the connection ends half-way
        self.fail: dict[str, int] = {}  # name -> how often 503 is answered
        self.corrupt: dict[str, int] = {}  # name -> how often other bytes of the same length are sent
        self.status: dict[str, int] = {}  # name -> status in place of 200 or 206
        self.lies: dict[str, list[dict[str, str | None]]] = {}  # name -> headers in place of the true ones, per answer
        self.endless: set[str] = set()  # names of files after which more and more bytes are sent
        self.half_way: Callable[[str], object] = lambda _: None  # called with the name when half of it is sent
        self.ranges = True
        self.hangs_up = True  # when it has lied about the length; otherwise it waits for the next request
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                with suppress(ConnectionError):  # the client has hung up
                    server.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @staticmethod
    def once(counts: dict[str, int], name: str) -> bool:
        counts[name] = counts.get(name, 0) - 1
        return counts[name] >= 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name, _, query = request.path[1:].partition("?")
        wanted = request.headers["Range"]
        self.asked.append((name, wanted))
        self.secrets.add((request.headers["Authorization"], query))
        content = self.files.get(name)
        if content is None or self.once(self.fail, name):
            request.send_error(404 if content is None else 503)
            return
        if self.once(self.corrupt, name):
            content = bytes(b ^ 1 for b in content)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(content) and start:
            request.send_error(416)
            return
        body = content[start:]
        headers: dict[str, str | None] = {"Content-Length": str(len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if self.lies.get(name):
            lies = self.lies[name].pop(0)
            headers |= lies
            request.close_connection = self.hangs_up and "Content-Length" in lies
        request.send_response(self.status.get(name, 206 if start else 200))
        for header, value in headers.items():
            if value is not None:
                request.send_header(header, value)
        request.end_headers()
        if self.once(self.drop, name):
            body = body[: len(body) // 2]
            request.close_connection = True
        chunked = headers.get("Transfer-Encoding") == "chunked"
        for piece in self.pieces(name, body):
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            self.sent += len(piece)
        if chunked:
            request.wfile.write(b"0\r\n\r\n")

    def pieces(self, name: str, body: bytes) -> Iterator[bytes]:
        half = len(body) // 2
        yield body[:half]
        self.half_way(name)
        yield body[half:]
        if name in self.endless:
            yield from [b"x" * 65535 + b"\n"] * (ENDLESS >> 16)


def fetch(server: Server, folder: Path, **options: Any) -> DownloadReport:
    options = {"files": NAMES, "wait": lambda _: None, "base_url": server.url, **options}
    return download(options.pop("database", MITDB), folder, **options)


def assert_complete(server: Server, folder: Path) -> None:
    there = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert there == server.files  # every byte, and no .part or .tmp beside them


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
