"""Where a text file's table begins, what its columns are called, and whether every row has as many cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ecg.errors import EcgError
from ecg.recordings.formats.table_cells import SINGLE, SPACES, Splitter, find_splitter, is_value, is_words
from ecg.recordings.formats.table_metadata import Metadata, is_metadata, read_metadata
from ecg.recordings.formats.text_file import Text
from ecg.recordings.formats.units import known_unit, looks_like_unit
from ecg.recordings.messages import failing

_ABOVE = 1000
"""Lines above the numbers are looked for among so many."""
_SAMPLE = 50
"""So many rows tell how a table is built."""
_WIDEST = 1000
"""A row of more cells is a lead rather than a moment."""
_SAID = re.compile(r"[\"']?sep=(.)[\"']?", re.IGNORECASE)  # Excel's first line
_COMMENT = re.compile(r"^\s*(#+|%+|//+)\s*")
_BRACKETS = re.compile(r"[\[(].*[\])]")
_TIME_UNIT = re.compile(r"([mµu]?s|sec(onds)?|h{0,2}:?m{1,2}:s{1,2}([.,:]\w+)?|samples?|n/?a|#|-+)", re.IGNORECASE)
_ONE_NUMBER = re.compile(r"\s*[+\u2212-]?\d+(,\d+)?\s*")


@dataclass(frozen=True)
class Layout:
    """How a text file holds its table.

    Attributes:
        splitter: takes a line apart.
        first: lines above the numbers.
        names: of the columns; empty for row numbers; `column 1` and so on where no line names them.
        named: whether a line of the file names them.
        units: of the columns, where a line between names and numbers has them; else empty.
        metadata: what other lines above the numbers say.
    """

    splitter: Splitter
    first: int
    names: tuple[str, ...]
    named: bool
    units: tuple[str, ...]
    metadata: Metadata


def find_layout(text: Text) -> Layout:
    """The table's layout, by the file's first 1,000 lines.

    Raises:
        EcgError: the file is empty, has no table of numbers, or other names than columns.
    """
    with failing(f"{text.path}: not a table", csv.Error):
        return _find(text)


def _find(text: Text) -> Layout:
    lines = [line for line in text.lines(stop=_ABOVE + _SAMPLE) if line[1].strip()]
    excel = _SAID.fullmatch(lines[0][1].strip()) if lines else None
    lines = lines[1:] if excel else lines
    if not lines:
        raise EcgError(f"{text.path}: the file is empty")
    splitter = find_splitter([line for _, line in lines[-_SAMPLE:]], excel[1] if excel else None)
    split = [splitter.cells(line) for _, line in lines]
    start = _start(split)
    if start is None:
        raise EcgError(f"{text.path}: no table of numbers: it begins with {lines[0][1].strip()[:60]!r}")
    above, rows = lines[:start], [line for _, line in lines[start:][:_SAMPLE]]
    if splitter.delimiter == "," and _decimal_commas([line for _, line in above], rows):
        splitter = splitter._replace(delimiter=SINGLE)
    found = _Table(text, splitter, above, [splitter.cells(line) for line in rows])
    if len(found.rows[0]) > _WIDEST:
        said = f"rows of {len(found.rows[0]):,} cells; write one sample of all leads in each row"
        raise EcgError(f"{text.path}: {said}")
    names, units, rest = found.header()
    metadata = read_metadata(rest)
    columns = len(names) or len(found.rows[0]) - found.open
    if not names and len(metadata.columns) == columns:
        names = metadata.columns
    filled = [name for name in names if name]
    if len(set(filled)) < len(filled):
        raise EcgError(f"{text.path}: two columns of one name in {', '.join(names)}")
    plain = tuple(f"column {i + 1}" for i in range(columns))
    first = lines[start][0] - 1
    return Layout(splitter, first, names or plain, bool(names), units or ("",) * columns, metadata)


def _start(split: Sequence[list[str]]) -> int | None:
    """Position of the first row of numbers: no words where the other rows have values, and at least one value."""
    body = [cells for cells in split[-_SAMPLE:] if sum(map(is_words, cells)) <= sum(map(is_value, cells)) > 0]
    if not body:
        return None
    width = Counter(map(len, body)).most_common(1)[0][0]
    rows = [cells for cells in body if len(cells) == width]
    filled = [i for i in range(width) if sum(is_words(cells[i]) for cells in rows) * 2 < len(rows)]
    for position, cells in enumerate(split):
        own = [cells[i] for i in filled if i < len(cells)]
        if any(map(is_value, own)) and not any(map(is_words, own)):
            return position
    return None


def _decimal_commas(above: Sequence[str], rows: Sequence[str]) -> bool:
    """Whether commas are decimal marks of the only column, and delimit nothing."""
    if not all(_ONE_NUMBER.fullmatch(row) for row in rows):
        return False
    parts = [row.strip().split(",") for row in rows if "," in row]
    if not parts:
        return True  # whole numbers; a comma may follow
    if _counts(parts):
        return False
    if above and not is_metadata(above[-1], above[-1].split(","), 1):
        return "," not in above[-1]  # one name
    return any(len(part[1]) > 1 and part[1].startswith("0") for part in parts)  # as no whole number does


def _counts(rows: Sequence[list[str]]) -> bool:
    """Whether the first cells are whole numbers that go up by one."""
    cells = [row[0] for row in rows]
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    return all(int(after) == int(cell) + 1 for cell, after in pairwise(cells))


class _Table(NamedTuple):
    """The beginning of a table: lines above it with their numbers, and some of its rows."""

    text: Text
    splitter: Splitter
    above: list[tuple[int, str]]
    rows: list[list[str]]

    @property
    def open(self) -> bool:
        """Whether every row ends in a delimiter."""
        return len(self.rows[0]) > 1 and not any(row[-1] for row in self.rows)

    def header(self) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
        """Names and units of the columns, each empty where no line has them; and all other lines."""
        lines = [line for _, line in self.above]
        units: tuple[str, ...] = ()
        if lines and self._is_units(cells := self._cells(lines[-1])):
            units, lines = self._fitted(cells) or (), lines[:-1]
        cells = self._cells(lines[-1]) if lines else []
        if not lines or is_metadata(lines[-1], cells, len(self.rows[0])):
            return (), units, lines
        if names := self._fitted(cells):
            return names, units, lines[:-1]
        if _COMMENT.match(lines[-1]):
            return (), units, lines
        row = self.above[len(lines) - 1][0]
        said = f"row {row} names {len(cells)} columns, but the rows below have {len(self.rows[0]) - self.open} cells"
        doubled = self.splitter.delimiter == "," and len(self.rows[0]) > len(cells)
        hint = "; a decimal comma needs quotation marks, or semicolons between the cells" if doubled else ""
        raise EcgError(f"{self.text.path}: {said}{hint}")

    def _is_units(self, cells: list[str]) -> bool:
        """Whether a line between names and numbers has the columns' units."""
        known = [cell for cell in cells if known_unit(cell)]
        rest = [cell for cell in cells if cell and not known_unit(cell)]
        return (
            bool(self._fitted(cells))
            and bool(known or rest)
            and all(_TIME_UNIT.fullmatch(cell) or _BRACKETS.fullmatch(cell) or looks_like_unit(cell) for cell in rest)
        )

    def _cells(self, line: str) -> list[str]:
        bare = _COMMENT.sub("", line)
        cells = self.splitter.cells(bare)
        if self.splitter.delimiter == SPACES and len(cells) > len(self.rows[0]):
            return re.split(r"\s{2,}|\t", bare.strip())  # names with blanks in them
        return cells

    def _fitted(self, cells: list[str]) -> tuple[str, ...] | None:
        """One cell for each column, or None where that cannot be."""
        width = len(self.rows[0])
        if len(cells) == width:
            return tuple(cells[: width - self.open]) if self.open and not cells[-1] else tuple(cells)
        if self.open and len(cells) == width - 1:
            return tuple(cells)
        if len(cells) == width + 1 and not cells[-1]:
            return tuple(cells[:-1])
        if len(cells) == width - 1 and _counts(self.rows):
            return ("", *cells)  # R: the row numbers have no name
        return None
