"""Where databases live on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ecg.errors import EcgError


def data_folder(data_dir: str | Path | None) -> Path:
    """The folder that holds, or will hold, `mitdb/`, `ptbdb/`, `ptb-xl/` and `kaggle/`.

    The argument wins, then the environment variable ECG_DATA, then `ecg` in the platform's cache folder. Nothing is
    created here.

    Raises:
        EcgError: the name belongs to a file.
    """
    folder = Path(data_dir or os.environ.get("ECG_DATA") or _platform_cache() / "ecg").expanduser()
    if folder.is_file():
        wanted = "the folder that holds mitdb/, ptbdb/, ptb-xl/, kaggle/"
        raise EcgError(f"data_dir={folder} is a file; it must be {wanted}")
    return folder


def cache_folder(cache_dir: str | Path | None) -> Path:
    """The folder for what is made from recordings: the argument, else `ecg/prepared` in the platform's cache folder."""
    return Path(cache_dir or _platform_cache() / "ecg" / "prepared").expanduser()


def _platform_cache() -> Path:
    """The user's cache folder by each platform's custom."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return Path(xdg) if Path(xdg).is_absolute() else home / ".cache"  # the XDG rule: a relative path is ignored
