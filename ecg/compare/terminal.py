"""The comparison in a terminal of 80 to 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ecg.compare.jobs import COLOURS
from ecg.compare.measures import Measure, known_measures, over_runs, shown_spread
from ecg.compare.settings import Group
from ecg.page.numbers import count, duration
from ecg.runs.run import Run

if TYPE_CHECKING:
    from rich.table import Table

MOST_RUNS = 30
"""Where there are more, and several of a setting, the terminal shows settings only."""
TRAINED, TIME = "params/trainable", "time/fit_s"


def interval_text(run: Run, measure: Measure) -> str:
    """`68.10-74.02`; empty where the run has no interval for it."""
    found = run.intervals.get(measure.key)
    return f"{measure.show(found[0])}-{measure.show(found[1])}" if found else ""


def terminal_tables(groups: Sequence[Group], wanted: Sequence[Measure], left_out: Sequence[Run]) -> Iterator[Table]:
    """Per group its runs and, where settings have replicates, its settings; then the runs that do not count."""
    for group in groups:
        measures = known_measures(group, wanted)
        replicated = any(len(setting.runs) > 1 for setting in group.settings)
        many = replicated and len(group.runs) > MOST_RUNS
        if not many:
            yield _runs_table(group, measures)
        if replicated:
            yield _settings_table(group, measures, " ".join([*group.notes, "Each run: runs.csv."]) if many else "")
    if left_out:
        yield _left_out_table(left_out)


def _new(title: str, caption: str = "") -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.title, table.title_justify, table.title_style = Text(title), "left", "bold"
    if caption:
        table.caption, table.caption_justify, table.caption_style = Text(caption), "left", "dim"
    return table


def _headings(table: Table, measures: Sequence[Measure]) -> None:
    for measure in measures:
        table.add_column(f"{measure.name}{measure.unit}".replace(" per ", "\nper "), justify="right")
    table.add_column("trained", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)


def _runs_table(group: Group, measures: Sequence[Measure]) -> Table:
    from rich.text import Text

    heading = f"{'SIMULATED: ' if group.simulated else ''}{group.title}: {len(group.runs)} runs"
    table = _new(heading, " ".join([*group.notes, "Below a score its 95 % interval."]))
    table.add_column("run", overflow="fold", min_width=min(18, max(len(run.name) for run in group.runs)))
    table.add_column("what differs", overflow="fold")
    _headings(table, measures)
    for setting in group.settings:
        for run in setting.runs:
            scores = [
                f"{measure.show(run.value(measure.key))}\n{interval_text(run, measure)}".strip() for measure in measures
            ]
            rest = (count(run.value(TRAINED)), duration(run.value(TIME)))
            table.add_row(Text(run.name), Text(setting.label), *scores, *rest)
    return table


def _settings_table(group: Group, measures: Sequence[Measure], caption: str) -> Table:
    from rich.text import Text

    simulated = "SIMULATED: " if group.simulated else ""
    table = _new(f"{simulated}{group.title}: {len(group.runs)} runs, mean ± sd over seeds and folds", caption)
    table.add_column("setting", overflow="fold")
    table.add_column("n", justify="right")
    _headings(table, measures)
    for setting in group.settings:
        scores = [shown_spread(over_runs(setting.runs, measure.key), measure) for measure in measures]
        trained, time = (over_runs(setting.runs, key) for key in (TRAINED, TIME))
        table.add_row(
            Text(setting.label),
            str(len(setting.runs)),
            *scores,
            count(trained.mean if trained else None),
            duration(time.mean if time else None),
        )
    return table


def _left_out_table(left_out: Sequence[Run]) -> Table:
    from rich.text import Text

    table = _new("in no mean")
    table.add_column("run", overflow="fold")
    table.add_column("state", no_wrap=True)
    table.add_column("why", overflow="fold")
    for run in left_out:
        table.add_row(Text(run.folder.name), Text(run.state, style=COLOURS[run.state]), Text(run.reason))
    return table
