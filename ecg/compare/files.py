"""The comparison as files: every run, every setting, and a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ecg.atomic import whole_file
from ecg.compare.figures import Shown
from ecg.compare.measures import Measure, over_runs
from ecg.compare.settings import NOT_RECORDED, Group, differing, meaning
from ecg.compare.tables import left_out_table, settings_table
from ecg.compare.words import against_controls
from ecg.report.tables import NumberTable, safe
from ecg.runs.run import Run

WORDS = ("name", "job_type", "dataset", "source", "split", "simulated", "segmentation", "model")
"""Keys of metrics.json that are no numbers but say what ran."""


@dataclass(frozen=True)
class Part:
    """One group of a comparison.

    Attributes:
        group: comparable runs.
        measures: the headline metrics that any of its runs has.
        said: what was found, in sentences.
        figures: as drawn.
        prefix: of the figures' files, which sets those of several groups apart.
        pooled: of a cross-validation of a diagnosis, by setting a table over all patients.
    """

    group: Group
    measures: Sequence[Measure]
    said: Sequence[str]
    figures: Sequence[Shown]
    prefix: str
    pooled: Mapping[str, NumberTable] = field(default_factory=dict)

    @property
    def answer(self) -> list[str]:
        """For each metric, whether any setting beats what needs no training."""
        return [line for measure in self.measures if (line := against_controls(self.group, measure))]

    @property
    def files(self) -> dict[str, Shown]:
        """The figures by the names of their files."""
        return {f"{self.prefix}{one.name}.png": one for one in self.figures}


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        title: of the page.
        parts: groups of runs that were tested on the same beats; numbers of two parts do not compare.
        left_out: runs that are in no mean, with the reason.
        found: all runs, as they were read.
    """

    title: str
    parts: Sequence[Part]
    left_out: Sequence[Run]
    found: Sequence[Run]

    @property
    def runs(self) -> pd.DataFrame:
        """The content of runs.csv, a row per run.

        Columns: `folder`, `state` and `reason`, what ran (`name`, `dataset`, `split`, `model`, `seed`, `commit` ...),
        `config/KEY` for each setting in which runs differ, each number of metrics.json under its key (fractions), and
        `KEY/low` and `KEY/high`, the ends of its 95 % interval.
        """
        return pd.DataFrame(run_rows(self.found))

    @property
    def settings(self) -> pd.DataFrame:
        """The content of summary.csv, a row per setting.

        Columns: `group` (the part), `setting`, `config/KEY`, `n` and `seeds`, and for each number of metrics.json
        `KEY/mean`, `KEY/sd` (empty for a single run) and `KEY/n`, over seeds and folds.
        """
        return pd.DataFrame(summary_rows([part.group for part in self.parts]))

    @property
    def answer(self) -> list[str]:
        """Whether any setting beats what needs no training, a sentence for each part and metric."""
        return [line for part in self.parts for line in part.answer]


def run_rows(runs: Sequence[Run]) -> list[dict[str, object]]:
    """A row per run, those that do not count included: state, what differs in the configuration, all metrics."""
    meanings = [meaning(run) for run in runs]
    differs = differing([one for one, run in zip(meanings, runs, strict=True) if run.settings])
    rows = []
    for run, one in zip(runs, meanings, strict=True):
        row: dict[str, object] = {"folder": str(run.folder), "state": run.state, "reason": run.reason}
        row |= {key: run.metrics.get(key, "") for key in WORDS}
        row |= {key: run.said(key) for key in ("dataset", "source", "split")}
        row |= {"name": run.name, "seed": run.replicate[0], "commit": _commit(run)}
        row |= {f"config/{key}": one.get(key, NOT_RECORDED) for key in differs}
        row |= {key: value for key in run.metrics if key not in row and (value := run.value(key)) is not None}
        for key, (low, high) in run.intervals.items():
            row |= {f"{key}/low": low, f"{key}/high": high}
        rows.append(row)
    return rows


def summary_rows(groups: Sequence[Group]) -> list[dict[str, object]]:
    """A row per setting: n, its seeds, and mean, sd and n of every metric; sd is empty for a single run."""
    rows = []
    for setting, group in ((setting, one) for one in groups for setting in one.settings):
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
    with whole_file(path) as temporary:
        pd.DataFrame(rows, dtype=object).to_csv(temporary, index=False)


def markdown(made: Comparison) -> str:
    """The comparison as Markdown."""
    lines = [f"# {safe(made.title)}"]
    for part in made.parts:
        lines += ["", f"## {safe(part.group.heading)}", ""]
        lines += [f"**{safe(note)}**\n" for note in part.group.notes]
        lines += [f"**{safe(line)}**\n" for line in part.answer]
        lines += [f"- {safe(line)}" for line in part.said]
        lines += ["", settings_table(part.group, part.measures).markdown]
        lines += [line for table in part.pooled.values() for line in (f"**{safe(table.title)}**\n", table.markdown)]
        lines += [f"![{safe(one.title)}]({file})\n" for file, one in part.files.items()]
    if made.left_out:
        lines += ["", "## In no mean", "", left_out_table(made.left_out).markdown.rstrip()]
    return "\n".join(lines) + "\n"


def _commit(run: Run) -> str:
    git = run.provenance.get("git") or {}
    return str(git.get("commit") or "")[:10] + (" with changes" if git.get("dirty") else "")
