"""A text file's encoding, and its lines as an editor counts them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from ecg.errors import EcgError
from ecg.recordings.messages import failing

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # begins as UTF-16's mark does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROL = bytes({*range(9), *range(14, 27)})
"""Bytes that no text has."""
_BLOCK = 1 << 20


class Text(NamedTuple):
    """A text file that can be read.

    Attributes:
        path: the file.
        encoding: as Python calls it.
        notes: what a reader should know of the encoding.
    """

    path: Path
    encoding: str
    notes: tuple[str, ...] = ()

    def open(self) -> IO[str]:
        """The text from its beginning; every line ends in a line feed, whatever the file has."""
        return self.path.open(encoding=self.encoding)

    def lines(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Lines from `start` to before `stop`, each with the number that an editor gives it (1 is the first)."""
        with self.open() as stream, failing(f"{self.path}: not a text file", UnicodeError):
            yield from enumerate(islice(stream, start, stop), start=start + 1)


def find_text(path: Path) -> Text:
    """The file's encoding: by its byte-order mark, else UTF-8, else Latin-1.

    Raises:
        EcgError: it cannot be opened, or is no text.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None) or _half_empty(start)
            if marked == "utf-8-sig":
                return Text(path, marked)
            if marked:
                return Text(path, marked, (f"The file is read as {marked.upper()}.",))
            if start.translate(None, _CONTROL) != start:
                raise EcgError(f"{path}: not a text file; a CSV file holds numbers between commas")
            decoder = codecs.getincrementaldecoder("utf-8")()
            decoder.decode(start)
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Text(path, "latin-1", ("The file is not UTF-8; its text is read as Latin-1.",))
    except OSError as error:
        raise EcgError(f"{path}: cannot be read: {error.strerror or error}") from None
    return Text(path, "utf-8")


def _half_empty(start: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of plain text is 0."""
    even, odd = start[::2], start[1::2]
    if odd and not odd.strip(b"\0") and b"\0" not in even:
        return "utf-16-le"
    return "utf-16-be" if even and not even.strip(b"\0") and b"\0" not in odd else None
