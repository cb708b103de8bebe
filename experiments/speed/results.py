"""What was measured, as a row; rows as a CSV file and as a Markdown table."""

from __future__ import annotations

import csv
import os
import platform
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the results; empty text where something does not apply.

    Attributes:
        what: what was measured.
        ours: median of this project's values.
        other: median of the values it is compared with.
        unit: of both.
        ratio: median of the ratios of each pair ours / other.
        spread: lowest and highest ratio, or value where there is no ratio.
        target: what is to be reached.
        met: yes or no.
    """

    what: str
    ours: str
    other: str
    unit: str
    ratio: str
    spread: str
    target: str
    met: str


def compared(
    what: str, ours: Callable[[], float], other: Callable[[], float], *, unit: str, repeats: int, target: str = ""
) -> Row:
    """Measure both in turn, `repeats` times after a round that does not count; the ratio is taken within each round."""
    rounds = [(ours(), other()) for _ in range(repeats + 1)][1:]
    ratios = [a / b for a, b in rounds]
    a, b = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratio = statistics.median(ratios)
    return told(Row(what, _short(a), _short(b), unit, f"{ratio:.3f}", _spread(ratios), target, _met(ratio, target)))


def absolute(what: str, values: Sequence[float], *, unit: str, target: str = "", best: bool = False) -> Row:
    """The median, or with `best` the least, of some values."""
    value = min(values) if best else statistics.median(values)
    spread = _spread(values) if len(values) > 1 else ""
    return told(Row(what, _short(value), "", unit, "", spread, target, _met(value, target)))


def told(row: Row) -> Row:
    """The row, told on the screen as soon as it is there."""
    print("  ".join(part for part in astuple(row) if part), flush=True)
    return row


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    names = [f.name for f in fields(Row)]
    lines = [f"| {' | '.join(names)} |", "|---|---:|---:|---|---:|---:|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(astuple(row))} |" for row in rows)])


def write(rows: Sequence[Row], machine: str, folder: Path) -> None:
    """Write results.csv, and the table into the README between its marks."""
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([f.name for f in fields(Row)])
        writer.writerows(astuple(row) for row in rows)
    rewrite(folder / "README.md", "measure.py", f"{markdown(rows)}\n\n{machine}")


def rewrite(readme: Path, script: str, content: str) -> None:
    """Replace what stands between the two marks of a script."""
    start, end = f"<!-- written by {script} -->", f"<!-- end of what {script} writes -->"
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(start)], text[text.index(end) :]
    readme.write_text(f"{before}{start}\n{content}\n{after}", encoding="utf-8")


def machine_facts(torch_version: str, threads: int, precision: str, load: float | None) -> str:
    """One sentence about the machine."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"model name\s*: (.+)", text)
    model = re.search(r"^model\s*: (\d+)", text, re.MULTILINE)
    flags = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if re.search(rf"\b{f}\b", text)]
    processor = f"{name[1]} (model {model[1]})" if name and model else platform.processor() or "unknown processor"
    busy = "" if load is None else f" Load before the start: {load:.2f}."
    return (
        f"Machine: {os.cpu_count()} cores, {processor}, flags {' '.join(flags) or 'none of interest'}; "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch_version} on {threads} threads; "
        f"`trainer.precision=auto` chooses {precision} here.{busy}"
    )


def _short(value: float) -> str:
    return f"{value:,.0f}".replace(",", "") if value >= 100 else f"{value:.2f}"


def _spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def _met(value: float, target: str) -> str:
    """Whether a value keeps a target such as `>= 0.95`."""
    if not target:
        return ""
    sign, bound = target.split()
    kept = {">=": value >= float(bound), "<=": value <= float(bound), "<": value < float(bound)}[sign]
    return "yes" if kept else "no"
