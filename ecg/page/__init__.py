"""Pages: one self-contained HTML file each, readable on a phone and without a network."""

from __future__ import annotations

from ecg.page.page import Section, page, write_page
from ecg.page.parts import details, figure, listing, notice, paragraph, picture, preformatted, subheading, table
from ecg.page.sorting import SORT_SCRIPT, SORT_STYLE, Cell

__all__ = [
    "SORT_SCRIPT",
    "SORT_STYLE",
    "Cell",
    "Section",
    "details",
    "figure",
    "listing",
    "notice",
    "page",
    "paragraph",
    "picture",
    "preformatted",
    "subheading",
    "table",
    "write_page",
]
