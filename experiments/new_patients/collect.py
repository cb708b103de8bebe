"""Gather run folders and evaluations of new_patients into results.csv and the table of README.md beside it.

    python experiments/new_patients/collect.py outputs/multirun/SWEEP ...

Every folder below that has a metrics.json counts: the runs themselves, and what `ecg evaluate` made of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
START, END = "<!-- written by collect.py -->", "<!-- end of what collect.py writes -->"
SCORES = ("jk", "S/se", "S/ppv", "S/f1", "V/se", "V/ppv", "V/f1")
HEAD = ("jk", "S Se", "S +P", "S F1", "V Se", "V +P", "V F1")


def rows(file: Path) -> list[dict[str, object]]:
    """One row for each way of counting in a metrics.json."""
    said = json.loads(file.read_text(encoding="utf-8"))
    config = (
        json.loads((file.parent / "evaluation.json").read_text(encoding="utf-8"))
        if (file.parent / "evaluation.json").is_file()
        else None
    )
    run = file.parent.parents[1] if config is not None else file.parent
    settings = json.loads(run.joinpath("metrics.json").read_text(encoding="utf-8"))
    commit = json.loads(run.joinpath("provenance.json").read_text(encoding="utf-8"))["git"]["commit"][:10]
    trained = "+".join(settings["databases"]) + ("+cinc2017" if "cinc2017" in str(settings["facts"]) else "")
    same = {"trained_on": trained, "model": settings["model"], "seed": settings["seed"], "commit": commit}
    tested = " + ".join(said["databases"])
    ways = {f"{tested}": "test/"}
    for key in said:
        if key.startswith(("labelled/", "without_", "database/")) and key.endswith("/jk"):
            ways[name_of(key.removesuffix("jk"), tested)] = key.removesuffix("jk")
    found = []
    for name, prefix in ways.items():
        values = {score: said.get(f"{prefix}{score}") for score in SCORES}
        found.append({**same, "tested": name, **values})
    return found


def name_of(prefix: str, tested: str) -> str:
    """What a group of keys is called in the table."""
    parts = [part for part in prefix.split("/") if part and part not in ("database", "labelled")]
    words = [part.replace("without_", "mitdb, without record ") for part in parts]
    return ", ".join(words if prefix.startswith(("database", "without")) else [tested, *words])


def main(roots: list[Path]) -> None:
    """Write results.csv and the README's table."""
    files = sorted({file for root in roots for file in root.rglob("metrics.json")})
    table = pd.DataFrame([row for file in files for row in rows(file)])
    kept = HERE / "results.csv"
    if kept.is_file():
        table = pd.concat([pd.read_csv(kept), table]).drop_duplicates(
            ["trained_on", "model", "seed", "commit", "tested"], keep="last"
        )
    table.to_csv(kept, index=False, float_format="%.5f")
    lines = [
        f"| trained on | model | tested on | seeds | {' | '.join(HEAD)} |",
        "|---|---|---|---:|" + "---:|" * len(HEAD),
    ]
    for (trained, model, tested), group in table.groupby(["trained_on", "model", "tested"], sort=False):
        cells = []
        for score in SCORES:
            values = group[score].astype(float)
            scale, digits = (1, 3) if score == "jk" else (100, 1)
            spread = f" ± {scale * values.std():.{digits}f}" if len(values) > 1 else ""
            cells.append(f"{scale * values.mean():.{digits}f}{spread}")
        lines.append(f"| {trained} | {model} | {tested} | {len(group)} | {' | '.join(cells)} |")
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    text = "\n".join(lines)
    readme.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
