from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecg.errors import EcgError
from ecg.recordings import fetching
from ecg.recordings.download import SUMS

from .file_server import BIG, ENDLESS, MITDB, Server, assert_complete, fetch

MOST = 1 << 20  # bytes that a file can have in these tests
SOCKETS = 1 << 24  # bytes that the server can send before it learns that nobody reads them


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_TEXT", MOST)
    monkeypatch.setattr(fetching, "_TIMEOUT", (9.0, 5.0))


def refusal(server: Server, folder: Path, **options: Any) -> str:
    """What a download that must fail says, in one line."""
    with pytest.raises(EcgError) as caught:
        fetch(server, folder, **{"database": replace(MITDB, n_bytes=MOST), **options})
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 1000
    return message


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Content-Length": None, "Connection": "close"}, "more than the 1,048,576 bytes there can be"),
        ({"Content-Length": None, "Transfer-Encoding": "chunked"}, "more than the 1,048,576 bytes there can be"),
        ({"Transfer-Encoding": "chunked"}, "bytes it announced"),
    ],
)
def test_an_endless_answer_is_refused(
    server: Server, tmp_path: Path, name: str, headers: dict[str, str | None], said: str
) -> None:
    server.endless, server.lies[name] = {name}, [headers] * 9
    message = refusal(server, tmp_path / "mitdb")
    assert f"{server.url}{name}: the server sends more than the " in message
    assert said in message
    assert "try again later, or name a mirror with --base-url" in message
    assert [asked for asked, _ in server.asked].count(name) == 1
    assert server.sent < len(BIG) + MOST + SOCKETS < ENDLESS
    assert not list(tmp_path.rglob(f"{name}*"))


@pytest.mark.parametrize("name", [SUMS, "100.hea"])
def test_what_comes_after_the_announced_bytes_is_not_read(server: Server, tmp_path: Path, name: str) -> None:
    server.endless = {name}
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    assert server.sent < 2 * len(BIG) + SOCKETS < ENDLESS


@pytest.mark.parametrize("status", [404, 416, 503])
def test_an_endless_error_is_not_read(server: Server, tmp_path: Path, status: int) -> None:
    server.status[SUMS], server.endless = status, {SUMS}
    server.lies[SUMS] = [{"Content-Length": None, "Transfer-Encoding": "chunked"}]
    assert f"{SUMS}: " in refusal(server, tmp_path, retries=0)
    assert server.sent < SOCKETS


def test_an_endless_redirect_is_refused(server: Server, tmp_path: Path) -> None:
    server.status[SUMS], server.endless = 302, {SUMS}
    server.lies[SUMS] = [{"Content-Length": None, "Connection": "close", "Location": "/RECORDS"}]
    assert "more than the 1,048,576 bytes there can be" in refusal(server, tmp_path)
    assert server.sent < MOST + SOCKETS


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
def test_a_redirect_is_followed(server: Server, tmp_path: Path, name: str) -> None:
    content = server.files[name]
    server.files["elsewhere"] = content
    server.status[name], server.lies[name] = 302, [{"Location": "/elsewhere"}]
    fetch(server, tmp_path)
    assert (tmp_path / name).read_bytes() == content
    assert server.asked[[asked for asked, _ in server.asked].index(name) + 1] == ("elsewhere", None)


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
def test_more_is_announced_than_there_can_be(server: Server, tmp_path: Path, name: str) -> None:
    server.lies[name] = [{"Content-Length": "999999999999999"}]
    message = refusal(server, tmp_path / "mitdb")
    assert f"{name}: the server announces 999,999,999,999,999 bytes, more than the 1,048,576 there can be" in message
    assert not list(tmp_path.rglob(f"{name}*"))


def test_a_compressed_answer(server: Server, tmp_path: Path) -> None:
    content = server.files["100.dat"]
    server.files["100.dat"] = gzip.compress(content)
    server.lies["100.dat"] = [{"Content-Encoding": "gzip"}]
    fetch(server, tmp_path)
    assert (tmp_path / "100.dat").read_bytes() == content


