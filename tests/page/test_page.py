"""Pages: self-contained, escaped, and whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from ecg.page import (
    SORT_SCRIPT,
    SORT_STYLE,
    Cell,
    Section,
    details,
    figure,
    listing,
    notice,
    page,
    paragraph,
    picture,
    preformatted,
    subheading,
    table,
    write_page,
)

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*(?!["']?(?:data:|\#))|url\(|@import|https?://|fetch\(|XMLHttp|WebSocket""")
NASTY = "<script>alert(\"1\")</script> & 'x'"


def _full() -> str:
    parts = [
        paragraph(NASTY),
        notice(NASTY),
        subheading(NASTY),
        listing([NASTY]),
        preformatted(NASTY),
        table([NASTY], [[NASTY], [Cell(NASTY, NASTY)]], caption=NASTY, sortable=True),
        details(NASTY, paragraph("inside")),
        figure(Figure(figsize=(2, 1)), alt=NASTY, caption=NASTY),
    ]
    sections = [Section(f"{NASTY} {i}", part) for i, part in enumerate(parts)]
    return page(NASTY, sections, notices=[NASTY], style=SORT_STYLE, script=SORT_SCRIPT)


def test_nothing_is_fetched_from_anywhere() -> None:
    html = _full()
    assert not OUTSIDE.search(html)
    assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:" in html
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


@pytest.mark.parametrize("bad", ["<img src='x.png'>", '<a href="//b.c">', "url(x)", 'src="https://a"', "href = a"])
def test_the_check_itself_sees_references(bad: str) -> None:
    assert OUTSIDE.search(bad)


def test_text_is_escaped_everywhere() -> None:
    html = _full()
    assert html.count("<script>") == 1
    assert "alert(" not in html.replace("alert(&quot;1&quot;)", "")


def test_simulated_is_the_first_thing_said() -> None:
    html = page("t", [Section("a", "")], notices=["the split leaks"], simulated=True)
    assert html.index("<h1>") < html.index("SIMULATED recordings") < html.index("the split leaks") < html.index("<h2>")
    assert "SIMULATED" not in page("t", [])


def test_an_image_has_its_size_so_that_the_page_does_not_jump() -> None:
    assert 'width="220" height="110" style="--width: 220px"' in figure(Figure(figsize=(2, 1)), alt="a", dpi=110)
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x00\x10"
    assert 'width="256" height="16"' in picture(png, alt="a")


def test_cells_are_sorted_by_their_values_not_their_words() -> None:
    html = table(["time", "n"], [[Cell("8 min 53 s", 533.0), 3], [Cell("-", None), 2]], sortable=True, words=2)
    assert '<td data-by="533.0">8 min 53 s</td><td>3</td>' in html
    assert '<td data-by="">-</td>' in html
    assert html.count("<button") == 2
    assert 'class="words2 sortable"' in html


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "new" / "index.html"
    write_page(target, "old")
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_page(target, "new")
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]
