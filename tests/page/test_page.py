"""Pages: self-contained, escaped, and whole or not at all."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import ChoiceLoader, DictLoader, UndefinedError
from matplotlib.figure import Figure

import ecg
from ecg.page import Cell, write_page
from ecg.page import render as render_page
from ecg.page.render import _environment

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*(?!["']?(?:data:|\#))|url\(|@import|https?://|fetch\(|XMLHttp|WebSocket""")
NASTY = "<script>alert(\"1\")</script> & 'x'"
HEAD = """{% extends "page/templates/base.html" %}
{% from "page/templates/parts.html" import section, table, picture, listing, details, preformatted with context %}
"""
EVERYTHING = """{% block body %}
{% call section(nasty) %}<p>{{ nasty }}</p>{{ listing([nasty]) }}{{ preformatted(nasty) }}{% endcall %}
{% call section(nasty) %}{{ table([nasty], [[nasty], [cell]], caption=nasty, sortable=true) }}{% endcall %}
{% call section(nasty) %}{% call details(nasty) %}{{ picture(png, nasty, nasty) }}{% endcall %}{% endcall %}
{% endblock %}
{% block script %}<script>const data = {{ {"x": nasty} | tojson }};</script>{% endblock %}"""

Render = Callable[..., str]


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Render:
    """A page of a template given as text."""

    def rendered(body: str, **data: object) -> str:
        environment = _environment()
        given = DictLoader({"test.html": HEAD + body})
        monkeypatch.setattr(environment, "loader", ChoiceLoader([given, environment.loader]))  # type: ignore[list-item]
        monkeypatch.setattr(environment, "cache", None)
        return render_page("test.html", **{"title": "t", "notices": (), "simulated": False} | data)

    return rendered


def png() -> bytes:
    buffer = io.BytesIO()
    Figure(figsize=(2, 1)).savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def everything(render: Render) -> str:
    return render(EVERYTHING, title=NASTY, notices=[NASTY], nasty=NASTY, cell=Cell(NASTY, NASTY), png=png())


def test_nothing_is_fetched_from_anywhere(render: Render) -> None:
    html = everything(render)
    assert not OUTSIDE.search(html)
    assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:" in html
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


@pytest.mark.parametrize("bad", ["<img src='x.png'>", '<a href="//b.c">', "url(x)", 'src="https://a"', "href = a"])
def test_the_check_itself_sees_references(bad: str) -> None:
    assert OUTSIDE.search(bad)


def test_text_is_escaped_everywhere(render: Render) -> None:
    html = everything(render)
    assert html.count("<script>") == html.count("</script>") == 2  # the page's own: its data, and sorting
    escaped = ("alert(&#34;1&#34;)", 'alert(\\"1\\")\\u003c/script\\u003e')
    assert html.count(escaped[0]) == 20
    assert html.count(escaped[1]) == 1
    assert html.count("alert(") == 21


@pytest.mark.parametrize("name", _environment().list_templates(extensions=["html"]))
def test_no_page_of_ours_turns_escaping_off(name: str) -> None:
    source = (Path(ecg.__file__).parent / name).read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|\bautoescape\b|\bMarkup\b", source)
    assert not OUTSIDE.search(source.replace('href="{{ cell.href | urlencode }}{{ cell.fragment }}"', ""))
    _environment().get_template(name)


def test_a_value_that_a_template_needs_and_does_not_get_is_an_error(render: Render) -> None:
    with pytest.raises(UndefinedError):
        render("{% block body %}{{ forgotten }}{% endblock %}")


def test_simulated_is_the_first_thing_said(render: Render) -> None:
    body = "{% block body %}{% call section('a') %}{% endcall %}{% endblock %}"
    html = render(body, notices=["the split leaks"], simulated=True)
    assert html.index("<h1>") < html.index("SIMULATED recordings") < html.index("the split leaks") < html.index("<h2>")
    assert "SIMULATED" not in render(body)


def test_three_and_more_sections_are_listed_at_the_top(render: Render) -> None:
    body = "{% block body %}{% for one in names %}{% call section(one) %}{% endcall %}{% endfor %}{% endblock %}"
    html = render(body, names=["one", "two", "three"])
    assert html.index("<nav>") < html.index('<a href="#part3">three</a>') < html.index('<section id="part1"><h2>one')
    assert "<nav>" not in render(body, names=["one", "two"])


def test_an_image_has_its_size_on_paper_so_that_the_page_does_not_jump(render: Render) -> None:
    html = render("{% block body %}{{ picture(png, 'a') }}{% endblock %}", png=png())
    assert 'alt="a" width="192" height="96" style="--width: 192px" src="data:image/png;base64,iVBOR' in html


def test_cells_are_sorted_by_their_values_not_their_words(render: Render) -> None:
    rows = [[Cell("8 min 53 s", 533.0), 3], [Cell("-", None), 2], [Cell("a b", "a b", "a b.html"), 1]]
    html = render("{% block body %}{{ table(['time', 'n'], rows, sortable=true, words=2) }}{% endblock %}", rows=rows)
    assert '<td data-by="533.0">8 min 53 s</td><td>3</td>' in html
    assert '<td data-by="">-</td>' in html
    assert '<td data-by="a b"><a href="a%20b.html">a b</a></td>' in html
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


def test_writing_numbers_loads_no_templates() -> None:
    code = "import sys, ecg.page, ecg.page.numbers; assert 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
