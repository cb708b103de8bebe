"""What stands in a section: paragraphs, figures, tables, notices. Text is escaped here, and nowhere else."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from ecg.page.sorting import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def paragraph(text: str, *, faint: bool = False) -> str:
    """Plain text as a paragraph."""
    kind = ' class="faint"' if faint else ""
    return f"<p{kind}>{escape(text)}</p>"


def notice(text: str) -> str:
    """A sentence that must not be missed."""
    return f'<p class="notice">{escape(text)}</p>'


def figure(drawn: Figure, *, alt: str, caption: str = "", dpi: int = 110) -> str:
    """A matplotlib figure as an image inside the page.

    Args:
        drawn: the figure.
        alt: what it shows, for those who cannot see it.
        caption: shown below.
        dpi: pixels per inch.
    """
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=dpi)
    return picture(buffer.getvalue(), alt=alt, caption=caption)


def picture(png: bytes, *, alt: str, caption: str = "") -> str:
    """A PNG file as an image inside the page; arguments as for `figure`."""
    width, height = struct.unpack(">II", png[16:24])  # PNG's header; a page that knows the size does not jump
    size = f'width="{width}" height="{height}" style="--width: {width}px"'
    code = base64.b64encode(png).decode()
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    shown = f'<img alt="{escape(alt)}" {size} src="data:image/png;base64,{code}">'
    return f'<figure><div class="wide">{shown}</div>{below}</figure>'


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    sortable: bool = False,
    words: int = 1,
) -> str:
    """A table that scrolls sideways on a narrow screen.

    Args:
        columns: heads.
        rows: cells, shown as `str` gives them.
        caption: shown below.
        sortable: a click on a head sorts by it; the page needs `SORT_STYLE` and `SORT_SCRIPT` for that.
        words: that many columns, 1 to 3, hold words and stand at the left; those after them are numbers.
    """
    names = [f'<button type="button">{escape(name)}</button>' if sortable else escape(name) for name in columns]
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in rows)
    below = f'<p class="faint">{escape(caption)}</p>' if caption else ""
    kind = f"words{words}{' sortable' if sortable else ''}"
    inside = f"<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody>"
    return f'<div class="wide"><table class="{kind}">{inside}</table></div>{below}'


def subheading(text: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(text)}</h3>"


def listing(lines: Iterable[str]) -> str:
    """Plain sentences as a list."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def preformatted(text: str) -> str:
    """Text in its own lines and one width of letters: configuration, commands."""
    return f'<pre class="wide">{escape(text)}</pre>'


def details(summary: str, body: str) -> str:
    """HTML that opens when its summary line is clicked."""
    return f"<details><summary>{escape(summary)}</summary>\n{body}\n</details>"


def _cell(cell: object) -> str:
    if not isinstance(cell, Cell):
        return f"<td>{escape(str(cell))}</td>"
    by = "" if cell.by is None else str(cell.by)
    return f'<td data-by="{escape(by)}">{escape(cell.text)}</td>'
