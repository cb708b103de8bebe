"""How good are R peaks and labels end to end? Writes end_to_end.csv and a table into README.md.

python experiments/predict/end_to_end.py --data-dir path/to/data [--weights path/to/run]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from readme_part import rewrite

from ecg.atomic import whole_file
from ecg.beats.labels import AAMI_CLASSES
from ecg.page.numbers import count, percent
from ecg.predict.pipeline import predict
from ecg.predict.scores import Compared, score
from ecg.predict.trust import Trust
from ecg.recordings.databases.mitdb import DS1, DS2, PACED
from ecg.runs.shipped import DEFAULT

HERE = Path(__file__).parent
GROUPS = {"DS2, the test patients": DS2, "DS1, the training patients": DS1, "paced, in neither": PACED}
COLUMNS = (
    ("R peaks Se", "r_peaks/gross/se"),
    ("R peaks +P", "r_peaks/gross/ppv"),
    ("jκ", "beats/jk"),
    *(
        (f"{name} {said}", f"beats/{name}/{key}")
        for name in "NSVFQ"
        for said, key in (("Se", "se"), ("+P", "ppv"), *((("F1", "f1"),) if name in "SV" else ()))
    ),
    *((f"{n} {said}", f"ec57/gross/{n}/{k}") for n in ("VEB", "SVEB") for said, k in (("Se", "se"), ("+P", "ppv"))),
    *(
        (f"atrial fibrillation, {of} {said}", f"fibrillation/{of}/{key}")
        for of in ("episodes", "duration")
        for said, key in (("Se", "se"), ("+P", "ppv"))
    ),
)


def label(mitdb: Path, weights: Path, records: Sequence[str]) -> tuple[Trust, list[Compared]]:
    """Run `ecg predict` on records, and compare with their annotations."""
    done = []
    with tempfile.TemporaryDirectory() as out:
        paths = [mitdb / f"{record}.hea" for record in records]
        known, _, outcomes = predict(paths, weights, Path(out) / "out", fs=None, lead=None, unit=None, force=False)
        for outcome in outcomes:
            assert outcome.compared is not None, outcome.error
            print(f"{len(done) + 1}/{len(records)} {outcome.source.record}", file=sys.stderr, flush=True)
            done.append(outcome.compared)
    return known, done


def results(compared: Sequence[Compared]) -> pd.DataFrame:
    """All scores of each record, and of each group of records together."""
    rows: list[dict[str, object]] = []
    for name, members in GROUPS.items():
        of = [one for one in compared if one.record in members]
        rows += [{"group": name, "record": one.record, **score([one], AAMI_CLASSES)} for one in of]
        if of:
            rows.append({"group": name, "record": "all", **score(of, AAMI_CLASSES)})
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """One line a score, one column a group."""
    whole = table[table["record"] == "all"].set_index("group")
    number = table[table["record"] != "all"].groupby("group").size()
    lines = [f"| % | {' | '.join(whole.index)} |", "|---|" + "---:|" * len(whole)]
    lines.append("| records | " + " | ".join(str(number[group]) for group in whole.index) + " |")
    beats = whole["r_peaks/matched"] + whole["r_peaks/missed"]
    lines.append("| beats | " + " | ".join(count(float(n)) for n in beats) + " |")
    for said, key in COLUMNS:
        if key in whole:
            lines.append(f"| {said} | " + " | ".join(percent(float(v)) for v in whole[key]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Label and score all 48 records of MIT-BIH."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="holds mitdb/")
    parser.add_argument("--weights", type=Path, default=Path(DEFAULT), help="a run trained with dataset.split=patients")
    parser.add_argument("--quick", action="store_true", help="two records; nothing is kept")
    options = parser.parse_args()
    records = ("100", "119") if options.quick else (*DS2, *DS1, *PACED)
    known, compared = label(options.data_dir / "mitdb", options.weights, records)
    split = known.weights.info.split
    if split != "patients":
        print(f"warning: these weights were trained on split {split}: no record is one of an unknown patient")
    table = results(compared)
    facts = (
        f"Weights: {known.weights.settings['name']}, split {split}, SHA-256 {known.sha256[:16]}... "
        f"With the annotated R peaks, at the end of their training: {known.sentence}"
    )
    content = f"{markdown(table)}\n\n{facts}"
    print(content)
    if options.quick:
        return
    with whole_file(HERE / "end_to_end.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.5f")
    rewrite(HERE / "README.md", "end_to_end.py", content)


if __name__ == "__main__":
    main()
