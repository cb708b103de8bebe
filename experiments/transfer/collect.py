"""Gather sweeps into results.csv (every run), summary.csv, figures and the tables of README.md.

python experiments/transfer/collect.py ptb-xl=outputs/multirun/<sweep> both=outputs/multirun/<sweep> ...

A name may be given several folders, with commas between. Questions that are not named keep their rows and tables.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import ecg
from ecg.compare.pipeline import compare_runs
from ecg.compare.settings import Setting, group_runs
from ecg.metrics.resampling import auroc_interval
from ecg.metrics.subjects import subject_metrics

HERE = Path(__file__).parent
SHOWN = {
    "subject/auroc": "AUROC, patients",
    "subject/balanced_accuracy": "bal. acc., patients",
    "test/auroc": "AUROC, beats",
    "test/macro_f1": "macro-F1, beats",
}
BY_BEAT = {"test/accuracy": "accuracy, beats", "test/balanced_accuracy": "bal. acc., beats"}
"""In place of the patients' scores, where patients are on both sides of the split."""
BASELINES = {"majority": "majority class", "nearest": "1-nearest-neighbour"}
DIAGNOSED = {"trees": "trees on wave measurements", "age_alone": "age alone"}
"""Baselines of patients, which have no score by beat."""
FIGURES = ("layers", "time", "amount")
SOURCE = "config/transfer.source"
SHARE = "dataset.train_fraction_of_patients"


def mean(runs: Sequence[ecg.Run], key: str) -> str:
    """Mean and standard deviation over the runs, in percent."""
    values = pd.Series([run.value(key) for run in runs], dtype=float) * 100
    return f"{values.mean():.1f} ± {values.std():.1f}" if len(values) > 1 else f"{values.mean():.1f}"


def pooled(setting: Setting) -> str:
    """AUROC over the patients of all folds, each tested once, with its 95 % interval."""
    tables = [pd.read_csv(run.files.subjects) for run in setting.runs]
    table = pd.concat(tables, ignore_index=True)
    if table["patient"].duplicated().any():
        return "-"
    classes = ("normal", "MI")
    target = (table["label"] == classes[1]).to_numpy().astype(int)
    score = table[f"p_{classes[1]}"].to_numpy()
    value = subject_metrics(table, classes)["subject/auroc"]
    low, high = auroc_interval(target, score, groups=None, replicates=2000, seed=0) or (float("nan"), float("nan"))
    return f"{100 * value:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def columns(runs: Sequence[ecg.Run]) -> dict[str, str]:
    """The scores that are shown, by their keys."""
    if any(run.value("subject/auroc") is not None for run in runs):
        return SHOWN
    return BY_BEAT | {key: name for key, name in SHOWN.items() if key.startswith("test/")}


def tables(runs: Sequence[ecg.Run]) -> str:
    """Markdown: a table per group of comparable runs, one row per setting, the baselines below."""
    parts = []
    for group in group_runs(runs):
        folds, shown = group.split == "folds", columns(group.runs)
        head = [
            "setting",
            "n",
            *shown.values(),
            *(["AUROC, all patients pooled (95 %)"] if folds else []),
            "trained",
            "s",
        ]
        rows = [head, ["---", *["---:"] * (len(head) - 1)]]
        for one in group.settings:
            trained, seconds = (
                pd.Series([run.value(k) for run in one.runs]).mean() for k in ("params/trainable", "time/fit_s")
            )
            extra = [pooled(one)] if folds else []
            scores = [mean(one.runs, key) for key in shown]
            rows.append([one.label, str(len(one.runs)), *scores, *extra, f"{trained:,.0f}", f"{seconds:.0f}"])
        shares = {str(run.settings.get(SHARE)) for run in group.runs}
        for share in sorted(shares):
            seen = {run.replicate: run for run in group.runs if str(run.settings.get(SHARE)) == share}
            rows += baselines(list(seen.values()), f", {SHARE.rpartition('.')[2]}={share}" * (len(shares) > 1), folds)
        parts.append(f"{group.title}:\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join(parts)


def baselines(runs: Sequence[ecg.Run], of: str, folds: bool) -> list[list[str]]:
    """A row for each baseline of these runs, which have the same training patients; `of` says which share of all."""
    rows = []
    for name, words in BASELINES.items():
        scores = [mean(runs, f"baseline/{name}/{key}") for key in columns(runs)]
        rows.append([words + of, str(len(runs)), *scores, *(["-"] if folds else []), "-", "-"])
    for name, words in DIAGNOSED.items():
        keys = {f"subject/{key}": f"diagnosis/{name}/{key}" for key in ("auroc", "balanced_accuracy")}
        if any(run.value(keys["subject/auroc"]) is not None for run in runs):
            scores = [mean(runs, keys[key]) if key in keys else "-" for key in SHOWN]
            rows.append([words + of, str(len(runs)), *scores, *(["-"] if folds else []), "-", "-"])
    return rows


def gather(name: str, folders: list[Path]) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Rows of every run and setting of one question, and its tables; its figures are copied."""
    with tempfile.TemporaryDirectory() as path:
        out = Path(path)
        compare_runs(folders, out=out, metric="test/macro_f1")
        every, summary = pd.read_csv(out / "runs.csv").copy(), pd.read_csv(out / "summary.csv").copy()
        for figure in out.rglob("*.png"):
            if any(word in figure.name for word in FIGURES):
                (HERE / "figures").mkdir(exist_ok=True)
                shutil.copy(figure, HERE / "figures" / f"{name}_{figure.name}")
    for table, name_of in ((every, "folder"), (every, SOURCE), (summary, SOURCE)):
        if name_of in table:  # where somebody's runs lie says nothing to others
            table[name_of] = [Path(str(path)).name for path in table[name_of]]
    for table in (every, summary):
        table.insert(0, "question", name)
    return every, summary, tables(ecg.find_runs(folders))


def kept(path: Path, new: list[pd.DataFrame]) -> pd.DataFrame:
    """The new rows, after those of questions that are not gathered now."""
    named = {name for table in new for name in table["question"]}
    before = [table[~table["question"].isin(named)] for table in ([pd.read_csv(path)] if path.exists() else [])]
    return pd.concat([*before, *new], ignore_index=True)


def main(words: list[str]) -> None:
    """Write everything."""
    found = {
        name: gather(name, [Path(f) for f in folders.split(",")]) for name, folders in (w.split("=") for w in words)
    }
    for file, i in (("results.csv", 0), ("summary.csv", 1)):
        path = HERE / file
        kept(path, [parts[i] for parts in found.values()]).to_csv(path, index=False, float_format="%.6g")
    readme = HERE / "README.md"
    text = readme.read_text()
    for name, (_, _, block) in found.items():
        start, end = f"<!-- {name}: written by collect.py -->", f"<!-- end of {name} -->"
        text = re.sub(rf"{start}.*?{end}", lambda _, s=start, b=block, e=end: f"{s}\n{b}\n{e}", text, flags=re.S)
    readme.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
