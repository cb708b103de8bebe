"""A diagnosis over all folds of a cross-validation: every patient is tested once a repeat, and counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ecg.compare.settings import Group, Setting, group_runs
from ecg.errors import EcgError
from ecg.metrics.diagnosis import TEST, pooled
from ecg.page.numbers import count as counted
from ecg.progress import track
from ecg.report.diagnosis import Diagnosis, diagnosis
from ecg.report.tables import NumberTable
from ecg.runs.find import find_runs
from ecg.runs.run import Run

FOLDS = "folds"


def pooled_diagnoses(
    group: Group, problems: list[str], *, replicates: int = 2000, seed: int = 0
) -> list[tuple[Setting, Diagnosis]]:
    """What each setting of a group is worth, over the patients of whole repeats; empty where there are none.

    Args:
        group: comparable runs.
        problems: what is damaged or incomplete is added, a sentence each.
        replicates: of the bootstrap over patients.
        seed: of it.
    """
    if group.split != FOLDS:
        return []
    held = [setting for setting in group.settings if any(run.files.patients.is_file() for run in setting.runs)]
    found = []
    for setting in track(held, "pooling folds", total=len(held)):
        try:
            made = _pooled(setting, problems, replicates, seed)
        except EcgError as error:
            problems.append(str(error))
            continue
        if made is not None:
            found.append((setting, made))
    return found


def _pooled(setting: Setting, problems: list[str], replicates: int, seed: int) -> Diagnosis | None:
    runs = [run for run in setting.runs if run.files.patients.is_file()]
    count = max(int(str(run.settings.get("dataset.folds.count", 5))) for run in runs)
    repeats = {key: i for i, key in enumerate(sorted({_repeat(run) for run in runs}))}
    tables = {(repeats[_repeat(run)], run.replicate[1]): run.patients for run in runs}
    _check_alike(runs, list(tables.values()))
    whole, lacking = pooled(tables, count)
    if lacking:
        what = f"{len(lacking)} of {len(repeats)} repeats lack{'s' * (len(lacking) == 1)} some of the {count} folds"
        problems.append(f"{setting.label}: {what}; they are in no pooled score")
    if not whole:
        return None
    times = f"{len(whole)} repeat{'s' * (len(whole) > 1)} of {count} folds, every patient tested once in each"
    notes = (f"Means over {times}; 95 % intervals by resampling patients.",)
    every = [table for (repeat, _), table in tables.items() if repeat not in lacking]
    return diagnosis(whole, every, _classes(runs[0]), replicates=replicates, seed=seed, notes=notes)


def _check_alike(runs: Sequence[Run], tables: Sequence[pd.DataFrame]) -> None:
    """Refuse tables that do not have the same scorers, and the same patients beside those of the folds."""
    first, *others = [(set(table), set(table.index[table["part"] != TEST])) for table in tables]
    for run, other in zip(runs[1:], others, strict=False):
        if other != first:
            what = "scorers" if other[0] != first[0] else "patients beside the folds"
            raise EcgError(f"{run.files.patients} has other {what} than {runs[0].files.patients}")


def _repeat(run: Run) -> tuple[int, int]:
    """Seed and repeat: runs of another seed are another repeat."""
    return run.replicate[0], run.replicate[2]


def _classes(run: Run) -> Sequence[str]:
    return [name.removeprefix("p_") for name in run.predictions.columns if name.startswith("p_")]


def pooled_tables(sweep: Path) -> list[NumberTable]:
    """The tables of a sweep, for the terminal; what is incomplete is said below them."""
    found = []
    for group in group_runs(find_runs([sweep])):
        problems: list[str] = []
        made = pooled_diagnoses(group, problems)
        found += [replace(one.short, title=heading(setting, group)) for setting, one in made]
        if problems:
            found.append(NumberTable(("not pooled",), [(line,) for line in problems]))
    return found


def heading(setting: Setting, group: Group) -> str:
    """Above a setting's table."""
    return f"{group.heading}, {setting.label}: {counted(len(setting.runs))} runs pooled"
