"""Gather folders that `ecg explain` wrote into results.csv, figures and the tables of README.md beside this file.

python experiments/layers/collect.py explained/kaggle explained/patients ...

The name of a folder is the name of its model in the tables.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
START, END = "<!-- written by collect.py -->", "<!-- end of what collect.py writes -->"
FIGURES = ("probes", "saliency", "waves", "deletion", "embeddings_record", "cka")
QUESTIONS = {"class": "Which class is the beat?", "record": "Whose beat is it?"}


def read(folder: Path) -> pd.DataFrame:
    """All numbers of one folder, long: model, table, what, of, method, value, low, high, chance."""
    probes = pd.read_csv(folder / "probes.csv").rename(columns={"layer": "of", "model": "method", "score": "value"})
    checks = pd.read_csv(folder / "trust.csv").rename(columns={"check": "what", "mean": "value"})
    waves = pd.read_csv(folder / "attribution.csv").rename(columns={"class": "what", "region": "of", "share": "value"})
    parts = [probes.assign(table="probes"), checks.assign(table="checks"), waves.assign(table="waves")]
    if (folder / "cka.csv").exists():
        cka = pd.read_csv(folder / "cka.csv").rename(columns={"layer": "of", "other_layer": "what", "cka": "value"})
        parts.append(cka.assign(table="cka", method=cka["other"]))
    columns = ["table", "what", "of", "method", "value", "low", "high", "chance"]
    found = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    found.insert(0, "model", folder.name)
    return found


def percent(value: float) -> str:
    """A share in percent, or a dash."""
    return f"{100 * value:.0f}" if pd.notna(value) else "-"


def probe_table(results: pd.DataFrame, what: str) -> str:
    """Balanced accuracy by layer, a row per model and kind of weights."""
    mine = results[(results["table"] == "probes") & (results["what"] == what)]
    layers = list(dict.fromkeys(mine["of"]))
    lines = [f"| model | weights | chance | {' | '.join(layers)} |", "|---|---|---:|" + "---:|" * len(layers)]
    for (model, weights), rows in mine.groupby(["model", "method"], sort=False):
        by_layer = rows.set_index("of")
        cells = [percent(by_layer["value"].get(layer, float("nan"))) for layer in layers]
        lines.append(f"| {model} | {weights} | {percent(rows['chance'].iloc[0])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def check_table(results: pd.DataFrame) -> str:
    """Every check of the maps but the steps of the cascade in between, a row per check, a column per model."""
    mine = results[(results["table"] == "checks") & ~results["of"].astype(str).str.startswith("head to ")]
    mine = mine.assign(of="")
    last = results[(results["table"] == "checks") & results["of"].astype(str).str.startswith("head to ")]
    last = last.groupby(["model", "method"], sort=False).tail(1).assign(of=", all layers")
    rows = pd.concat([mine, last])
    names = list(dict.fromkeys(rows["model"]))
    lines = [f"| check | map | {' | '.join(names)} |", "|---|---|" + "---:|" * len(names)]
    for (what, of, method), part in rows.groupby(["what", "of", "method"], sort=False):
        cells = [
            f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})" if row is not None else "-"
            for name in names
            for row in [next((r for _, r in part[part["model"] == name].iterrows()), None)]
        ]
        lines.append(f"| {what}{of} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(folders: list[Path], out: Path) -> None:
    """Write results.csv, the figures, and the part of README.md between the two marks."""
    results = pd.concat([read(folder) for folder in folders], ignore_index=True)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    results.to_csv(out / "results.csv", index=False, float_format="%.4f")
    words = [
        f"{title} Balanced accuracy in percent.\n\n{probe_table(results, what)}" for what, title in QUESTIONS.items()
    ]
    words.append("Can the maps be trusted? Mean and 95 % interval over beats.\n\n" + check_table(results))
    for folder in folders:
        for name in FIGURES:
            if (folder / f"{name}.png").exists():
                target = out / "figures" / f"{folder.name}_{name}.png"
                shutil.copy(folder / f"{name}.png", target)
                words.append(f"![{folder.name}: {name}](figures/{target.name})")
    readme = out / "README.md"
    text = (readme if readme.exists() else HERE / "README.md").read_text()
    before, after = text.split(START)[0], text.split(END)[1]
    readme.write_text(before + START + "\n" + "\n\n".join(words) + "\n" + END + after)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders that `ecg explain --out` wrote")
    parser.add_argument("--out", type=Path, default=HERE, help="where results.csv and README.md are written")
    given = parser.parse_args()
    write(given.folders, given.out)
