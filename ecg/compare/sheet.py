"""The comparison as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ecg.compare.figures import Shown
from ecg.compare.measures import Measure, known_measures, other_measures, over_runs, shown_spread
from ecg.compare.run import Run
from ecg.compare.settings import Group, Setting
from ecg.compare.terminal import TIME, TRAINED, interval_text
from ecg.page import (
    SORT_SCRIPT,
    SORT_STYLE,
    Cell,
    Section,
    details,
    listing,
    page,
    paragraph,
    picture,
    preformatted,
    subheading,
    table,
)
from ecg.page.numbers import count, duration

SPREAD_WORDS = (
    "Mean ± standard deviation over seeds and folds, n of them; without ± there is one run. Click a head to sort."
)
RUN_WORDS = "In brackets 95 % intervals from resampling the test side. Click a head to sort."


def comparison_page(
    title: str,
    groups: Sequence[Group],
    measures: Sequence[Measure],
    said: Mapping[str, Sequence[str]],
    pictures: Mapping[str, Sequence[tuple[Shown, bytes]]],
    left_out: Sequence[Run],
) -> str:
    """All of a comparison in one self-contained HTML file; what leaks stands first.

    Args:
        title: its heading.
        groups: comparable runs.
        measures: the headline metrics.
        said: sentences per group, by its title.
        pictures: figures and their PNG files' content, by the group's title.
        left_out: runs that do not count.
    """
    sections = []
    for group in groups:
        parts = _parts(group, known_measures(group, measures), said[group.title], pictures[group.title])
        if len(groups) == 1:
            sections += [Section(name, body) for name, body in parts]
        else:
            whole = "".join(f"{subheading(name)}\n{body}" for name, body in parts)
            sections.append(Section(f"{'SIMULATED: ' if group.simulated else ''}{group.title}", whole))
    if left_out:
        rows = [(run.folder.name, run.state, run.reason) for run in left_out]
        sections.append(Section("In no mean", table(("run", "state", "why"), rows, words=3)))
    counted = [run for group in groups for run in group.runs]
    sections.append(Section("How these were made", _origins([*counted, *left_out])))
    notices = [f"{group.title}: {note}" if len(groups) > 1 else note for group in groups for note in group.notes]
    if len(groups) > 1:
        notices.append(
            f"These runs were tested on {len(groups)} different things; compare scores within a part, never across."
        )
    made_up = [group.title for group in groups if group.simulated]
    simulated = len(made_up) == len(groups) > 0
    if made_up and not simulated:
        notices.insert(0, f"SIMULATED recordings in: {'; '.join(made_up)}. Those parts say nothing about real hearts.")
    return page(title, sections, notices=notices, simulated=simulated, style=SORT_STYLE + _STYLE, script=SORT_SCRIPT)


_STYLE = "td { white-space: nowrap; } td:first-child, .words3 td { white-space: normal; min-width: 7rem; }"


def _parts(
    group: Group, measures: Sequence[Measure], said: Sequence[str], pictures: Sequence[tuple[Shown, bytes]]
) -> list[tuple[str, str]]:
    """Heading and content of each part of a group."""
    drawn = [(one.title, picture(png, alt=one.title, caption=one.caption)) for one, png in pictures]
    return [
        ("In words", listing(said)),
        ("Settings", _settings(group, measures)),
        *drawn,
        ("All runs", _runs(group, measures)),
    ]


def _settings(group: Group, measures: Sequence[Measure]) -> str:
    others = other_measures(group.runs, measures)
    names = [[f"{measure.name}{measure.unit}" for measure in some] for some in (measures, others)]
    rows = []
    for setting in group.settings:
        trained, time = (over_runs(setting.runs, key) for key in (TRAINED, TIME))
        cost = [
            count(trained.mean if trained else None),
            Cell(duration(time.mean if time else None), time.mean if time else None),
        ]
        first, rest = ([_score(setting, measure) for measure in some] for some in (measures, others))
        rows.append([setting.label, len(setting.runs), *first, *cost, *rest])
    head = ["setting", "n", *names[0], "parameters trained", "training time", *names[1]]
    return table(head, rows, caption=SPREAD_WORDS, sortable=True)


def _score(setting: Setting, measure: Measure) -> Cell:
    found = over_runs(setting.runs, measure.key)
    return Cell(shown_spread(found, measure), found.mean if found else None)


def _runs(group: Group, measures: Sequence[Measure]) -> str:
    scored = [f"{measure.name}{measure.unit}" for measure in measures]
    head = ["run", "setting", "seed", *scored, "parameters trained", "training time", "folder"]
    rows = []
    for setting in group.settings:
        for run in setting.runs:
            scores = []
            for measure in measures:
                value, interval = run.value(measure.key), interval_text(run, measure)
                scores.append(Cell(f"{measure.show(value)} ({interval})" if interval else measure.show(value), value))
            time = run.value(TIME)
            rest = (count(run.value(TRAINED)), Cell(duration(time), time), run.folder.name)
            rows.append([run.name, setting.label, run.replicate[0], *scores, *rest])
    return table(head, rows, caption=RUN_WORDS, sortable=True, words=2)


def _origins(runs: Sequence[Run]) -> str:
    """Commits, machines, and each run's command, to be opened."""
    commits = {str((run.provenance.get("git") or {}).get("commit") or "unknown")[:10] for run in runs}
    dirty = [run.name for run in runs if (run.provenance.get("git") or {}).get("dirty")]
    hosts = {str((run.provenance.get("host") or {}).get("name") or "unknown") for run in runs}
    lines = [f"Commit: {', '.join(sorted(commits))}. Machine: {', '.join(sorted(hosts))}."]
    if dirty:
        lines.append(f"With changes that were not committed: {len(dirty)} of {len(runs)} runs.")
    if len(hosts) > 1:
        lines.append("Times of different machines are not comparable.")
    commands = [f"{run.folder.name}\n    {_command(run)}" for run in runs]
    body = "".join(paragraph(line) for line in lines)
    where = "<p>Each run's own page is <code>report/index.html</code> in its folder.</p>"
    return body + where + details(f"Commands of {escape(str(len(runs)))} runs", preformatted("\n".join(commands)))


def _command(run: Run) -> str:
    command = run.provenance.get("command")
    if run.overrides and (not command or "-m" in command or "--multirun" in command):
        return f"python train.py {' '.join(run.overrides)}"  # this job alone, not the whole sweep
    return f"python {' '.join(map(str, command))}" if command else "unknown"
