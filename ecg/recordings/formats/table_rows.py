"""The rows of a text table: as many cells each as there are columns, and chosen columns as numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.table_cells import MISSING, SINGLE, is_words
from ecg.recordings.formats.table_layout import Layout
from ecg.recordings.formats.text_file import Text
from ecg.recordings.messages import failing

_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_GROUPED = {  # thousands with a mark of their own, by the decimal mark
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?|[+-]?\d{1,3}(,\d*)?"),
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?|[+-]?\d{1,3}(\.\d*)?"),
}


@dataclass(frozen=True)
class Table:
    """A text table whose rows have been counted.

    Attributes:
        text: the file.
        layout: how it holds the table.
        count: rows to read.
        blank: whether a blank line is a row: in a single column it is a missing value.
        notes: what was left out.
    """

    text: Text
    layout: Layout
    count: int
    blank: bool
    notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[int, str]]:
        """The rows with the numbers that an editor gives their lines."""
        lines = self.text.lines(self.layout.first)
        return ((number, line) for number, line in lines if self.blank or line.strip())

    def line(self, row: int) -> int:
        """The number that an editor gives the line of a row; the first row is 0."""
        return next((number for i, (number, _) in enumerate(self.rows()) if i == row), self.layout.first + row + 1)

    def columns(self, wanted: Sequence[int], rows: int | None = None) -> dict[int, pd.Series]:
        """Some columns, by position; other columns are not even parsed.

        Args:
            wanted: positions.
            rows: of the first so many rows only.

        Raises:
            EcgError: the parser does not take the file.
        """
        splitter = self.layout.splitter
        fixed: dict[str, Any] = {"header": None, "index_col": False, "low_memory": False}
        fixed |= {"sep": splitter.delimiter, "quotechar": splitter.quote, "skip_blank_lines": not self.blank}
        path = self.text.path
        with self.text.open() as stream, failing(f"{path}: not a table", ValueError):
            for _ in range(self.layout.first):
                stream.readline()
            found: pd.DataFrame = pd.read_csv(
                stream,
                names=list(range(len(self.layout.names))),
                usecols=list(wanted),
                nrows=min(self.count, rows or self.count),
                na_values=list(MISSING),
                **fixed,
            )
        if rows is None and len(found) != self.count:  # a quotation mark without its second runs over lines
            raise EcgError(f"{path}: only {len(found):,} of {self.count:,} rows come apart: a quotation mark is amiss")
        return {position: found[position] for position in wanted}

    def numbers(self, position: int, column: pd.Series) -> npt.NDArray[np.float64]:
        """A column as numbers, with decimal points or commas; a cell without a value is missing.

        Raises:
            EcgError: a cell holds something else; the message names the first and its row.
        """
        if column.dtype.kind in "iuf":
            return column.to_numpy(dtype=np.float64)
        said = column.notna()
        texts = [str(cell).strip(" \t'\"").replace("\N{MINUS SIGN}", "-") for cell in column[said].tolist()]
        cells = pd.Series(texts, index=column.index[said])
        numbers = pd.to_numeric(cells, errors="coerce")
        if numbers.isna().any():
            numbers = pd.to_numeric(_points(cells), errors="coerce")
        wrong = cells[numbers.isna() & ~cells.str.lower().isin(MISSING)]
        if len(wrong):
            first = f"{wrong.iloc[0][:60]!r} in row {self.line(int(str(wrong.index[0])))}"
            name = self.layout.names[position] or f"column {position + 1}"
            raise EcgError(f"{self.text.path}: {len(wrong)} cells of {name} are no numbers, first {first}")
        return numbers.reindex(column.index).to_numpy(dtype=np.float64)


def _points(cells: pd.Series) -> pd.Series:
    """Cells of a column with decimal commas, with points instead; unchanged where commas and points mix."""
    commas, points = cells.str.contains(",", regex=False), cells.str.contains(".", regex=False)
    if not points.any():
        hundreds = cells[~commas].str.fullmatch(r"[+-]?\d{3}").any()
        if hundreds and cells[commas].str.fullmatch(_GROUPS).all():  # 987 beside 1,050
            return cells.str.replace(",", "", regex=False)
        return cells.str.replace(",", ".", regex=False)
    both = cells[commas & points]
    if len(both):  # one of the two groups thousands
        decimal = max(",.", key=both.iloc[0].rfind)
        if cells[commas | points].str.fullmatch(_GROUPED[decimal]).all():
            plain = cells.str.replace("." if decimal == "," else ",", "", regex=False)
            return plain.str.replace(",", ".", regex=False)
    return cells


def find_rows(text: Text, layout: Layout) -> Table:
    """Count the rows of a table, and the cells of each.

    A last row that breaks off is left out with a note.

    Raises:
        EcgError: a row has more or fewer cells than there are columns; one empty last cell is allowed.
    """
    with failing(f"{text.path}: not a table", csv.Error):
        return _counted(text, layout)


def _counted(text: Text, layout: Layout) -> Table:
    width, splitter = len(layout.names), layout.splitter
    single = splitter.delimiter in (SINGLE, ",") and width == 1
    count = blank = within = 0
    odd: tuple[int, str] | None = None
    for number, line in text.lines(layout.first):
        if odd:
            raise _odd(text, layout, *odd)
        if not line.strip():
            blank += 1
            continue
        within, count = blank, count + 1
        cells = splitter.count(line)
        if cells != width and not (cells == width + 1 and not splitter.cells(line)[-1]):
            odd = number, line
    # lines with a blank one after each are a way of writing, one now and then is a missing value
    holes = within if single and within * 3 < count else 0
    if not odd:
        return Table(text, layout, count + holes, holes > 0)
    cells_there = splitter.cells(odd[1])
    if len(cells_there) > width or any(map(is_words, cells_there)):
        raise _odd(text, layout, *odd)
    note = f"Row {odd[0]}, the last, breaks off and is left out."
    return Table(text, layout, count - 1 + holes, holes > 0, (note,))


def _odd(text: Text, layout: Layout, number: int, line: str) -> EcgError:
    width, cells = len(layout.names), len(layout.splitter.cells(line))
    commas = layout.splitter.delimiter == "," and cells > width
    hint = "; a decimal comma needs quotation marks, or semicolons between the cells" if commas else ""
    what = f"row {number} has {cells} {'cell' if cells == 1 else 'cells'}"
    return EcgError(f"{text.path}: {what}, not {width}{hint}: {line.strip()[:60]!r}; mend the row, or remove it")
