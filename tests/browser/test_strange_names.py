"""Names that try to be markup, to colour a terminal or to turn the text round are text on every page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import NARROW, Look
from .making import NAMES, Pages
from .strange import ESCAPE, MARKUP, RIGHT_TO_LEFT, STRANGE

pytestmark = pytest.mark.browser


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, pages: Pages) -> Path:
    return pages(request.param, odd=True)


def test_they_are_shown_and_do_nothing(path: Path, look: Look) -> None:
    page = look(path, NARROW)
    shown = page.locator("body").inner_text()
    for name in (MARKUP, ESCAPE, RIGHT_TO_LEFT):
        assert name in shown
        assert name.replace("\x1b", "") in page.title()  # Chromium leaves it out of what it gives the window
    assert shown.count(STRANGE) >= 10
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    data = re.search(r"^<script>const data = (.*);$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if data is not None:
        classes = json.loads(data[1])["classes"]
        assert all(name.endswith(STRANGE) for name in classes[:-1])
        assert page.evaluate("data.classes") == classes


def test_beats_of_a_strange_class_are_gone_through_by_button(pages: Pages, look: Look) -> None:
    page = look(pages("recording", odd=True), NARROW)
    page.get_by_role("button", name=f"next: V {STRANGE}").click()
    assert f"Label V {STRANGE}, probability" in page.locator("#detail").inner_text()
    assert page.evaluate("window.hit") is None
