"""A file server that misbehaves on demand, for tests of downloads."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ecg.recordings.download import SUMS


class Server:
    """A file server on 127.0.0.1 that misbehaves on demand and remembers what it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        sums = "".join(f"{hashlib.sha256(c).hexdigest()} {name}\n" for name, c in files.items())
        self.files[SUMS] = sums.encode()
        self.asked: list[tuple[str, str | None]] = []
        self.drop: dict[str, int] = {}  # name -> how often the connection ends half-way
        self.fail: dict[str, int] = {}  # name -> how often 503 is answered
        self.corrupt: dict[str, int] = {}  # name -> how often other bytes of the same length are sent
        self.ranges = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                server.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @staticmethod
    def once(counts: dict[str, int], name: str) -> bool:
        counts[name] = counts.get(name, 0) - 1
        return counts[name] >= 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name, wanted = request.path[1:], request.headers["Range"]
        self.asked.append((name, wanted))
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
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.once(self.drop, name):
            body = body[: len(body) // 2]
            request.close_connection = True
        request.wfile.write(body)
