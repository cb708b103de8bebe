"""Pages: one self-contained HTML file each, readable on a phone and without a network.

A page is a jinja2 template beside the code that fills it; it extends `page/templates/base.html` and is built of the
macros in `page/templates/parts.html`.
"""

from __future__ import annotations

from ecg.page.render import Cell, render, write_page

__all__ = ["Cell", "render", "write_page"]
