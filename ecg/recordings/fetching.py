"""Ask a server for files: with retries and resume, no trust in what it announces, and no word of secrets."""

from __future__ import annotations

import errno
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from requests import RequestException, Response, Session, Timeout

from ecg.errors import EcgError
from ecg.recordings.checksum import sha256
from ecg.recordings.databases import Database

T = TypeVar("T")

MOST_TEXT = 1 << 25  # bytes: four times the longest SHA256SUMS.txt, PTB-XL's 87,000 lines
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of an answer
_WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})
_MIRROR = "try again later, or name a mirror with --base-url (base_url=)"
_SCHEME = re.compile(r"^[a-zA-Z][\w+.-]*://")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/?#@]+)(:\d*)?(?=[/?#]|$)")


class BadAnswer(RequestException):
    """An answer that cannot be used, which another attempt may mend; the message begins with the address."""


@dataclass
class Fetcher:
    """Requests with retries, and the count of bytes received.

    Attributes:
        session: makes the requests.
        base_url: address of the folder; user, password and query, if any, go with every request.
        largest: bytes that no file can exceed, announced or not: an endless answer must not fill the disk.
        retries: further attempts for each file, after 0.5, 1, 2, 4 ... seconds.
        wait: called with the seconds between attempts.
        advance: called with a file's name and the bytes that came, or were thrown away.
        n_bytes: bytes of files received, those of failed attempts included.
    """

    session: Session
    base_url: str
    largest: int
    retries: int
    wait: Callable[[float], None]
    advance: Callable[[str, int], None]
    n_bytes: int = 0

    def __post_init__(self) -> None:
        self.session.headers["Accept-Encoding"] = "identity"  # byte ranges are of the file, not of a compressed answer
        self.session.hooks["response"].append(_read_redirect)

    def url(self, name: str) -> str:
        """Address of a file, secrets included."""
        base, mark, query = self.base_url.partition("?")
        return f"{base.rstrip('/')}/{name}{mark}{query}"

    def text(self, name: str) -> str:
        """Content of a small text file that ends with a line end."""
        return self._persistently(lambda: self._text(name))

    def file(self, name: str, target: Path, expected: str) -> None:
        """Fetch one file through `<name>.part`, verify it, give it its name."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        self.advance(name, part.stat().st_size if part.exists() else 0)
        # When all attempts fail, the part stays: the next download goes on from there.
        self._persistently(lambda: self._verified(name, part, expected))
        part.replace(target)

    def _persistently(self, attempt: Callable[[], T]) -> T:
        for n in range(self.retries):
            try:
                return attempt()
            except RequestException:
                self.session.close()  # what is left of a wrong answer must not be read as the next one
                self.wait(0.5 * 2**n)
        return attempt()

    def _text(self, name: str) -> str:
        with self._get(name) as response:
            text = b"".join(_body(response, MOST_TEXT)).decode("utf-8", errors="replace")
        if not text.endswith("\n"):  # half a list would pass for a small database
            raise BadAnswer(f"{shown(response.url)}: the text ends in the middle of a line, it is cut off")
        return text

    def _verified(self, name: str, part: Path, expected: str) -> None:
        self._append(name, part)
        found = sha256(part)
        if found != expected:
            self.advance(name, -part.stat().st_size)
            part.unlink()
            said = f"wrong checksum after {self.retries + 1} attempts: expected SHA-256 {expected}, found {found}"
            raise BadAnswer(f"{shown(self.url(name))}: {said}; {part.with_suffix('')} was not written")

    def _append(self, name: str, part: Path) -> None:
        """Receive what `part` still lacks."""
        have = part.stat().st_size if part.exists() else 0
        with self._get(name, have) as response:
            if response.status_code == 416:  # nothing after what is there: complete, or the checksum will tell
                return
            start = have if response.status_code == 206 else 0
            if start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                part.unlink()
                raise BadAnswer(f"{shown(response.url)}: the server answered with another byte range")
            self.advance(name, start - have)
            with _useful(part, _announced(response)), part.open("ab" if start else "wb") as stream:
                for piece in _body(response, self.largest - start):
                    stream.write(piece)
                    self.n_bytes += len(piece)
                    self.advance(name, len(piece))

    def _get(self, name: str, start: int = 0) -> Response:
        """An answer of status 200, or 206 or 416 to a range; other statuses are errors, final or worth a retry."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self.session.get(self.url(name), headers=headers, stream=True, timeout=_TIMEOUT)
        if response.status_code == 200 or (start and response.status_code in (206, 416)):
            return response
        response.close()
        if response.status_code in _WORTH_RETRYING:
            response.raise_for_status()
        raise EcgError(f"{shown(response.url)}: the server answered {response.status_code} {response.reason}")


