"""The frame that all pages share: style, heading, notices, sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ecg.atomic import whole_file

NO_DEVICE = "Research software. No medical device; nothing on this page is a diagnosis."

# default-src 'none': the browser itself refuses every request; what is shown is in the file
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

STYLE = """
:root { --ink: #222222; --faint: #6b6b6b; --rule: #e3e3e3; --paper: #ffffff; --warn: #fff4d6; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--rule); padding-bottom: .25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { margin: .5rem 0; max-width: 46rem; }
.faint, figcaption, footer { color: var(--faint); font-size: .875rem; }
.notice { background: var(--warn); border-left: 4px solid #e69f00; padding: .5rem .75rem; margin: .5rem 0; }
nav { margin: .5rem 0 1rem; } nav a { margin-right: 1rem; white-space: nowrap; }
a { color: #0b5394; }
ul { padding-left: 1.25rem; } li { margin: .25rem 0; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; display: block; }
.wide { overflow-x: auto; }
pre { font-size: .8125rem; line-height: 1.4; background: #f6f6f6; padding: .5rem .75rem; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; }
th { position: sticky; top: 0; background: var(--paper); } th:first-child, td:first-child { text-align: left; }
:is(.words2, .words3) :is(th, td):nth-child(2), .words3 :is(th, td):nth-child(3) { text-align: left; }
summary { cursor: pointer; padding: .25rem 0; }
@media (max-width: 40rem) {
  body { padding: .75rem; font-size: 15px; } h1 { font-size: 1.25rem; }
  figure img { max-width: none; width: min(42rem, var(--width, 100%)); } /* legible, and pushed sideways */
  figure .wide { border-right: 1px solid var(--rule); }
}
"""


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Attributes:
        title: shown as its heading, and in the list of sections at the top.
        body: HTML, made by the functions of `ecg.page.parts`.
    """

    title: str
    body: str


def page(
    title: str,
    sections: Sequence[Section],
    *,
    notices: Sequence[str] = (),
    simulated: bool = False,
    style: str = "",
    script: str = "",
) -> str:
    """A whole page as HTML; it makes no request.

    Args:
        title: plain text.
        sections: in order.
        notices: plain sentences that a reader must see first, e.g. how the split leaks.
        simulated: whether any of it was made from simulated recordings; the page then says so first.
        style: CSS that this page needs beside the shared one.
        script: JavaScript of this page.
    """
    said = (["SIMULATED recordings: nothing here says anything about real hearts."] if simulated else []) + [*notices]
    anchors = [f"part{i}" for i in range(1, len(sections) + 1)]
    links = "".join(f'<a href="#{a}">{escape(s.title)}</a> ' for a, s in zip(anchors, sections, strict=True))
    body = "\n".join(
        f'<section id="{a}"><h2>{escape(s.title)}</h2>\n{s.body}\n</section>'
        for a, s in zip(anchors, sections, strict=True)
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}{style}</style></head><body>
<h1>{escape(title)}</h1>
{"".join(f'<p class="notice">{escape(line)}</p>' for line in said)}
{f"<nav>{links}</nav>" if len(sections) > 2 else ""}
{body}
<footer><p>{NO_DEVICE} Made by ecg.</p></footer>
{f"<script>{script}</script>" if script else ""}
</body></html>
"""


def write_page(path: Path, html: str) -> None:
    """Write a page, whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    with whole_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
