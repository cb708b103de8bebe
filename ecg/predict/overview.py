"""Several recordings at a glance: a table as a page and as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from ecg.atomic import whole_file
from ecg.page import Section, listing, page, paragraph, write_page
from ecg.page.numbers import count, duration, percent
from ecg.predict.files import OVERVIEW
from ecg.predict.page import scores_html
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
    with whole_file(out / RECORDS) as temporary:
        overview_table(outcomes, classes).to_csv(temporary, index=False, float_format="%.5g")
    good = [one for one in outcomes if one.content is not None]
    heads = ("record", "lead", "length", *classes, "unsure %", "beats/min", "gaps")
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(one, classes))}</tr>\n" for one in good)
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'
    sections = [Section("Recordings", table + paragraph(f"All numbers: {RECORDS}.", faint=True))]
    if bad := [f"{one.source.record}: {one.error}" for one in outcomes if one.error]:
        sections.insert(0, Section("Not labelled", listing(bad)))
    if scores is not None:
        sections.append(Section("Against the references, all records", scores_html(scores, classes)))
    sections.append(Section("What the labels are worth", listing([known.sentence, *known.remarks])))
    simulated = any(one.content["simulated"] for one in good if one.content is not None)
    notices = (NO_DIAGNOSIS, known.short, *known.warnings)
    title = f"{len(good)} labelled recordings"
    write_page(out / INDEX, page(title, sections, notices=notices, simulated=simulated))


def _cells(one: Outcome, classes: Sequence[str]) -> list[str]:
    assert one.content is not None
    signal, beats, rate = one.content["signal"], one.content["beats"], one.content["heart_rate"]
    name = one.source.record
    cells = [f'<a href="{quote(name)}.html">{escape(name)}</a>', escape(signal["lead"]), duration(signal["seconds"])]
    cells += [count(beats["counts"][c]) for c in classes]
    mean = "-" if rate["mean"] is None else f"{rate['mean']:.0f}"
    return [*cells, percent(beats["low_confidence"]["share"], 1), mean, count(len(signal["gaps_s"]))]
