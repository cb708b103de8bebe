"""Pages: one self-contained HTML file each, readable on a phone and without a network."""

from __future__ import annotations

from ecg.page.page import Section, page, write_page
from ecg.page.parts import details, figure, notice, paragraph, table

__all__ = ["Section", "details", "figure", "notice", "page", "paragraph", "table", "write_page"]
