"""Tables that a click on a column's head sorts, and the cells that say by what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell whose text is not what it is sorted by.

    Attributes:
        text: shown.
        by: what counts when sorting; None comes last in either direction.
    """

    text: str
    by: float | str | None

    def __str__(self) -> str:
        return self.text


SORT_STYLE = """
th button { font: inherit; color: inherit; text-align: inherit; cursor: pointer;
  background: none; border: 0; padding: 0; }
th button::after { content: "\\2195"; color: #b0b0b0; padding-left: .25rem; }
th[aria-sort="ascending"] button::after { content: "\\2191"; color: inherit; }
th[aria-sort="descending"] button::after { content: "\\2193"; color: inherit; }
"""

SORT_SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const key = (row, i) => {
    const cell = row.cells[i], by = cell.dataset.by ?? cell.textContent.trim();
    if (by === "" || by === "-") return null;
    const number = Number(by.replaceAll(",", ""));
    return Number.isNaN(number) ? by : number;
  };
  heads.forEach((head, i) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (a, b) => typeof a === typeof b && typeof a === "number" ? a - b
      : String(a).localeCompare(String(b), undefined, {numeric: true});
    [...body.rows].map(row => [key(row, i), row]).sort(([a], [b]) =>
      a === null || b === null ? (a === null) - (b === null) : down ? order(b, a) : order(a, b)
    ).forEach(([, row]) => body.append(row));
  }));
}
"""
