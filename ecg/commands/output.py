"""What commands print, whatever the terminal can show."""

from __future__ import annotations

import io
import sys


def print_anything() -> None:
    """Print a question mark where the terminal's encoding has no such sign (LC_ALL=C), instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
