"""Files that exist whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    Raises:
        OSError: the folder cannot be written or the disk is full; it names `path`, and nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files
        temporary.replace(path)
    except OSError as error:
        _about(path, error, temporary)
    finally:
        temporary.unlink(missing_ok=True)


def whole_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all; raises as `whole_file`."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_unfinished(folder: Path) -> None:
    """Remove what a process that was killed was writing anywhere below a folder; nobody else may write there now."""
    for path in [*folder.rglob(".*.tmp")]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _about(path: Path, error: OSError, temporary: Path) -> NoReturn:
    """Say which file could not be written: a full disk names none, and else it would be the temporary one."""
    if error.errno is None or (error.filename is not None and not str(error.filename).startswith(str(temporary))):
        raise error
    raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    If another process has made `path` in the meantime, that one stays.

    Raises:
        OSError: the folder cannot be written or the disk is full; it names `path`, and nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())  # mkdtemp makes private folders
        if not path.exists():
            temporary.rename(path)
    except OSError as error:
        if not (path.is_dir() and error.errno in (errno.ENOTEMPTY, errno.EEXIST)):  # else somebody was quicker
            _about(path, error, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
