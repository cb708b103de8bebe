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
