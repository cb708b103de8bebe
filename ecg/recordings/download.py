"""Fetch a PhysioNet database: every file verified against the published SHA-256, half-fetched files resumed."""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ecg.atomic import whole_file
from ecg.errors import EcgError
from ecg.recordings.physionet import Database, needed_files, ways_on

if TYPE_CHECKING:
    from requests import Response, Session

SUMS = "SHA256SUMS.txt"
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of an answer
_CHUNK = 1 << 16
_DISK_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})  # Windows has no quota error
_WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class DownloadReport:
    """What a download did.

    Attributes:
        folder: where the files are.
        fetched: names of the files that came over the network.
        kept: names of the files that were there already, with the right checksum.
        n_bytes: bytes received, those of failed attempts included.
    """

    folder: Path
    fetched: tuple[str, ...]
    kept: tuple[str, ...]
    n_bytes: int


def download(
    database: Database,
    folder: Path,
    *,
    files: Sequence[str] | None = None,
    base_url: str | None = None,
    retries: int = 4,
    wait: Callable[[float], None] = time.sleep,
) -> DownloadReport:
    """Bring a database's files into `folder`; a folder that has them all, verified, needs no network.

    Args:
        database: one of `physionet.DATABASES`.
        folder: the database's own folder, e.g. `<data_dir>/mitdb`.
        files: names to fetch, relative to the database; None takes those this project uses.
        base_url: a mirror's address in place of `database.url`.
        retries: further attempts for each file, after 0.5, 1, 2, 4 ... seconds.
        wait: called with the seconds between attempts.

    Raises:
        EcgError: no network, a file the server does not have, a checksum that stays wrong, a full disk.
    """
    import requests

    base_url = base_url or database.url
    kept: dict[str, str] = {}
    local = folder / SUMS
    with _plain_errors(database, folder, base_url), requests.Session() as session, _progress(database) as advance:
        session.headers["Accept-Encoding"] = "identity"  # byte ranges are of the file, not of a compressed answer
        if local.is_file():
            sums = _parse_sums(local.read_text(encoding="utf-8", errors="replace"))
            wanted = _wanted(database, files, sums)
            _keep_verified(folder, wanted, sums, kept, advance)
            if kept and len(kept) == len(wanted):
                return DownloadReport(folder, (), tuple(kept), 0)
        fetcher = _Fetcher(session, base_url, retries, wait, advance)
        text = fetcher.text(SUMS)
        sums = _parse_sums(text)
        wanted = _wanted(database, files, sums)
        _check_listed(wanted, sums, fetcher.base_url + SUMS)
        kept = {name: digest for name, digest in kept.items() if sums.get(name) == digest}
        _keep_verified(folder, wanted, sums, kept, advance)
        with whole_file(local) as temporary:
            temporary.write_text(text, encoding="utf-8")
        todo = [name for name in wanted if name not in kept]
        for name in todo:
            fetcher.file(name, folder / name, sums[name])
    return DownloadReport(folder, tuple(todo), tuple(name for name in wanted if name in kept), fetcher.n_bytes)


