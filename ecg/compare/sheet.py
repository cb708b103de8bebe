"""The comparison as one page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ecg.compare.files import Comparison, Part
from ecg.compare.measures import other_measures
from ecg.compare.tables import costs, left_out_table, names, run_scores, scores
from ecg.page import render
from ecg.page.render import Cell
from ecg.runs.folder import RunFolder
from ecg.runs.run import Run

COST = ("parameters trained", "training time")


def comparison_page(made: Comparison, where: Path) -> str:
    """All of a comparison in one self-contained HTML file; what leaks stands first.

    Args:
        made: the comparison.
        where: folder of the figures' files.
    """
    return render(
        "compare/page.html",
        title=made.title,
        notices=_notices(made.parts),
        simulated=bool(made.parts) and all(part.group.simulated for part in made.parts),
        groups=[_shown(part, where) for part in made.parts],
        left_out=left_out_table(made.left_out).rows,
        **_origins([*(run for part in made.parts for run in part.group.runs), *made.left_out]),
    )


def _notices(parts: Sequence[Part]) -> list[str]:
    """What each split is worth, and which parts of several are simulated."""
    if len(parts) < 2:
        return [note for part in parts for note in part.group.notes]
    notices = [f"{part.group.title}: {note}" for part in parts for note in part.group.notes]
    notices += [f"These runs were tested on {len(parts)} different things; compare scores within a part, never across."]
    made_up = [part.group.title for part in parts if part.group.simulated]
    if 0 < len(made_up) < len(parts):
        notices.insert(0, f"SIMULATED recordings in: {'; '.join(made_up)}. Those parts say nothing about real hearts.")
    return notices


def _shown(part: Part, where: Path) -> dict[str, object]:
    """What the page shows of a group."""
    group, measures = part.group, part.measures
    others = other_measures(group.runs, measures)
    settings = [(s.label, len(s.runs), *scores(s.runs, measures), *costs(s.runs)) for s in group.settings]
    runs = [
        (run.name, s.label, run.replicate[0], *run_scores(run, measures, " ({})"), *costs([run]), _linked(run, where))
        for s in group.settings
        for run in s.runs
    ]
    return {
        "title": group.heading,
        "verdict": part.answer,
        "said": part.said,
        "settings_head": ["setting", "n", *names(measures), *COST],
        "settings": settings,
        "others_head": ["setting", *names(others)],
        "others": [(s.label, *scores(s.runs, others)) for s in group.settings] if others else [],
        "pooled": [(label, one.title, one.head, one.rows, one.notes) for label, one in part.pooled.items()],
        "pictures": [(one.title, (where / file).read_bytes(), one.caption) for file, one in part.files.items()],
        "runs_head": ["run", "setting", "seed", *names(measures), *COST, "folder"],
        "runs": runs,
    }


def _linked(run: Run, where: Path) -> Cell:
    """The folder's name, which leads to the run's own page where that is at hand."""
    page = RunFolder(run.folder).page
    try:
        href = Path(os.path.relpath(page, where)).as_posix() if page.exists() else ""
    except ValueError:  # on another drive
        href = ""
    return Cell(run.folder.name, run.folder.name, href)


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
