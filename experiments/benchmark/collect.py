"""Gather run folders into results.csv, the table in README.md beside it, and the short one in the project's README.md.

python experiments/benchmark/collect.py outputs/<run> outputs/multirun/<sweep> ...

Rows of results.csv whose command, commit and seed are not among the given runs stay.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import ecg

HERE = Path(__file__).parent
START, END = "<!-- written by collect.py -->", "<!-- end of what collect.py writes -->"
SHOWN = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "macro_f1": "macro-F1",
    "S/se": "S Se",
    "S/ppv": "S +P",
    "V/se": "V Se",
    "V/ppv": "V +P",
    "F/f1": "F F1",
    "jk": "jk",
}
SHORT = ("accuracy", "balanced_accuracy", "macro_f1", "S/se", "V/se")
"""The columns of the project's README."""


def read(run: ecg.Run) -> dict[str, object]:
    """One row of results.csv: what ran, and every score."""
    words = [
        word for word in run.provenance["command"][1:] if not word.startswith(("data_dir", "output_dir", "cache_dir"))
    ]
    intervals = {
        f"{key}/{side}": bound
        for key, pair in run.intervals.items()
        for side, bound in zip(("low", "high"), pair, strict=True)
    }
    start = {"command": " ".join(["train.py", *words]), "commit": run.provenance["git"]["commit"][:10]}
    return {**start, **{k: v for k, v in run.metrics.items() if not isinstance(v, (list, dict))}, **intervals}


def label(row: pd.Series) -> str:
    """The model with its settings, as the table calls it."""
    return f"{row['model']}, published settings" if "experiment=published" in str(row["command"]) else str(row["model"])


def table(results: pd.DataFrame, baselines: pd.DataFrame, columns: Sequence[str]) -> str:
    """Mean and, with more than one seed, standard deviation over seeds in percent; one row per model and split."""
    names = " | ".join(SHOWN[key] for key in columns)
    lines = [f"| split | model | seeds | {names} |", "|---|---|---:|" + "---:|" * len(columns)]
    for split in ("kaggle", "patients"):
        for _, row in baselines[baselines["split"] == split].iterrows():
            cells = [f"{100 * row[key]:.2f}" for key in columns]
            lines.append(f"| {split} | {row['model']} | - | " + " | ".join(cells) + " |")
        runs = results[results["split"] == split]
        for name, group in runs.groupby(runs.apply(label, axis=1), sort=False):
            cells = []
            for key in columns:
                values = 100 * group[f"test/{key}"]
                spread = f" ± {values.std():.2f}" if len(values) > 1 else ""
                cells.append(f"{values.mean():.2f}{spread}")
            lines.append(f"| {split} | {name} | {len(group)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(roots: list[Path]) -> None:
    """Write results.csv and the README's table."""
    runs = [run for run in ecg.find_runs(roots) if run.counts]
    if not runs:
        raise SystemExit(f"no finished run below {', '.join(map(str, roots))}")
    given = pd.DataFrame([read(run) for run in runs])
    before = pd.read_csv(HERE / "results.csv") if (HERE / "results.csv").exists() else given.iloc[:0]
    key = ["command", "commit", "seed"]
    results = pd.concat([before, given]).drop_duplicates(key, keep="last").sort_values(["split", "command", "seed"])
    results.to_csv(HERE / "results.csv", index=False, float_format="%.6f")
    baselines = pd.read_csv(HERE / "baselines.csv")
    for readme, columns in ((HERE / "README.md", tuple(SHOWN)), (HERE.parents[1] / "README.md", SHORT)):
        before, rest = readme.read_text().split(START)
        text = table(results, baselines, columns)
        readme.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}")
    print(text)


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]] or [Path("outputs")])
