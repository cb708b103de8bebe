"""The tables of a comparison, for the terminal, Markdown and the page, and of a sweep's jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from ecg.compare.measures import BEAT_LEVEL, SUBJECT_LEVEL, Measure, over_runs, shown_spread
from ecg.compare.settings import TIME, TRAINED, Group
from ecg.page import Cell
from ecg.page.numbers import NONE, count, duration
from ecg.report.tables import NumberTable, stacked
from ecg.runs.find import run_folders
from ecg.runs.run import Run, read_run

MOST_RUNS = 30
"""Where there are more, and several of a setting, the terminal shows settings only."""
COLOURS = {"finished": "green", "skipped": "green", "failed": "red", "unfinished": "yellow", "no result": "yellow"}


def group_tables(group: Group, measures: Sequence[Measure]) -> Iterator[NumberTable]:
    """A group in the terminal: its runs and, where settings have replicates, its settings."""
    replicated = any(len(setting.runs) > 1 for setting in group.settings)
    many = replicated and len(group.runs) > MOST_RUNS
    if not many:
        yield runs_table(group, measures)
    if replicated:
        yield settings_table(group, measures, " ".join([*group.notes, "Each run: runs.csv."]) if many else "")


def runs_table(group: Group, measures: Sequence[Measure]) -> NumberTable:
    """A row per run."""
    pairs = [(setting, run) for setting in group.settings for run in setting.runs]
    rows = [(run.name, s.label, *run_scores(run, measures, "\n{}"), *costs([run])) for s, run in pairs]
    notes = " ".join([*group.notes, "Below a score its 95 % interval."])
    title = f"{group.heading}: {len(group.runs)} runs"
    return NumberTable(("run", "what differs", *names(measures), "trained", "time"), rows, notes, title, words=2)


def settings_table(group: Group, measures: Sequence[Measure], notes: str = "") -> NumberTable:
    """A row per setting: mean and standard deviation over its runs."""
    rows = [(s.label, len(s.runs), *scores(s.runs, measures), *costs(s.runs)) for s in group.settings]
    title = f"{group.heading}: {len(group.runs)} runs, mean ± sd over seeds and folds"
    return NumberTable(("setting", "n", *names(measures), "trained", "time"), rows, notes, title)


def left_out_table(runs: Iterable[Run]) -> NumberTable:
    """Runs that do not count, and why."""
    rows = [(run.folder.name, state_text(run.state), run.reason) for run in runs]
    return NumberTable(("run", "state", "why"), rows, title="in no mean", words=3)


def names(measures: Iterable[Measure]) -> list[str]:
    """Heads of the measures' columns."""
    return [f"{measure.name}{measure.unit}" for measure in measures]


def scores(runs: Sequence[Run], measures: Iterable[Measure]) -> list[Cell]:
    """Mean and standard deviation of each measure over runs."""
    spreads = [(over_runs(runs, measure.key), measure) for measure in measures]
    return [Cell(shown_spread(found, measure), found.mean if found else None) for found, measure in spreads]


def run_scores(run: Run, measures: Iterable[Measure], form: str) -> list[Cell]:
    """A run's scores; `form` says how a 95 % interval is put behind its score."""
    cells = []
    for measure in measures:
        value, interval = run.value(measure.key), run.intervals.get(measure.key)
        beside = form.format("-".join(map(measure.show, interval))) if interval else ""
        cells.append(Cell(measure.show(value) + beside, value))
    return cells


def costs(runs: Sequence[Run]) -> list[Cell]:
    """Parameters trained and training time, means over runs."""
    trained, time = (found.mean if (found := over_runs(runs, key)) else None for key in (TRAINED, TIME))
    return [Cell(count(trained), trained), Cell(duration(time), time)]


def state_text(state: str) -> Text:
    """How a run ended, in its colour."""
    return Text(state, style=COLOURS[state])


def job_table(
    sweep_folder: Path, *, skipped: Collection[str] = (), elsewhere: Mapping[str, str] = MappingProxyType({})
) -> Table:
    """One row per job of a sweep: what it was, how it ended, scores, parameters trained and time.

    Args:
        sweep_folder: holds the jobs' run folders.
        skipped: names of the folders whose job was finished before and was not run again.
        elsewhere: by the name of a job's folder, which other process runs it.
    """
    runs = [read_run(folder) for folder in run_folders(sweep_folder)]
    keys = [key for key in (BEAT_LEVEL, SUBJECT_LEVEL) if any(run.value(key) is not None for run in runs)]
    if not keys:
        keys = sorted({key for run in runs for key in run.metrics if key.startswith("best/")})[:1]
    measures, rows, reasons = [Measure(key) for key in keys], [], []
    for run, what in zip(runs, _what(runs), strict=True):
        number, name = run.folder.name.partition("_")[0], run.folder.name
        number = number.rjust(3) if number.isdigit() else NONE.rjust(3)
        state = state_text("skipped" if name in skipped and run.counts else run.state)
        cost = (count(run.value(TRAINED)), duration(run.value("time/total_s") or run.value(TIME)))
        rows.append((number, what, state, *(measure.show(run.value(measure.key)) for measure in measures), *cost))
        if run.reason or (name in elsewhere and not run.counts):
            reasons.append(f"job {number.strip()} {run.state}: {elsewhere.get(name, run.reason)}")
    if any(run.folder.name in skipped for run in runs):
        reasons.insert(0, "skipped: was finished before")
    heads = [name.replace(" per ", "\n") for name in names(measures)]
    table = NumberTable(("job", "what", "state", *heads, "trained", "time"), rows, words=3, gap=0)
    return stacked([table, Text("\n".join(reasons) if runs else "no job has begun")], f"jobs of {sweep_folder}", "")


def _what(runs: Sequence[Run]) -> list[str]:
    """Per job the overrides that not all jobs share, by the last part of their key; else its name."""
    shared = set.intersection(*(set(run.overrides) for run in runs)) if len(runs) > 1 else set()
    lines = []
    for run in runs:
        own = [word for word in run.overrides if word not in shared]
        short = [f"{key.lstrip('+').rpartition('.')[2]}={value}" for key, _, value in (w.partition("=") for w in own)]
        lines.append(" ".join(short) or run.name)
    return lines
