"""The one exception a person is meant to read."""

from __future__ import annotations


class EcgError(Exception):
    """Something the user can put right: bad input, a wrong setting, a missing file.

    The message names the file or the key and the valid choices. Commands print it without a stack trace and exit
    with code 1; any other exception is a bug and keeps its trace.
    """