def shown(url: str) -> str:
    """An address as messages show it: without user and password, and without the query, where tokens are."""
    rest = _SCHEME.sub("", url)
    scheme = url.removesuffix(rest)
    rest = re.sub(r"^[^/?#]*@", "", rest)
    if not scheme or not _HOST.match(rest):  # mistyped, as with an unquoted / ? or # in the password: still a secret
        rest = rest.rpartition("@")[2]
    return scheme + re.split(r"[?#]", rest)[0]


@contextmanager
def plain_errors(database: Database, folder: Path, base_url: str) -> Iterator[None]:
    """Say in one line that there is no network, or that the folder cannot be written."""
    try:
        yield
    except RequestException as error:
        what = _described(error, base_url)
        # None: a notebook prints causes, and requests' own words show the password.
        raise EcgError(f"cannot download {database.name} from {what}. {database.ways_on(folder)}") from None
    except OSError as error:
        raise EcgError(f"cannot write to {error.filename or folder}: {error.strerror or error}") from error


def _described(error: RequestException, base_url: str) -> str:
    """Where and why a request failed; requests' own words would show the whole address."""
    if isinstance(error, BadAnswer):
        return str(error)
    url = shown(getattr(error.request, "url", None) or base_url)
    if error.response is not None:
        return f"{url}: HTTP status {error.response.status_code}"
    if isinstance(error, ValueError):
        return f"{url}: the address, or the header of the server's answer, is not valid"
    return f"{url}: {'no answer in time' if isinstance(error, Timeout) else 'no network, or the server is down'}"


def _body(response: Response, most: int) -> Iterator[bytes]:
    """The body piece by piece, as long as it keeps to what was announced and to `most` bytes."""
    url, announced, received = shown(response.url), _announced(response), 0
    limit = most if announced is None else announced
    if limit > most:
        raise EcgError(f"{url}: the server announces {limit:,} bytes, more than the {most:,} there can be; {_MIRROR}")
    try:
        for piece in response.iter_content(1 << 16):
            received += len(piece)
            if received > limit:
                why = "there can be" if announced is None else "it announced"
                raise EcgError(f"{url}: the server sends more than the {limit:,} bytes {why}; {_MIRROR}")
            yield piece
        ended = announced is None or received == announced
    except RequestException:  # the connection ended, or nothing came for as long as _TIMEOUT says
        ended = False
    if not ended:
        before = "" if announced is None else f" before the {announced:,} announced bytes were there"
        raise BadAnswer(f"{url}: the answer broke off{before}: no network, or the server is down or wrong")


def _announced(response: Response) -> int | None:
    """Number of bytes the body must have; None where the server does not say."""
    stated = response.headers.get("Content-Length")
    if stated is not None and not re.fullmatch("[0-9]{1,18}", stated):
        # where the body ends is anybody's guess: waiting for more of it could take for ever
        said = f"the server announces a Content-Length of {stated[:40]!r}, not a number"
        raise BadAnswer(f"{shown(response.url)}: {said}")
    compressed = response.headers.get("Content-Encoding", "identity") != "identity"
    return None if stated is None or compressed else int(stated)


def _read_redirect(response: Response, **_: Any) -> None:
    """Read the body of a redirect here, where it is bounded; requests would read all that comes."""
    if response.is_redirect:
        b"".join(_body(response, MOST_TEXT))


@contextmanager
def _useful(part: Path, length: int | None) -> Iterator[None]:
    """Give back the room of a file that cannot be finished, and say so where the disk is full."""
    try:
        yield
    except EcgError:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        part.unlink(missing_ok=True)
        free = shutil.disk_usage(part.parent).free
        needs = "more bytes" if length is None else f"{length:,} bytes more"
        raise EcgError(f"the disk of {part.parent} is full: {part.stem} needs {needs}, {free:,} are free") from error


def _without_query(record: logging.LogRecord) -> bool:
    """Take queries, where tokens are, out of the lines that the HTTP library logs."""
    record.msg, record.args = re.sub(r"\?[^\s\"')]+", "", record.getMessage()), ()
    return True


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_without_query)
