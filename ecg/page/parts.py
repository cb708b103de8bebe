"""What stands in a section: paragraphs, figures, tables, notices. Text is escaped here, and nowhere else."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

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
    code = base64.b64encode(buffer.getvalue()).decode()
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(alt)}" src="data:image/png;base64,{code}">{below}</figure>'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """A table that scrolls sideways on a narrow screen.

    Args:
        columns: heads.
        rows: cells, shown as `str` gives them.
        caption: shown below.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    below = f'<p class="faint">{escape(caption)}</p>' if caption else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>{below}'


def details(summary: str, body: str) -> str:
    """HTML that opens when its summary line is clicked."""
    return f"<details><summary>{escape(summary)}</summary>\n{body}\n</details>"
