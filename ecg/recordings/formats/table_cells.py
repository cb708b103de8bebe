"""What a cell of a text table is: a number, a time, nothing, or words."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import NamedTuple

SPACES = r"\s+"
"""The delimiter of columns with blanks between them, as pandas takes it."""

SINGLE = "\x1f"
"""The delimiter of a table of one column: no text has it."""

MISSING = ("", "-", "--", "---", ".", "..", "?", "*", "nan", "na", "n/a", "#n/a", "null", "none", "inf", "-inf")
"""What stands in a cell without a value, in lower case."""

_NUMBER = re.compile(r"[+\u2212-]?(\d+([.,]\d*)*|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
_TIME = re.compile(r"\[?(\d+:\d\d.*|\d{4}-\d\d?-\d\d?(T|\b).*|\d\d?[./-]\d\d?[./-]\d{2,4}(\s.*)?)", re.IGNORECASE)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or comma."""
    return _NUMBER.fullmatch(cell) is not None


def is_value(cell: str) -> bool:
    """Whether a cell is a number, or a time of day, a date or both."""
    return is_number(cell) or _TIME.fullmatch(cell) is not None


def is_words(cell: str) -> bool:
    """Whether a cell is neither a value nor missing."""
    return not is_value(cell) and cell.lower() not in MISSING


class Splitter(NamedTuple):
    """How a line comes apart.

    Attributes:
        delimiter: one character, or `SPACES`.
        quote: the character around cells.
    """

    delimiter: str
    quote: str = '"'

    def cells(self, line: str) -> list[str]:
        """The cells of a line, without quotation marks."""
        line = line.strip("\r\n")
        if self.delimiter == SPACES:
            return [cell.strip("'\"") for cell in line.split()]
        rows = csv.reader([line], delimiter=self.delimiter, quotechar=self.quote)
        return [cell.strip().strip("'\"").strip() for cell in next(rows, [])]

    def count(self, line: str) -> int:
        """How many cells a line has, fast."""
        if self.delimiter == SPACES:
            return len(line.split())
        return len(self.cells(line)) if self.quote in line else line.count(self.delimiter) + 1


def find_splitter(body: Sequence[str], said: str | None) -> Splitter:
    """The delimiter of a table, by the lines of its body.

    Args:
        body: lines that are mostly rows of numbers.
        said: what the file's first line says, as Excel writes it.
    """
    quote = "'" if sum(line.lstrip().startswith("'") for line in body) * 2 > len(body) else '"'
    rows = {mark: _rows(body, Splitter(mark, quote)) for mark in (*([said] if said else []), "\t", ";", "|", SPACES)}
    best = max(rows, key=lambda mark: rows[mark])  # the first of equals
    return Splitter(best if rows[best] and rows[best] * 2 >= _rows(body, Splitter(",", quote)) else ",", quote)


def _rows(body: Sequence[str], splitter: Splitter) -> int:
    """How many lines a delimiter takes apart into values."""
    count = 0
    for cells in map(splitter.cells, body):
        if splitter.delimiter == SPACES and any(cell.endswith((",", ";")) for cell in cells):
            continue  # `0.0, 0.35`: blanks beside the delimiter
        values = sum(map(is_value, cells))
        words = sum(map(is_words, cells))
        count += len(cells) > 1 and values > 0 and (not words if splitter.delimiter == SPACES else words <= values)
    return count
