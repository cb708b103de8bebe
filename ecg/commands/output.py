"""What commands print, whatever the terminal can show."""

from __future__ import annotations

import io
import logging
import sys
from typing import TextIO


def print_anything() -> None:
    """Print a question mark where the terminal's encoding has no such sign (LC_ALL=C), instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class Terminal(logging.StreamHandler[TextIO]):
    """Writes to what standard output is at that moment: a progress bar puts itself there, and lines go above it.

    Args:
        stream: as in Hydra's own settings of this handler; of no use here.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard output."""
        return sys.stdout


class Plain(logging.Formatter):
    """Time and message; the level where it is no good news. The log file of a run keeps everything."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        level = f"{record.levelname}: " if record.levelno >= logging.WARNING else ""
        return f"{self.formatTime(record, '%H:%M:%S')} {level}{super().format(record)}"
