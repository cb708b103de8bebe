"""Several recordings at a glance: a table as a page and as a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ecg.atomic import whole_file
from ecg.page import Cell, render, write_page
from ecg.page.numbers import count, duration, percent
from ecg.predict.files import OVERVIEW
from ecg.predict.page import score_rows
from ecg.predict.scores import COUNTING
from ecg.predict.story import Outcome
from ecg.predict.trust import NO_DIAGNOSIS, Trust

INDEX, RECORDS = OVERVIEW


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
    made = render(
        "predict/overview.html",
        title=f"{len(good)} labelled recordings",
        notices=(NO_DIAGNOSIS, known.short, *known.warnings),
        simulated=any(content["simulated"] for content in good),
        failed=[f"{one.source.record}: {one.error}" for one in outcomes if one.error],
        classes=classes,
        rows=[_cells(row, classes) for row in table[table["error"] == ""].to_dict("records")],
        records=RECORDS,
        scores=score_rows(scores, classes) if scores is not None else [],
        counting=COUNTING,
        trust=known,
    )
    write_page(out / INDEX, made)


def _cells(row: Mapping[Any, Any], classes: Sequence[str]) -> list[object]:
    """A recording's row of the page, from its row of the CSV file."""
    name, seconds = str(row["record"]), row["seconds"]
    first = [Cell(name, name, f"{name}.html"), row["lead"], Cell(duration(seconds), seconds)]
    counts = [count(row[one]) for one in classes]
    return [*first, *counts, percent(row["low_confidence"], 1), count(row["mean_heart_rate"]), count(row["gaps"])]
