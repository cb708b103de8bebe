"""What holds for every page: whole on a phone, by keyboard and on paper, quiet, and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import NARROW, PAPER, WIDE, Look
from .making import NAMES, Pages

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
CROWDED = (HERE / "crowded.js").read_text(encoding="utf-8")
NAMED = {"button", "link", "textbox", "img", "image", "DisclosureTriangle"}
"""Roles that mean nothing without a name."""


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, pages: Pages) -> Path:
    return pages(request.param)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_sticks_out_or_covers_something_else(path: Path, look: Look, width: int) -> None:
    page = look(path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CROWDED) == []


def test_it_says_what_it_is(path: Path, look: Look) -> None:
    page = look(path)
    (heading,) = page.locator("h1").all_inner_texts()
    assert heading == page.title() != ""
    assert page.locator("html").get_attribute("lang") == "en"
    images = page.locator("img").evaluate_all("all => all.map(one => [one.alt, one.naturalWidth > 0])")
    assert all(alt and drawn for alt, drawn in images)


def test_everything_can_be_reached_with_tab_and_has_a_name(path: Path, look: Look) -> None:
    page = look(path)
    wanted = page.evaluate("""() => {
      const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
      window.wanted = new Set(all.filter(one => one.checkVisibility()));
      document.addEventListener("focusin", e => window.wanted.delete(e.target));
      return window.wanted.size;
    }""")
    boxes = page.locator(".wide").count()  # those that scroll are reached too
    for _ in range(wanted + boxes):
        page.keyboard.press("Tab")
    assert page.evaluate("[...window.wanted].map(one => one.outerHTML)") == []
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    parts = [node for node in nodes if not node["ignored"] and node["role"]["value"] in NAMED]
    assert len(parts) >= wanted
    assert [node for node in parts if not node["name"]["value"].strip()] == []


def test_tables_are_sorted_with_enter_and_space(path: Path, look: Look) -> None:
    page = look(path)
    for button in page.locator("table.sortable th button").all():
        for key, said in (("Enter", "ascending"), ("Space", "descending")) if button.is_visible() else ():
            button.press(key)
            state, shown = button.evaluate("""button => {
              const head = button.parentElement, table = head.closest("table");
              const cells = [...table.tBodies[0].rows].map(row => row.cells[head.cellIndex]);
              return [[...table.querySelectorAll("[aria-sort]")].map(one => one === head && one.ariaSort),
                      cells.map(cell => cell.dataset.by ?? cell.innerText.trim())];
            }""")
            assert state == [said]
            values = [value for value in map(_number, shown) if value is not None]
            assert values == sorted(values, reverse=said == "descending")


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def test_details_open_and_close_by_keyboard(path: Path, look: Look) -> None:
    page = look(path)
    height = "summary => [summary.parentElement.open, summary.parentElement.offsetHeight]"
    around = """summary => {
      for (let one = summary.parentElement; (one = one.parentElement.closest("details")); ) one.open = true;
    }"""
    for summary in page.locator("summary").all():
        summary.evaluate(around)
        (was_open, shut) = summary.evaluate(height)
        summary.press("Enter")
        (is_open, tall) = summary.evaluate(height)
        assert (was_open, is_open) == (False, True)
        assert tall > shut + 10
        summary.press("Space")
        assert summary.evaluate(height) == [False, shut]


def test_paper_shows_all_of_it(path: Path, look: Look) -> None:
    page = look(path, PAPER)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    assert page.evaluate(CROWDED) == []
    hidden = page.locator("table, details:not(.keys) > :not(summary), section").evaluate_all(
        "all => all.filter(one => !one.getClientRects().length || !one.offsetHeight || !one.checkVisibility("
        "{contentVisibilityAuto: true})).map(one => one.outerHTML.slice(0, 200))"
    )
    assert hidden == []
    assert page.locator("nav").count() == 0 or not page.locator("nav").is_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") >= 1
