"""The page of a recording: its strip by keys, buttons, links and the field for a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .conftest import NARROW, WIDE, Look
from .making import FIBRILLATION, Pages

if TYPE_CHECKING:
    from playwright.sync_api import Page, expect
else:
    expect = pytest.importorskip("playwright.sync_api", reason="playwright is not there").expect

pytestmark = pytest.mark.browser
INK = """id => {
  const canvas = document.querySelector(id);
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200) colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return colours.size;
}"""
PICTURE = "id => document.querySelector(id).toDataURL()"
MIDDLE = "state.left + state.span / 2"


@pytest.fixture
def page(pages: Pages, look: Look) -> Page:
    found: Page = look(pages("recording"))
    found.locator("#strip").focus()
    return found


def beat(page: Page) -> int:
    """Number of the beat that is told about."""
    told = re.match(r"Beat ([\d,]+) of", page.locator("#detail").inner_text())
    assert told is not None
    return int(told[1].replace(",", ""))


def hits(page: Page, key: str) -> int:
    """The beat that a key leads to."""
    page.keyboard.press(key)
    return beat(page)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_strip_rates_and_overlays_are_drawn(pages: Pages, look: Look, width: int) -> None:
    page = look(pages("recording"), width)
    for canvas in ("#strip", "#rate", "#overlays canvas"):
        assert page.evaluate(INK, canvas) > 8, canvas


def test_arrows_scroll_and_plus_and_minus_zoom(page: Page) -> None:
    first, (left, span) = page.evaluate(PICTURE, "#strip"), page.evaluate("[state.left, state.span]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("state.left") == pytest.approx(left + span / 4)
    assert page.evaluate(PICTURE, "#strip") != first
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(PICTURE, "#strip") == first
    page.keyboard.press("+")
    assert page.evaluate("state.span") < span
    page.keyboard.press("-")
    assert page.evaluate("state.span") == pytest.approx(span)


def test_points_letters_u_and_d_go_from_beat_to_beat(page: Page) -> None:
    at = hits(page, ".")
    assert hits(page, ".") == at + 1
    assert hits(page, ",") == at
    ventricular = hits(page, "v")
    assert "Label V" in page.locator("#detail").inner_text()
    further = hits(page, "v")
    assert further > ventricular
    assert hits(page, "Shift+V") == ventricular
    page.locator("#start").press("Enter")
    page.keyboard.press("u")
    expect(page.locator("#detail")).to_contain_text("an unsure one")
    page.locator("#start").press("Enter")
    page.keyboard.press("d")
    found = re.search(r"reference: (.*)\n", page.locator("#detail").inner_text())
    assert found is not None
    expect(page.locator("#detail")).not_to_contain_text(f"Label {found[1]},")


def test_a_letter_without_a_further_beat_says_so(page: Page) -> None:
    page.locator("#end").press("Enter")
    for _ in range(3):
        page.keyboard.press("d")
    expect(page.locator("#said")).to_have_text("No further one.")


def test_the_field_goes_to_a_time_and_letters_in_it_are_letters(page: Page) -> None:
    field, said = page.locator("#at"), page.locator("#said")
    before = page.evaluate(MIDDLE)
    field.press_sequentially("vd.")
    assert page.evaluate(MIDDLE) == before
    field.press("Enter")
    expect(said).to_have_text("Write a time, e.g. 12:30.")
    field.fill("99:00")
    field.press("Enter")
    expect(said).to_have_text("The recording ends at 1:00.")
    field.fill("0:30")
    field.press("Enter")
    expect(said).to_have_text("")
    assert page.evaluate(MIDDLE) == pytest.approx(30)
    assert page.url.endswith("#t=30")


def test_the_scale_of_paper_is_a_switch(page: Page) -> None:
    button = page.get_by_role("button", name="25 mm/s")
    height = "canvas.style.height"
    assert page.evaluate(height) == ""
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate(height).endswith("px")
    assert page.evaluate("canvas.clientWidth / state.span") == pytest.approx(25 * 96 / 25.4)
    button.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate(height) == ""


def test_links_lead_to_stretches_of_fibrillation(page: Page) -> None:
    links = page.locator("a[data-at]")
    assert links.count() == len(FIBRILLATION["stretches_s"])  # type: ignore[arg-type]
    links.nth(1).press("Enter")
    assert page.evaluate(MIDDLE) == pytest.approx(40)
    expect(page.locator("#strip")).to_be_in_viewport()


def test_a_tap_tells_about_a_beat_and_its_address_opens_there(page: Page, look: Look) -> None:
    x = page.evaluate("(time[firstAfter(time, state.left)] - state.left) / state.span * canvas.clientWidth")
    page.locator("#strip").click(position={"x": x, "y": 150})
    at = beat(page)
    assert page.url.endswith(f"#beat={at}")
    page.reload()
    assert beat(page) == at
