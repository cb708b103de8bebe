"""Fetch a PhysioNet database: every file verified against the published SHA-256, half-fetched files resumed."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock, Timeout

from ecg.atomic import whole_text
from ecg.errors import EcgError
from ecg.recordings.checksum import sha256 as sha256
from ecg.recordings.databases import Database

log = logging.getLogger(__name__)

SUMS = "SHA256SUMS.txt"
_LINE = re.compile(r"^([0-9a-fA-F]{64}) +\*?(?:\./)?(\S.*?)[ \t\r]*$", re.MULTILINE)


class DownloadReport(NamedTuple):
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

    Parallel downloads into one folder wait for each other, by a lock file beside it; what the first one brought, the
    others find there.

    Args:
        database: e.g. one of `ecg.recordings.databases.DATABASES`.
        folder: the database's own folder, e.g. `<data_dir>/mitdb`.
        files: names to fetch, relative to the database; None takes those this project uses.
        base_url: a mirror's address in place of `database.url`. A user and password or a query in it go with every
            request and are never shown.
        retries: further attempts for each file, after 0.5, 1, 2, 4 ... seconds.
        wait: called with the seconds between attempts.

    Raises:
        EcgError: no network, a file the server does not have, a checksum that stays wrong, a full disk,
            an answer longer than announced or than the database is big.
    """
    from requests import Session

    from ecg.recordings.fetching import Fetcher, plain_errors, shown

    base_url = base_url or database.url
    with plain_errors(database, folder, base_url), _progress(database) as advance:
        there = _There(database, folder, files, advance)
        if there.complete():  # takes no lock: the folder may be read-only
            return DownloadReport(folder, (), tuple(there.kept), 0)
        with _alone(folder), Session() as session:
            if there.complete():  # another process brought it in the meantime
                return DownloadReport(folder, (), tuple(there.kept), 0)
            fetcher = Fetcher(session, base_url, database.n_bytes, retries, wait, advance)
            text = fetcher.text(SUMS)
            sums = _parse_sums(text)
            wanted = there.look(sums)
            unlisted = ", ".join([name for name in wanted if name not in sums][:4])
            if unlisted or not wanted:
                of = shown(fetcher.url(SUMS))
                raise EcgError(f"{of} does not list {unlisted or 'any needed file'} ({len(sums)} entries)")
            whole_text(folder / SUMS, text)
            todo = [name for name in wanted if name not in there.kept]
            for name in todo:
                fetcher.file(name, folder / name, sums[name])
    return DownloadReport(folder, tuple(todo), tuple(name for name in wanted if name in there.kept), fetcher.n_bytes)


@dataclass
class _There:
    """What a folder holds of the wanted files of a database.

    Attributes:
        database: e.g. one of `ecg.recordings.databases.DATABASES`.
        folder: its folder.
        files: names of the wanted files; None: those this project uses.
        advance: called with the name and the bytes of each file that is found.
        kept: checksum by name of the files that are there with the listed one.
    """

    database: Database
    folder: Path
    files: Sequence[str] | None
    advance: Callable[[str, int], None]
    kept: dict[str, str] = field(default_factory=dict)

    def look(self, sums: dict[str, str]) -> list[str]:
        """Names of the wanted files, after a look which of them are there with these checksums."""
        names = self.database.needed_files(sums) if self.files is None else self.files
        self.kept = {name: digest for name, digest in self.kept.items() if sums.get(name) == digest}
        for name in names:
            file = self.folder / name
            if name not in self.kept and name in sums and file.is_file() and sha256(file) == sums[name]:
                self.kept[name] = sums[name]
                self.advance(name, file.stat().st_size)
        return list(dict.fromkeys(names))

    def complete(self) -> bool:
        """Whether all wanted files are there, by the folder's own list of checksums."""
        local = self.folder / SUMS
        if not local.is_file():
            return False
        wanted = self.look(_parse_sums(local.read_text(encoding="utf-8", errors="replace")))
        return bool(self.kept) and len(self.kept) == len(wanted)


def _parse_sums(text: str) -> dict[str, str]:
    """Lines of `<64 hex digits> <name>` as {name: digest}; names that leave the folder are refused."""
    sums: dict[str, str] = {}
    for digest, name in _LINE.findall(text):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise EcgError(f"{SUMS} names a file outside its folder: {name}")
        sums[name] = digest.lower()
    return sums


def _alone(folder: Path) -> AbstractContextManager[object]:
    """Let one download at a time work in `folder`: of this process's threads, of other processes and machines."""
    folder = folder.resolve()  # two links to one folder need one lock
    path = folder.with_name(f".{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The lock file stays: removed, it would let in both one that waits for it and one that makes a new one.
    lock = FileLock(path, mode=0o666)  # other users of a shared folder open it too
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        log.warning("%s: waiting for another download into this folder", folder)
        return lock.acquire()  # as long as it takes: a process that dies lets go of its lock


@contextmanager
def _progress(database: Database) -> Iterator[Callable[[str, int], None]]:
    """A bar of bytes on stderr where that is a terminal; gives `advance(file name, bytes)`."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"downloading {database.name}", total=database.n_bytes)
        yield lambda name, n: bar.update(task, description=f"downloading {database.name}: {name}", advance=n)
