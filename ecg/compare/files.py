"""The comparison as files: every run, every setting, and a page of Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ecg.atomic import whole_file
from ecg.compare.measures import Measure, known_measures, over_runs, shown_spread
from ecg.compare.settings import NOT_RECORDED, Group, differing, meaning
from ecg.compare.terminal import TIME, TRAINED
from ecg.page.numbers import count, duration
from ecg.runs.run import Run

WORDS = ("name", "job_type", "dataset", "source", "split", "simulated", "cut", "model")
"""Keys of metrics.json that are no numbers but say what ran."""


def run_rows(runs: Sequence[Run]) -> list[dict[str, object]]:
    """A row per run, those that do not count included: state, what differs in the configuration, all metrics."""
    meanings = [meaning(run) for run in runs]
    differs = differing([one for one, run in zip(meanings, runs, strict=True) if run.settings])
    rows = []
    for run, one in zip(runs, meanings, strict=True):
        row: dict[str, object] = {"folder": str(run.folder), "state": run.state, "reason": run.reason}
        row |= {
            key: run.said(key) if key in ("dataset", "source", "split") else run.metrics.get(key, "") for key in WORDS
        }
        row |= {"name": run.name, "seed": run.replicate[0], "commit": _commit(run)}
        row |= {f"config/{key}": one.get(key, NOT_RECORDED) for key in differs}
        row |= {key: value for key in run.metrics if key not in row and (value := run.value(key)) is not None}
        for key, pair in run.intervals.items():
            row |= {f"{key}/{side}": bound for side, bound in zip(("low", "high"), pair, strict=True)}
        rows.append(row)
    return rows


def summary_rows(groups: Sequence[Group]) -> list[dict[str, object]]:
    """A row per setting: n, its seeds, and mean, sd and n of every metric; sd is empty for a single run."""
    rows = []
    for group in groups:
        for setting in group.settings:
            row: dict[str, object] = {"group": group.title, "setting": setting.label}
            row |= {f"config/{key}": setting.values.get(key, NOT_RECORDED) for key in group.differs}
            row |= {"n": len(setting.runs), "seeds": " ".join(str(run.replicate[0]) for run in setting.runs)}
            keys = dict.fromkeys(key for run in setting.runs for key in run.metrics if key not in ("seed", *WORDS))
            for key in keys:
                if (found := over_runs(setting.runs, key)) is not None:
                    row |= {f"{key}/mean": found.mean, f"{key}/sd": found.sd, f"{key}/n": found.n}
            rows.append(row)
    return rows


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows under the union of their columns, in order of appearance; absent and None are empty cells."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def markdown(
    title: str,
    groups: Sequence[Group],
    measures: Sequence[Measure],
    said: Mapping[str, Sequence[str]],
    figures: Mapping[str, Sequence[tuple[str, str]]],
    left_out: Sequence[Run],
) -> str:
    """The comparison as Markdown.

    Args:
        title: its heading.
        groups: comparable runs.
        measures: columns of the tables.
        said: sentences per group, by its title.
        figures: heading and file name of each figure, by the group's title.
        left_out: runs that do not count.
    """
    lines = [f"# {safe(title)}"]
    for group in groups:
        lines += ["", f"## {'SIMULATED: ' if group.simulated else ''}{safe(group.title)}", ""]
        lines += [f"**{safe(note)}**\n" for note in group.notes]
        lines += [f"- {safe(line)}" for line in said[group.title]]
        lines += ["", *_settings_lines(group, known_measures(group, measures)), ""]
        lines += [f"![{safe(name)}]({file})\n" for name, file in figures[group.title]]
    if left_out:
        lines += ["", "## In no mean", "", *_table(["run", "state", "why"], _left_out(left_out), numbers=0)]
    return "\n".join(lines) + "\n"


def _settings_lines(group: Group, measures: Sequence[Measure]) -> list[str]:
    head = ["setting", "n", *(f"{measure.name}{measure.unit}" for measure in measures), "trained", "time"]
    rows = []
    for setting in group.settings:
        scores = [shown_spread(over_runs(setting.runs, measure.key), measure) for measure in measures]
        trained, time = (over_runs(setting.runs, key) for key in (TRAINED, TIME))
        rest = (count(trained.mean if trained else None), duration(time.mean if time else None))
        rows.append([setting.label, str(len(setting.runs)), *scores, *rest])
    return _table(head, rows, numbers=len(head) - 1)


def _left_out(runs: Sequence[Run]) -> list[list[str]]:
    return [[run.folder.name, run.state, run.reason] for run in runs]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> list[str]:
    """Markdown rows; the last `numbers` columns stand at the right."""
    rule = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    body = [f"| {' | '.join(map(safe, row))} |" for row in (head, *rows)]
    return [body[0], f"|{'|'.join(rule)}|", *body[1:]]


def safe(text: str) -> str:
    """Text that Markdown shows as it is."""
    for sign in "\\|*_<`":
        text = text.replace(sign, f"\\{sign}")
    return text


def _commit(run: Run) -> str:
    git = run.provenance.get("git") or {}
    return str(git.get("commit") or "")[:10] + (" with changes" if git.get("dirty") else "")
