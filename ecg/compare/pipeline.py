"""A comparison from the runs' folders to its own: read, group, draw, write, show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ecg.atomic import whole_file
from ecg.checks import check_out
from ecg.compare.figures import group_figures
from ecg.compare.files import Comparison, Part, markdown, run_rows, summary_rows, write_csv
from ecg.compare.measures import Measure, measures_of, over_runs
from ecg.compare.pooled import heading, pooled_diagnoses
from ecg.compare.settings import Group, group_runs
from ecg.compare.sheet import comparison_page
from ecg.compare.tables import group_tables, left_out_table
from ecg.compare.tested import read_histories, read_tested
from ecg.compare.words import findings, where_tested
from ecg.errors import EcgError
from ecg.page import write_page
from ecg.report.save import save_figure
from ecg.runs.find import find_runs, paths


def compare_runs(
    roots: Sequence[Path], *, out: Path | None = None, metric: str | None = None, wandb: bool = False
) -> Path:
    """Compare the runs below `roots`: tables to the terminal, files and a page to `out`.

    Args:
        roots: run folders, or folders that hold them at any depth.
        out: where to write; None is `compare/` in the only root.
        metric: the headline score, a key of metrics.json; see `measures_of`.
        wandb: also log tables and figures as one W&B run.

    Returns:
        The page.

    Raises:
        EcgError: no runs, an unknown metric, or several roots without `out`.
    """
    if out is None and len(roots) != 1:
        raise EcgError(f"{len(roots)} folders are compared: say with --out where to write")
    where = roots[0] / "compare" if out is None else out
    check_out(where)
    made = compare(roots, metric=metric)
    _write(where, made)
    _show(made, where)
    if wandb:
        from ecg.compare.summary_run import log_comparison

        Console().print(log_comparison(roots[0], where, made.found, made.parts), highlight=False, soft_wrap=True)
    return where / "index.html"


def compare(roots: Path | str | Sequence[Path | str], *, metric: str | None = None) -> Comparison:
    """Compare the runs below `roots`, and write nothing.

    Runs that differ in seed or fold only are one setting; what was tested on other data or another split is not mixed.

    Args:
        roots: run folders, or folders that hold them at any depth.
        metric: the headline score, a key of metrics.json; see `measures_of`.

    Raises:
        EcgError: no runs, or an unknown metric.
    """
    if not (folders := paths(roots)):
        raise EcgError("nothing to compare: name run folders, or folders that hold them")
    runs = find_runs(folders)
    measures = measures_of(runs, metric)
    groups = group_runs(runs)
    parts = [_part(group, measures, f"{number}_" if len(groups) > 1 else "") for number, group in enumerate(groups, 1)]
    left_out = [run for run in runs if not run.counts]
    again = "the same setting and seed were run again later"
    left_out += [replace(run, reason=again, state="no result") for part in parts for run in part.group.repeated]
    count = sum(len(part.group.runs) for part in parts)
    names = ", ".join(folder.resolve().name for folder in folders[:3])
    title = f"Comparison of {count} run{'s' * (count != 1)}: {names}{' ...' if len(folders) > 3 else ''}"
    return Comparison(title, parts, left_out, runs)


def _part(group: Group, measures: Sequence[Measure], prefix: str) -> Part:
    """Sentences and figures of a group."""
    problems: list[str] = []
    tested, histories = read_tested(group.runs, problems), read_histories(group.runs, problems)
    together = pooled_diagnoses(group, problems)
    pooled = {s.label: replace(made.table, title=heading(s, group)) for s, made in together}
    late = [*(f"{run.name}: {run.reason}." for run in group.runs if run.reason), *(f"{one}." for one in problems)]
    lines = dict.fromkeys(line for measure in measures for line in findings(group, measure))
    whole = [f"{s.label}, all patients pooled: {made.verdict}" for s, made in together if made.verdict]
    said = [where_tested(group, tested), *lines, *whole, *late]
    known = [measure for measure in measures if over_runs(group.runs, measure.key)]
    return Part(group, known, said, group_figures(group, measures, tested, histories), prefix, pooled)


def _write(where: Path, made: Comparison) -> None:
    """Figures, tables and the page into the folder."""
    for file, one in ((file, one) for part in made.parts for file, one in part.files.items()):
        save_figure(one.figure, where / file)
    write_csv(where / "runs.csv", run_rows(made.found))
    write_csv(where / "summary.csv", summary_rows([part.group for part in made.parts]))
    with whole_file(where / "comparison.md") as temporary:
        temporary.write_text(markdown(made), encoding="utf-8")
    write_page(where / "index.html", comparison_page(made, where))


def _show(made: Comparison, where: Path) -> None:
    """Tables and sentences onto the screen."""
    parts, console = made.parts, Console(highlight=False)
    for table in (table for part in parts for table in group_tables(part.group, part.measures)):
        console.print(table)
    for table in (table for part in parts for table in part.pooled.values()):
        console.print(table)
    if made.left_out:
        console.print(left_out_table(made.left_out))
    for part in parts:
        if len(parts) > 1:
            console.print(f"\n{part.group.title}", style="bold", markup=False)
        for line in part.answer:
            console.print(line, style="bold", markup=False)
        for line in part.said:
            console.print(f"- {line}", markup=False)
    if not parts:
        console.print("No run is finished: there is nothing to compare yet.")
    files = "(and runs.csv, summary.csv, comparison.md, figures)"
    console.print(f"\nwritten: {where / 'index.html'} {files}", soft_wrap=True)
