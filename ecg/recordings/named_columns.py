"""A small table that a person keeps in a text file: columns by name, cells as text, rows by the line they stand in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.formats.text_file import find_text
from ecg.recordings.messages import failing

_MARKS = ",;\t"


@dataclass(frozen=True)
class NamedColumns:
    """A table as it was written.

    Attributes:
        path: the file.
        names: of its columns, in lower case and without blanks around them.
        rows: cells of each row that is not empty, as many as there are names.
        lines: the number that an editor gives each row; 1 is the first line of the file.
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def column(self, name: str) -> list[str]:
        """The cells of one column, from the first row to the last.

        Raises:
            EcgError: no column is called so, or several are.
        """
        if self.names.count(name) != 1:
            many = "no column" if name not in self else f"{self.names.count(name)} columns"
            raise EcgError(f"{self.path}: has {many} {name}; its columns are {', '.join(self.names)}")
        place = self.names.index(name)
        return [row[place] for row in self.rows]


def read_named_columns(path: Path) -> NamedColumns:
    """Read a table with commas, semicolons or tabs between its cells, as Excel saves it in any country.

    Args:
        path: a file of text; a byte-order mark, Excel's line `sep=;` and comments that begin with `#` may come first.

    Raises:
        EcgError: there is no such file, it is no text or empty, or a row has more cells than there are names.
    """
    if not path.is_file():
        raise EcgError(f"{path} does not exist")
    rows = _rows(path)
    _, head = next(rows, (0, ()))
    names = tuple(name.lower() for name in head)
    if not any(names):
        raise EcgError(f"{path}: is empty; its first line must name the columns")
    table = [(line, _fitted(path, line, cells, len(names))) for line, cells in rows]
    return NamedColumns(path, names, tuple(cells for _, cells in table), tuple(line for line, _ in table))


def _rows(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each row that is not empty, the names' first, and the line that it ends in."""
    with find_text(path).open() as stream, failing(f"{path}: not a table", ValueError), failing(path.name, csv.Error):
        before, head = 0, ""
        for head in stream:
            if head.strip(f" {_MARKS}\n") and not head.startswith(("#", "sep=")):
                break
            before += 1
        mark = max(_MARKS, key=head.count)
        reader = csv.reader(_with_head(head, stream), delimiter=mark, skipinitialspace=True)
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                yield before + reader.line_num, cells


def _with_head(head: str, rest: Iterable[str]) -> Iterator[str]:
    yield head
    yield from rest


def _fitted(path: Path, line: int, cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """As many cells as names: Excel leaves empty ones out, or adds some."""
    if any(cells[width:]):
        way = "put semicolons between the columns if its numbers have decimal commas"
        raise EcgError(f"{path}: row {line} has {len(cells)} cells, but the first line names {width} columns; {way}")
    return (*cells[:width], *[""] * (width - len(cells)))
