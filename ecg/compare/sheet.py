"""The comparison as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecg.compare.figures import Shown
from ecg.compare.measures import Measure, known_measures, other_measures, over_runs, shown_spread
from ecg.compare.settings import Group, Setting
from ecg.compare.terminal import TIME, TRAINED, interval_text
from ecg.page import Cell, render
from ecg.page.numbers import count, duration
from ecg.runs.run import Run


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
    made_up = [group.title for group in groups if group.simulated]
    return render(
        "compare/page.html",
        title=title,
        notices=_notices(groups, made_up),
        simulated=len(made_up) == len(groups) > 0,
        groups=[_shown(group, measures, said[group.title], pictures[group.title]) for group in groups],
        left_out=[(run.folder.name, run.state, run.reason) for run in left_out],
        **_origins([*(run for group in groups for run in group.runs), *left_out]),
    )


def _notices(groups: Sequence[Group], made_up: Sequence[str]) -> list[str]:
    """What each split is worth, and which parts of several are simulated."""
    if len(groups) < 2:
        return [note for group in groups for note in group.notes]
    notices = [f"{group.title}: {note}" for group in groups for note in group.notes]
    notices.append(
        f"These runs were tested on {len(groups)} different things; compare scores within a part, never across."
    )
    if 0 < len(made_up) < len(groups):
        notices.insert(0, f"SIMULATED recordings in: {'; '.join(made_up)}. Those parts say nothing about real hearts.")
    return notices


def _shown(
    group: Group, wanted: Sequence[Measure], said: Sequence[str], pictures: Sequence[tuple[Shown, bytes]]
) -> dict[str, object]:
    """What the page shows of a group."""
    measures = known_measures(group, wanted)
    others = other_measures(group.runs, measures)
    first, rest = ([f"{measure.name}{measure.unit}" for measure in some] for some in (measures, others))
    cost = ["parameters trained", "training time"]
    return {
        "title": group.title,
        "simulated": group.simulated,
        "said": said,
        "settings_head": ["setting", "n", *first, *cost, *rest],
        "settings": [_setting(setting, measures, others) for setting in group.settings],
        "pictures": [{"title": one.title, "caption": one.caption, "png": png} for one, png in pictures],
        "runs_head": ["run", "setting", "seed", *first, *cost, "folder"],
        "runs": [_run(run, setting, measures) for setting in group.settings for run in setting.runs],
    }


def _setting(setting: Setting, measures: Sequence[Measure], others: Sequence[Measure]) -> list[object]:
    first, rest = ([_score(setting, measure) for measure in some] for some in (measures, others))
    trained, time = (found.mean if (found := over_runs(setting.runs, key)) else None for key in (TRAINED, TIME))
    return [setting.label, len(setting.runs), *first, count(trained), Cell(duration(time), time), *rest]


def _score(setting: Setting, measure: Measure) -> Cell:
    found = over_runs(setting.runs, measure.key)
    return Cell(shown_spread(found, measure), found.mean if found else None)


def _run(run: Run, setting: Setting, measures: Sequence[Measure]) -> list[object]:
    scores = []
    for measure in measures:
        value, interval = run.value(measure.key), interval_text(run, measure)
        scores.append(Cell(f"{measure.show(value)} ({interval})" if interval else measure.show(value), value))
    time = run.value(TIME)
    cost = (count(run.value(TRAINED)), Cell(duration(time), time))
    return [run.name, setting.label, run.replicate[0], *scores, *cost, run.folder.name]


def _origins(runs: Sequence[Run]) -> dict[str, object]:
    """Commits, how many runs had changes beside them, machines, and each run's command."""
    gits, hosts = ([run.provenance.get(key) or {} for run in runs] for key in ("git", "host"))
    return {
        "commits": sorted({str(git.get("commit") or "unknown")[:10] for git in gits}),
        "dirty": sum(bool(git.get("dirty")) for git in gits),
        "hosts": sorted({str(host.get("name") or "unknown") for host in hosts}),
        "commands": [f"{run.folder.name}\n    {_command(run)}" for run in runs],
    }


def _command(run: Run) -> str:
    command = run.provenance.get("command")
    if run.overrides and (not command or "-m" in command or "--multirun" in command):
        return f"python train.py {' '.join(run.overrides)}"  # this job alone, not the whole sweep
    return f"python {' '.join(map(str, command))}" if command else "unknown"
