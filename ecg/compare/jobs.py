"""The jobs of a sweep in one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ecg.compare.measures import BEAT_LEVEL, SUBJECT_LEVEL, Measure
from ecg.page.numbers import NONE, count, duration
from ecg.runs.find import run_folders
from ecg.runs.run import Run, read_run

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {"finished": "green", "skipped": "green", "failed": "red", "unfinished": "yellow", "no result": "yellow"}


def job_table(
    sweep_folder: Path, *, skipped: Collection[str] = (), elsewhere: Mapping[str, str] = MappingProxyType({})
) -> Table:
    """One row per job of a sweep: what it was, how it ended, scores, parameters trained and time.

    Args:
        sweep_folder: holds the jobs' run folders.
        skipped: names of the folders whose job was finished before and was not run again.
        elsewhere: by the name of a job's folder, which other process runs it.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    runs = [read_run(folder) for folder in run_folders(sweep_folder)]
    keys = [key for key in (BEAT_LEVEL, SUBJECT_LEVEL) if any(run.value(key) is not None for run in runs)]
    shown, named = [Measure(key) for key in keys], _what(runs)
    table = Table(
        title=f"jobs of {escape(str(sweep_folder))}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("job", justify="right")
    table.add_column("what", overflow="fold", min_width=min(18, max(map(len, named), default=0)))
    table.add_column("state", no_wrap=True)
    scored = [f"{measure.name} %".replace(" per ", "\n") for measure in shown]
    for name in (*scored, "trained", "time"):
        table.add_column(name, justify="right", no_wrap=name in ("trained", "time"))
    for run, what in zip(runs, named, strict=True):
        state = "skipped" if run.folder.name in skipped and run.counts else run.state
        scores = [measure.show(run.value(measure.key)) for measure in shown]
        table.add_row(
            _number(run),
            Text(what),
            Text(state, style=COLOURS[state]),
            *scores,
            count(run.value("params/trainable")),
            duration(run.value("time/total_s") or run.value("time/fit_s")),
        )
    reasons = [
        f"job {_number(run)} {run.state}: {elsewhere.get(run.folder.name, run.reason)}"
        for run in runs
        if run.reason or (run.folder.name in elsewhere and not run.counts)
    ]
    if any(run.folder.name in skipped for run in runs):
        reasons.insert(0, "skipped: was finished before")
    caption = Text("\n".join(reasons) if runs else "no job has begun")
    whole = Table.grid(expand=True)  # so that reasons use the terminal's width
    whole.caption, whole.caption_justify, whole.caption_style = caption, "left", "none"
    whole.add_row(table)
    return whole


def _number(run: Run) -> str:
    number = run.folder.name.partition("_")[0]
    return number if number.isdigit() else NONE


def _what(runs: Sequence[Run]) -> list[str]:
    """Per job the overrides that not all jobs share, by the last part of their key; else its name."""
    shared = set.intersection(*(set(run.overrides) for run in runs)) if len(runs) > 1 else set()
    lines = []
    for run in runs:
        own = [word for word in run.overrides if word not in shared]
        short = [f"{key.lstrip('+').rpartition('.')[2]}={value}" for key, _, value in (w.partition("=") for w in own)]
        lines.append(" ".join(short) or run.name)
    return lines