class _Fetcher:
    """Requests with retries, and the count of bytes received."""

    def __init__(
        self,
        session: Session,
        base_url: str,
        retries: int,
        wait: Callable[[float], None],
        advance: Callable[[str, int], None],
    ) -> None:
        self.session = session
        self.base_url = base_url.rstrip("/") + "/"
        self.retries = retries
        self.wait = wait
        self.advance = advance
        self.n_bytes = 0

    def text(self, name: str) -> str:
        """Content of a small text file."""
        import requests

        for attempt in range(self.retries + 1):
            try:
                with self._get(name) as response:
                    return response.content.decode("utf-8", errors="replace")
            except requests.RequestException:
                if attempt == self.retries:
                    raise
            self.wait(0.5 * 2**attempt)
        raise AssertionError("unreachable")

    def file(self, name: str, target: Path, expected: str) -> None:
        """Fetch one file through `<name>.part`, verify it, give it its name."""
        import requests

        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        found = ""
        self.advance(name, part.stat().st_size if part.exists() else 0)
        for attempt in range(self.retries + 1):
            if attempt:
                self.wait(0.5 * 2 ** (attempt - 1))
            try:
                self._append(name, part)
            except requests.RequestException:
                if attempt == self.retries:
                    raise  # the part stays: the next download goes on from there
                continue
            found = sha256(part)
            if found == expected:
                part.replace(target)
                return
            self.advance(name, -part.stat().st_size)
            part.unlink()
        raise EcgError(
            f"{self.base_url}{name}: wrong checksum after {self.retries + 1} attempts: expected SHA-256 {expected}, "
            f"found {found}; {target} was not written"
        )

    def _append(self, name: str, part: Path) -> None:
        """Receive what `part` still lacks."""
        have = part.stat().st_size if part.exists() else 0
        with self._get(name, have) as response:
            if response.status_code == 416:  # nothing after what is there: complete, or the checksum will tell
                return
            start = have if response.status_code == 206 and _range_start(response) == have else 0
            if start == 0 and response.status_code == 206:
                part.unlink()  # a range nobody asked for
                raise _connection_error(f"{response.url}: answered with another byte range")
            length = int(response.headers.get("Content-Length", 0))
            self.advance(name, start - have)
            with part.open("ab" if start else "wb") as stream, _disk_space(part, length):
                for piece in response.iter_content(_CHUNK):
                    stream.write(piece)
                    self.n_bytes += len(piece)
                    self.advance(name, len(piece))
        if part.stat().st_size < start + length:
            raise _connection_error(f"{response.url}: the connection ended early")

    def _get(self, name: str, start: int = 0) -> Response:
        """An answer of status 200, 206 or 416; other statuses are errors, final or worth another attempt."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self.session.get(self.base_url + name, headers=headers, stream=True, timeout=_TIMEOUT)
        if response.status_code in (200, 206) or (response.status_code == 416 and start):
            return response
        response.close()
        if response.status_code in _WORTH_RETRYING:
            response.raise_for_status()
        raise EcgError(f"{response.url}: the server answered {response.status_code} {response.reason}")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _parse_sums(text: str) -> dict[str, str]:
    """Lines of `<64 hex digits> <name>` as {name: digest}; names that leave the folder are refused."""
    sums: dict[str, str] = {}
    for line in text.splitlines():
        digest, _, name = line.partition(" ")
        name = name.strip().removeprefix("*").removeprefix("./")
        if len(digest) != 64 or not name:
            continue
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise EcgError(f"{SUMS} names a file outside its folder: {name}")
        sums[name] = digest.lower()
    return sums


def _wanted(database: Database, files: Sequence[str] | None, sums: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(needed_files(database, sums) if files is None else files))


def _check_listed(wanted: list[str], sums: dict[str, str], source: str) -> None:
    unlisted = [name for name in wanted if name not in sums]
    if unlisted or not wanted:
        raise EcgError(f"{source} does not list {', '.join(unlisted[:4]) or 'any needed file'} ({len(sums)} entries)")


def _keep_verified(
    folder: Path, names: Sequence[str], sums: dict[str, str], kept: dict[str, str], advance: Callable[[str, int], None]
) -> None:
    """Add to `kept` the files that are in the folder with the listed checksum."""
    for name in names:
        file = folder / name
        if name not in kept and name in sums and file.is_file() and sha256(file) == sums[name]:
            kept[name] = sums[name]
            advance(name, file.stat().st_size)


def _range_start(response: Response) -> int | None:
    """First byte of `Content-Range: bytes 100-199/200`."""
    digits = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(digits) if digits.isdecimal() else None


def _connection_error(message: str) -> Exception:
    import requests

    return requests.ConnectionError(message)


@contextmanager
def _disk_space(part: Path, length: int) -> Iterator[None]:
    """Turn a full disk into a message, and give back the room the unfinished file took."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        part.unlink(missing_ok=True)
        free = shutil.disk_usage(part.parent).free
        raise EcgError(
            f"the disk of {part.parent} is full: {part.stem} needs {length:,} bytes more, {free:,} are free"
        ) from error


@contextmanager
def _plain_errors(database: Database, folder: Path, base_url: str) -> Iterator[None]:
    """Say in one line that there is no network, or that the folder cannot be written."""
    import requests

    try:
        yield
    except requests.RequestException as error:
        url = getattr(error.request, "url", None) or base_url
        kind = "no answer in time" if isinstance(error, requests.Timeout) else "no network, or the server is down"
        status = f"HTTP status {error.response.status_code}" if error.response is not None else kind
        raise EcgError(f"cannot download {database.name} from {url}: {status}. {ways_on(database, folder)}") from error
    except OSError as error:
        raise EcgError(f"cannot write to {folder}: {error.strerror or error}") from error


@contextmanager
def _progress(database: Database) -> Iterator[Callable[[str, int], None]]:
    """A bar of bytes on stderr where that is a terminal; gives `advance(file name, bytes)`."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task(f"downloading {database.name}", total=database.n_bytes)
        yield lambda name, n: bar.update(task, description=f"downloading {database.name}: {name}", advance=n)
