"""Templates and plain data into pages; whatever comes from files is escaped by jinja2."""

from __future__ import annotations

import base64
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ecg.atomic import whole_file
from ecg.page import numbers
from ecg.page.words import TERMS

CSS_DPI = 96
INCHES = 39.37
"""In a metre."""

if TYPE_CHECKING:
    from jinja2 import Environment


class Cell(NamedTuple):
    """A table's cell whose text is not what it is sorted by, or that leads somewhere.

    Attributes:
        text: shown.
        by: what counts when sorting; None comes last in either direction.
        href: a file beside the page.
        fragment: where in that file, e.g. `#t=12`.
    """

    text: str
    by: float | str | None
    href: str = ""
    fragment: str = ""

    def __str__(self) -> str:
        return self.text


def render(template: str, **data: object) -> str:
    """A whole page as HTML; it makes no request.

    Args:
        template: its path below `ecg/`, e.g. `report/run_page.html`.
        data: what the template shows; `title`, `notices` and `simulated` are of the frame.
    """
    return _environment().get_template(template).render(data, titles=[], met=[])


def write_page(path: Path, html: str) -> None:
    """Write a page, whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    with whole_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("ecg", "")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    made.filters |= {name: getattr(numbers, name) for name in ("percent", "count", "duration", "plain")}

    def verbatim(name: str) -> Markup:
        """One of our own style sheets or scripts, as it is: its braces are not jinja2's."""
        return Markup(loader.get_source(made, name)[0])

    made.globals |= {"image_of": _image, "verbatim": verbatim, "terms": TERMS, "zip": zip}
    return made


def _image(png: bytes) -> dict[str, object]:
    """What an `img` element needs: its size on paper, so that the page does not jump and 9 pt are 9 pt at any dpi."""
    width, height = struct.unpack(">II", png[16:24])  # PNG's header
    at = png.find(b"pHYs", 0, png.find(b"IDAT"))
    per_metre, unit = struct.unpack(">I4xB", png[at + 4 : at + 13]) if at > 0 else (0, 0)
    scale = CSS_DPI * INCHES / per_metre if unit == 1 and per_metre else 1.0
    return {"width": round(scale * width), "height": round(scale * height), "code": base64.b64encode(png).decode()}
