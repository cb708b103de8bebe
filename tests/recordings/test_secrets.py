from __future__ import annotations

import logging
import traceback
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecg.errors import EcgError
from ecg.recordings.download import SUMS
from ecg.recordings.fetching import shown

from .file_server import MITDB, Server, assert_complete, fetch


def asked_with(server: Server) -> str:
    return server.url.replace("http://", "http://me:pass%20word@") + "?token=hidden"


def test_user_password_and_query_go_with_every_request(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path, base_url=asked_with(server))
    assert_complete(server, tmp_path)
    assert server.secrets == {("Basic " + b64encode(b"me:pass word").decode(), "token=hidden")}


def _no_network(server: Server) -> str:
    server.http.server_close()
    return f"{SUMS}: no network"


def _no_file(server: Server) -> str:
    del server.files["100.dat"]
    return "100.dat: the server answered 404"


def _not_listed(server: Server) -> str:
    server.files[SUMS] = server.files[SUMS].replace(b"100.dat", b"101.dat")
    return f"{SUMS} does not list 100.dat"


def _busy(server: Server) -> str:
    server.fail["100.dat"] = 9
    return "100.dat: HTTP status 503"


def _corrupt(server: Server) -> str:
    server.corrupt["100.dat"] = 9
    return "100.dat: wrong checksum"


def _dropped(server: Server) -> str:
    server.drop["100.dat"] = 9
    server.ranges = False
    return "100.dat: the answer broke off"


def _cut_off(server: Server) -> str:
    server.files[SUMS] += b"0123"
    return f"{SUMS}: the text ends in the middle of a line"


def _endless(server: Server) -> str:
    server.endless, server.lies["100.dat"] = {"100.dat"}, [{"Transfer-Encoding": "chunked"}]
    return "100.dat: the server sends more than the 512,000 bytes"


def _announced(server: Server) -> str:
    server.lies["100.dat"] = [{"Content-Length": "999999999999999"}]
    return "100.dat: the server announces 999,999,999,999,999 bytes"


def _no_number(server: Server) -> str:
    server.lies["100.dat"] = [{"Content-Length": "abc"}] * 9
    return "100.dat: the server announces a Content-Length of 'abc'"


def _no_header(server: Server) -> str:
    server.lies["100.dat"] = [{"Content-Length": "12, 13"}] * 9
    return "100.dat: the address, or the header of the server's answer, is not valid"


def _no_such_redirect(server: Server) -> str:
    server.status["100.dat"] = 302
    server.lies["100.dat"] = [{"Location": "/gone?token=hidden"}]
    return "gone: the server answered 404"


def _redirected_for_ever(server: Server) -> str:
    server.status["100.dat"] = 302
    server.lies["100.dat"] = [{"Location": "/100.dat?token=hidden"}] * 99
    return "100.dat: HTTP status 302"


@pytest.mark.parametrize(
    "fault",
    [
        _no_network,
        _no_file,
        _not_listed,
        _busy,
        _corrupt,
        _dropped,
        _cut_off,
        _endless,
        _announced,
        _no_number,
        _no_header,
        _no_such_redirect,
        _redirected_for_ever,
    ],
    ids=lambda fault: fault.__name__,
)
def test_no_failure_shows_a_secret(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: Any,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # the bar of bytes is shown
    caplog.set_level(logging.DEBUG)
    # A header that is not one: the HTTP library warns of it and names the address.
    server.lies["RECORDS"] = [{"Content-Length": "4\r\nnot a header\r\nX: "}]
    said = f"{server.url}{fault(server)}"
    with pytest.raises(EcgError) as caught:
        fetch(server, tmp_path, base_url=asked_with(server), retries=1, database=replace(MITDB, n_bytes=1 << 20))
    assert said in str(caught.value)
    everything = "".join([*traceback.format_exception(caught.value), caplog.text, *capfd.readouterr()])
    assert "downloading" in everything
    assert "GET /RECORDS HTTP" in everything or "SHA256SUMS" in said
    for secret in ("me:", "pass", "word@", "token", "hidden", b64encode(b"me:pass word").decode()):
        assert secret not in everything.replace("test_no_failure_shows_a_secret", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mirror/mitdb/", "https://mirror/mitdb/"),
        ("https://mirror:8080/a@b/100.dat", "https://mirror:8080/a@b/100.dat"),
        ("https://[::1]:8080/x", "https://[::1]:8080/x"),
        ("https://me:secret@mirror/mitdb/", "https://mirror/mitdb/"),
        ("https://me:secret@[::1]:8080/x", "https://[::1]:8080/x"),
        ("https://secret@mirror", "https://mirror"),
        ("https://me:sec@ret@mirror/a@b/", "https://mirror/a@b/"),
        ("https://mirror/x?token=secret", "https://mirror/x"),
        ("https://mirror/x#secret", "https://mirror/x"),
        ("https://mirror?to=https://secret", "https://mirror"),
        ("https://me:sec/ret@mirror/x", "https://mirror/x"),
        ("https://me:sec?ret@mirror/x", "https://mirror/x"),
        ("https://me:sec#ret@mirror/x?token=secret", "https://mirror/x"),
        ("https://me:sec://ret@mirror/x", "https://mirror/x"),
        ("me:secret@mirror/x", "mirror/x"),
        ("mirror/x?to=https://secret", "mirror/x"),
        ("https:/me:secret@mirror/x", "mirror/x"),
        ("https:///me:secret@mirror/x", "https://mirror/x"),
        (" https://me:secret@mirror/x", "mirror/x"),
        ("https:\\\\me:secret@mirror\\x", "mirror\\x"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize("url", ["https://me:sec/ret@mirror/", "me:secret@mirror/x", "https://me:sec?ret@mirror/"])
def test_a_mistyped_address_shows_no_secret(server: Server, tmp_path: Path, url: str) -> None:
    with pytest.raises(EcgError) as caught:
        fetch(server, tmp_path, base_url=url)
    message = str(caught.value)
    assert f"mirror/{'x' if url.endswith('x') else ''}: the address" in message
    assert "sec" not in message.replace(str(tmp_path), "")
