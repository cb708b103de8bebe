"""Pool the folds of infarction sweeps into results.csv and the table of README.md beside it.

    python experiments/infarction/collect.py 12=outputs/multirun/SWEEP 3=outputs/multirun/SWEEP ...

A sweep is named by its question, one of QUESTIONS. Questions that are not named keep their rows.
"""

from __future__ import annotations

import sys
from math import isfinite
from pathlib import Path

import pandas as pd

import ecg
from ecg.compare.pooled import pooled_diagnoses
from ecg.compare.settings import group_runs
from ecg.metrics.diagnosis import SCORERS
from ecg.report.diagnosis import OWN

HERE = Path(__file__).parent
START, END = "<!-- written by collect.py -->", "<!-- end of what collect.py writes -->"
QUESTIONS = {
    "12": "12 leads",
    "3": "I, II, V2",
    "II": "II",
    "cnn": "II, single beats",
    "all": "12 leads, MI against all others",
    "other": "12 leads, MI against other diagnoses",
    "weak": "12 leads, likelihood from 0 on",
    "ptb": "12 leads, trained on PTB",
    "both": "12 leads, PTB-XL and PTB",
}
SHOWN = {
    "auroc": "AUROC",
    "auroc_matched": "same sex, within 5 years",
    "auroc_other": "against other diagnoses",
    "balanced_accuracy": "balanced accuracy",
    "se_at_sp90": "Se at Sp 90 %",
    "flagged_other": "other diagnoses flagged",
}
ELSEWHERE = ("ptb-xl", "ptbdb", "ludb")


def rows(question: str, folder: Path) -> list[dict[str, object]]:
    """A row for each score of each scorer, by database."""
    found, problems = [], list[str]()
    for group in group_runs(ecg.find_runs(folder)):
        for setting, made in pooled_diagnoses(group, problems):
            commits = {str((run.provenance.get("git") or {}).get("commit"))[:10] for run in setting.runs}
            same = {"question": question, "setting": setting.label, "commit": " ".join(sorted(commits))}
            for database, evaluation in made.groups.items():
                counts = {"mi": evaluation.counts["1"], "against": evaluation.counts["0"]}
                for scorer, scores in evaluation.estimates.items():
                    name = setting.runs[0].metrics["model"] if scorer == "model" else SCORERS[scorer]
                    found += [
                        {**same, "database": database, "scorer": name, "score": key, **one._asdict(), **counts}
                        | {"runs": len(setting.runs)}
                        for key, one in scores.items()
                    ]
    for line in problems:
        print(line)
    return found


def cell(part: pd.DataFrame) -> str:
    """A score in percent with its interval."""
    if not len(part):
        return "-"
    one = part.iloc[0]
    ends = f" ({100 * one['low']:.1f}-{100 * one['high']:.1f})" if isfinite(one["low"]) else ""
    return f"{100 * one['value']:.1f}{ends}"


def table(results: pd.DataFrame) -> str:
    """Markdown: a row for each question and scorer."""
    head = ["leads, question", "MI / others", "scorer", *SHOWN.values(), *(f"AUROC on {name}" for name in ELSEWHERE)]
    lines = [f"| {' | '.join(head)} |", "|---|---|---|" + "---:|" * (len(head) - 3)]
    for question, words in QUESTIONS.items():
        own_rows = results[results["question"] == question]
        for (setting, scorer), part in own_rows.groupby(["setting", "scorer"], sort=False):
            if question == "cnn" and scorer in SCORERS.values():  # stand in the rows of II: same patients, same lead
                continue
            own = part[part["database"] == OWN]
            counts = own.iloc[0]
            said = words if "=" not in setting else f"{words}, {setting.rpartition('=')[2]}"
            cells = [cell(own[own["score"] == key]) for key in SHOWN]
            cells += [cell(part[(part["database"] == name) & (part["score"] == "auroc")]) for name in ELSEWHERE]
            lines.append(f"| {said} | {counts['mi']} / {counts['against']} | {scorer} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Write results.csv and the README's table."""
    new = pd.DataFrame([row for word in words for row in rows(word.partition("=")[0], Path(word.partition("=")[2]))])
    path = HERE / "results.csv"
    if path.is_file():
        before = pd.read_csv(path)
        new = pd.concat([before[~before["question"].isin(new["question"])], new], ignore_index=True)
    new.to_csv(path, index=False, float_format="%.5f")
    readme = HERE / "README.md"
    before_table, rest = readme.read_text(encoding="utf-8").split(START)
    text = table(pd.read_csv(path))
    readme.write_text(f"{before_table}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
