"""How many R peaks of MIT-BIH does the paper's detector find? Writes results.csv and the tables in README.md.

python experiments/rpeaks/measure.py --data-dir path/to/data
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.atomic import whole_file
from ecg.beats.labels import aami_labels
from ecg.beats.segmentations import PaperSegmentation
from ecg.data.sources import downloaded
from ecg.metrics.matching import MATCH_WINDOW_S, detection_scores
from ecg.progress import track
from ecg.recordings.data_dir import data_folder
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import require_annotations

HERE = Path(__file__).parent
START, END = "<!-- written by measure.py -->", "<!-- end of what measure.py writes -->"
SKIPS_S = (0, 300)
"""Seconds at a record's start that are not counted: none, and the learning period of ANSI/AAMI EC57."""
FALSE_RECORD = "207"
"""Most false peaks come from this record; gross scores are also given without it."""
COUNTS = ["matched", "missed", "extra"]

Detector = Callable[[Recording], npt.NDArray[np.int64]]


def detectors() -> dict[str, Detector]:
    """Functions from a recording of one lead to R peaks (samples), by name."""
    found: dict[str, Detector] = {
        f"paper, {window_s:g} s at {rate:g} Hz": partial(paper, PaperSegmentation(window_s=window_s, rate=rate))
        for window_s, rate in ((10.0, 125.0), (5.0, 125.0), (10.0, 360.0))
    }
    try:
        import sleepecg
    except ImportError:
        print("sleepecg is not installed and is left out; to measure it too: pip install sleepecg", file=sys.stderr)
    else:
        found[f"sleepecg {sleepecg.__version__}"] = lambda recording: sleepecg.detect_heartbeats(
            recording.millivolts(0).astype(np.float64), recording.fs
        )
    return found


def paper(segmentation: PaperSegmentation, recording: Recording) -> npt.NDArray[np.int64]:
    """R peaks by the paper's rule."""
    return segmentation.segments(recording)[0]


def measure(recording: Recording, found_by: dict[str, Detector]) -> list[dict[str, object]]:
    """One row per detector and learning period."""
    marks = require_annotations(recording)
    reference = marks.sample[aami_labels(marks.symbol) >= 0]
    one_lead, rows = with_leads(recording, PaperSegmentation.leads), []
    for name, detect in found_by.items():
        peaks = np.sort(np.asarray(detect(one_lead), dtype=np.int64))
        for skip_s in SKIPS_S:
            scores = detection_scores(reference, peaks, recording.fs, skip_s=skip_s)
            counts: dict[str, object] = {c: int(scores[c]) for c in COUNTS}
            about = {"record": recording.record, "detector": name, "lead": one_lead.leads[0], "skip_s": skip_s}
            rows.append({**about, **counts})
    return rows


def with_gross(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, then sums over all records and over all but one, each with Se and +P in percent."""
    tables = [rows]
    for name, part in (("gross", rows), (f"gross without {FALSE_RECORD}", rows[rows["record"] != FALSE_RECORD])):
        sums = part.groupby(["detector", "skip_s"], sort=False, as_index=False)[COUNTS].sum()
        tables.append(sums.assign(record=name, lead=""))
    table = pd.concat(tables, ignore_index=True)
    table["se"] = 100 * table["matched"] / (table["matched"] + table["missed"]).clip(lower=1)
    table["ppv"] = 100 * table["matched"] / (table["matched"] + table["extra"]).clip(lower=1)
    return table


def gross_markdown(table: pd.DataFrame) -> str:
    """One line per detector and what was left out."""
    lines = [
        "| detector | left out | beats | found | missed | false | Se % | +P % |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    rows = table[table["record"].str.startswith("gross")]
    for row in rows.sort_values("detector", kind="stable", key=_order).itertuples():
        left = [f"first {row.skip_s // 60} min"] * bool(row.skip_s) + [f"record {FALSE_RECORD}"] * (
            row.record != "gross"
        )
        counts = " | ".join(f"{n:,}" for n in (row.matched + row.missed, row.matched, row.missed, row.extra))
        lines.append(f"| {row.detector} | {', '.join(left) or 'nothing'} | {counts} | {row.se:.2f} | {row.ppv:.2f} |")
    return "\n".join(lines)


def _order(names: pd.Series) -> pd.Series:
    """Detectors in the order in which they were measured."""
    return names.map({name: i for i, name in enumerate(names.unique())})


def record_markdown(table: pd.DataFrame) -> str:
    """Se / +P of every record without a learning period, one column per detector."""
    own = table[(table["skip_s"] == 0) & ~table["record"].str.startswith("gross")]
    names = list(own["detector"].unique())
    lines = [f"| record | lead | beats | {' | '.join(names)} |", "|---|---|---:|" + "---:|" * len(names)]
    for record, rows in own.groupby("record", sort=False):
        first = rows.iloc[0]
        cells = " | ".join(f"{r.se:.1f} / {r.ppv:.1f}" for r in rows.itertuples())
        lines.append(f"| {record} | {first['lead']} | {first['matched'] + first['missed']:,} | {cells} |")
    return "\n".join(lines)


def answer(table: pd.DataFrame) -> str:
    """One sentence per detector, over all beats."""
    rows = table[(table["record"] == "gross") & (table["skip_s"] == 0)].itertuples()
    said = "- {}: {:.1f} % of the beats are found, {:.1f} % of the peaks are beats."
    return "\n".join(said.format(r.detector, r.se, r.ppv) for r in rows)


def rewrite(readme: Path, content: str) -> None:
    """Replace what stands between the two marks."""
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(START)], text[text.index(END) :]
    with whole_file(readme) as temporary:
        temporary.write_text(f"{before}{START}\n{content}\n{after}", encoding="utf-8")


def main() -> None:
    """Measure every record of MIT-BIH."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="holds mitdb/; else ECG_DATA, else the platform's cache folder")
    parser.add_argument("--quick", action="store_true", help="two records, nothing written")
    options = parser.parse_args()
    folder, found_by = downloaded(data_folder(options.data_dir), MITDB), detectors()
    chosen = MITDB.records[:2] if options.quick else MITDB.records
    rows = [row for r in track(chosen, "detecting") for row in measure(MITDB.read(folder, r), found_by)]
    table = with_gross(pd.DataFrame(rows))
    gross, each = gross_markdown(table), record_markdown(table)
    print(f"R peaks found within {MATCH_WINDOW_S * 1000:.0f} ms\n\n{gross}\n\nSe / +P per record, in %\n\n{each}")
    if options.quick:
        return
    with whole_file(HERE / "results.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.2f")
    rewrite(HERE / "README.md", f"{answer(table)}\n\n{gross}\n\nPer record, nothing left out: Se / +P in %.\n\n{each}")


if __name__ == "__main__":
    main()
