"""All recordings of a call at a glance: what to look at first, a table of all of them, and the same as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from ecg.atomic import whole_file
from ecg.page import Cell, render, write_page
from ecg.page.numbers import count, duration, percent
from ecg.predict.attention import RULES, Reason, points, reasons
from ecg.predict.files import OVERVIEW
from ecg.predict.glimpse import SECONDS, drawing
from ecg.predict.page import score_rows
from ecg.predict.pipeline import Outcome
from ecg.predict.scores import COUNTING
from ecg.predict.trust import NO_DIAGNOSIS, Trust

INDEX, RECORDS = OVERVIEW
LISTED = 10
"""As many recordings are listed as the first to look at; the others have their reasons in the table."""
NAMED = 3
"""Reasons named for each of them."""


def overview_table(outcomes: Sequence[Outcome], classes: Sequence[str]) -> pd.DataFrame:
    """One row for each recording, also for those that failed."""
    rows = []
    for one in outcomes:
        row: dict[str, object] = {"record": one.source.record, "file": str(one.source.path), "error": one.error}
        if one.content is not None:
            signal, beats, rate = one.content["signal"], one.content["beats"], one.content["heart_rate"]
            row |= {"lead": signal["lead"], "seconds": signal["seconds"], "gaps": len(signal["gaps_s"])}
            row |= {"r_peaks": one.content["r_peaks"]["count"], "labelled": beats["labelled"]}
            row |= {name: beats["counts"][name] for name in classes}
            row |= {"low_confidence": beats["low_confidence"]["share"], "mean_heart_rate": rate["mean"]}
            row |= {f"mean_p_{name}": p for name, p in one.content.get("whole_record", {}).items()}
            row |= one.content["scores"] or {}
        rows.append(row)
    return pd.DataFrame(rows)


def write_overview(out: Path, outcomes: Sequence[Outcome], known: Trust, scores: dict[str, float] | None) -> None:
    """Write `index.html` and `records.csv`.

    Args:
        out: the results' folder.
        outcomes: of all recordings.
        known: of the weights.
        scores: of all recordings with a reference together.
    """
    classes = known.weights.info.classes
    table = overview_table(outcomes, classes)
    with whole_file(out / RECORDS) as temporary:
        table.to_csv(temporary, index=False, float_format="%.5g")
    good = [one.content for one in outcomes if one.content is not None]
    found = [reasons(content) for content in good]
    rows = zip(table[table["error"] == ""].to_dict("records"), good, found, strict=True)
    made = render(
        "predict/overview.html",
        title=f"{len(good)} labelled recordings",
        notices=(NO_DIAGNOSIS, known.short, *known.warnings),
        simulated=any(content["simulated"] for content in good),
        failed=[f"{one.source.record}: {one.error}" for one in outcomes if one.error],
        classes=classes,
        first=_first(good, found),
        listed=LISTED,
        rules=RULES,
        seconds=SECONDS,
        rows=[_cells(*row, classes) for row in rows],
        records=RECORDS,
        scores=score_rows(scores, classes) if scores is not None else [],
        counting=COUNTING,
        trust=known,
    )
    write_page(out / INDEX, made)


def _cells(
    row: Mapping[Any, Any], said: Mapping[str, Any], found: Sequence[Reason], classes: Sequence[str]
) -> list[object]:
    """A recording's row of the page, from its row of the CSV file, its summary and what stands out in it."""
    name, seconds = str(row["record"]), row["seconds"]
    first = [Cell(name, name, f"{name}.html"), _glance(name, said, found, classes), row["lead"]]
    numbers = [*(count(row[one]) for one in classes), percent(row["low_confidence"], 1)]
    return [*first, Cell(duration(seconds), seconds), *numbers, count(row["mean_heart_rate"]), count(row["gaps"])]


def _glance(name: str, said: Mapping[str, Any], found: Sequence[Reason], classes: Sequence[str]) -> Cell:
    """The stretch that tells the most and what stands out, sorted by how much that is."""
    words, one = ", ".join(reason.short for reason in found), said.get("glimpse")
    if one is None:  # labelled before there were glimpses, and kept by --resume
        return Cell(words, points(found))
    text = Markup("{}{}").format(drawing(one, classes), words)
    return Cell(text, points(found), f"{name}.html", f"#t={one['at_s']:g}")


def _first(good: Sequence[Mapping[str, Any]], found: Sequence[Sequence[Reason]]) -> list[tuple[Cell, list[Cell], bool]]:
    """Records with something to look at, the one with the most first; for each its name, why, and if there is more."""
    some = sorted(zip(good, found, strict=True), key=lambda one: -points(one[1]))
    made = []
    for said, why in some:
        page = f"{said['record']}.html"
        cells = [
            Cell(one.text, None) if one.at_s is None else Cell(one.text, None, page, f"#t={one.at_s:.2f}")
            for one in why[:NAMED]
        ]
        made += [(Cell(str(said["record"]), None, page), cells, len(why) > NAMED)] if why else []
    return made