def test_a_compressed_answer_without_end_is_refused(server: Server, tmp_path: Path) -> None:
    server.files["100.dat"] = gzip.compress(bytes(ENDLESS))
    server.lies["100.dat"] = [{"Content-Encoding": "gzip"}]
    assert "100.dat: the server sends more than the 1,048,576 bytes there can be" in refusal(server, tmp_path)


def test_no_length_is_announced(server: Server, tmp_path: Path) -> None:
    for name in server.files:
        server.lies[name] = [{"Content-Length": None, "Connection": "close"}]
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


NO_NUMBERS = ["abc", "", "-5", "1e3", "+99", "1_000", "0x10", "9" * 5000, "١٢"]
NOT_VALID = "the address, or the header of the server's answer, is not valid"


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
@pytest.mark.parametrize("stated", [*NO_NUMBERS, "12, 13", "0", "100", "511999"])
def test_a_wrong_length_once(server: Server, tmp_path: Path, name: str, stated: str) -> None:
    stated = str(len(server.files[SUMS]) - 1) if (stated, name) == ("511999", SUMS) else stated
    server.lies[name] = [{"Content-Length": stated.encode().decode("latin-1")}]
    server.hangs_up = False
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


@pytest.mark.parametrize(
    ("name", "stated", "said"),
    [
        *(
            (name, stated, f"a Content-Length of '{stated[:40]}'")
            for name in (SUMS, "100.dat")
            for stated in NO_NUMBERS[:-1]
        ),
        (SUMS, "12, 13", NOT_VALID),
        ("100.dat", "12, 13", NOT_VALID),
        (SUMS, "0", "it is cut off"),
        (SUMS, "100", "it is cut off"),
        (SUMS, "9999", "the answer broke off before the 9,999 announced bytes were there"),
        ("100.dat", "512001", "the answer broke off before the 512,001 announced bytes were there"),
        ("100.dat", "0", "wrong checksum after 3 attempts"),
        ("100.dat", "511999", "wrong checksum after 3 attempts"),
    ],
)
def test_a_wrong_length_always(server: Server, tmp_path: Path, name: str, stated: str, said: str) -> None:
    server.lies[name] = [{"Content-Length": stated}] * 9
    message = refusal(server, tmp_path, retries=2)
    assert f"cannot download mitdb from {server.url}{name}: " in message
    assert said in message
    assert "Three ways on" in message
    assert [asked for asked, _ in server.asked].count(name) == 3
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
def test_chunks_that_end_before_the_announced_length(server: Server, tmp_path: Path, name: str) -> None:
    server.lies[name] = [{"Content-Length": "999999", "Transfer-Encoding": "chunked"}] * 9
    assert f"{name}: the answer broke off before the 999,999 announced bytes" in refusal(server, tmp_path, retries=0)


@pytest.mark.parametrize("hangs_up", [True, False])
def test_too_long_a_length_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs_up: bool
) -> None:
    monkeypatch.setattr(fetching, "_TIMEOUT", (9.0, 0.3))
    server.hangs_up = hangs_up
    server.lies = {SUMS: [{"Content-Length": "999"}], "100.dat": [{"Content-Length": str(len(BIG) + 1)}]}
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    assert [asked for asked, _ in server.asked if asked in server.lies] == [SUMS, SUMS, "100.dat", "100.dat"]


@pytest.mark.parametrize("start", ["5", "9" * 5000, "abc", "-", ""])
def test_another_range_than_asked_for(server: Server, tmp_path: Path, start: str) -> None:
    (tmp_path / "100.dat.part").write_bytes(BIG[:1000])
    server.lies["100.dat"] = [{"Content-Range": f"bytes {start}-511999/512000"}]
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    assert [asked for asked in server.asked if asked[0] == "100.dat"] == [("100.dat", "bytes=1000-"), ("100.dat", None)]


@pytest.mark.parametrize("name", [SUMS, "100.dat"])
def test_a_range_that_nobody_asked_for(server: Server, tmp_path: Path, name: str) -> None:
    server.status[name] = 206
    assert f"{server.url}{name}: the server answered 206" in refusal(server, tmp_path)
