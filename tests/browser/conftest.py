"""A headless Chromium without a network, which minds what a page says in its console and what it asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .making import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
PROMISED = "PLAYWRIGHT_BROWSERS_PATH"
"""Who sets this has a browser: a test that is skipped there would be no test."""
NARROW, WIDE, PAPER = 360, 1280, 718
"""Widths in CSS pixels: a phone's, a screen's, and A4 between Chromium's margins."""

Look = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="pages are looked at with playwright, which is not there")
    with api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = own if Path(own).exists() else next(filter(None, map(shutil.which, COMMANDS)), None)
        if found is None:
            said = f"no Chromium: playwright install chromium, or one of {', '.join(COMMANDS)} on PATH"
            pytest.fail(said) if PROMISED in os.environ else pytest.skip(said)
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    base = tmp_path_factory.getbasetemp()
    return Pages((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pages")


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Opens a file; the test fails if a page has an error, says something in the console or asks for anything."""
    problems: list[str] = []
    contexts = []

    def opened(path: Path, width: int = WIDE) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
        contexts.append(context)
        page, address = context.new_page(), path.as_uri()
        page.on("console", lambda said: problems.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", lambda asked: problems.extend(_outside(asked.url, address)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def _outside(url: str, address: str) -> list[str]:
    """What to say of a request that leaves the file."""
    return [] if url.startswith("data:") or url.partition("#")[0] == address else [f"request: {url}"]
