"""The story of a comparison on one page: read, group, draw, write, show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ecg.atomic import whole_file
from ecg.compare.figures import Shown, group_figures
from ecg.compare.files import markdown, run_rows, summary_rows, write_csv
from ecg.compare.measures import BEAT_LEVEL, Measure, measures_of
from ecg.compare.settings import Group, group_runs
from ecg.compare.sheet import comparison_page
from ecg.compare.terminal import terminal_tables
from ecg.compare.tested import read_histories, read_tested
from ecg.compare.words import findings, replicates, where_tested
from ecg.errors import EcgError
from ecg.page import write_page
from ecg.report.save import save_figure
from ecg.runs.find import find_runs
from ecg.runs.run import Run


def compare_runs(
    roots: Sequence[Path], *, out: Path | None = None, metric: str = BEAT_LEVEL, wandb: bool = False
) -> Path:
    """Compare the runs below `roots`: tables to the terminal, files and a page to `out`.

    Args:
        roots: run folders, or folders that hold them at any depth.
        out: where to write; None is `compare/` in the only root.
        metric: the headline score, a key of metrics.json.
        wandb: also log tables and figures as one W&B run.

    Returns:
        The page.

    Raises:
        EcgError: no runs, an unknown metric, or several roots without `out`.
    """
    where = _where(roots, out)
    runs = find_runs(roots)
    measures = measures_of(runs, metric)
    groups = group_runs(runs)
    left_out = _left_out(runs, groups)
    names = ", ".join(root.resolve().name for root in roots[:3])
    count = sum(len(group.runs) for group in groups)
    title = f"Comparison of {count} run{'s' * (count != 1)}: {names}{' ...' if len(roots) > 3 else ''}"
    said, figures = _look_into(groups, measures)
    files = _write_figures(where, figures)
    write_csv(where / "runs.csv", run_rows(runs))
    write_csv(where / "summary.csv", summary_rows(groups))
    with whole_file(where / "comparison.md") as temporary:
        temporary.write_text(markdown(title, groups, measures, said, files, left_out), encoding="utf-8")
    pictures = {
        group: [(one, (where / file).read_bytes()) for one, (_, file) in zip(figures[group], found, strict=True)]
        for group, found in files.items()
    }
    write_page(where / "index.html", comparison_page(title, groups, measures, said, pictures, left_out))
    _show(groups, measures, said, left_out, where)
    if wandb:
        from ecg.compare.summary_run import log_comparison

        Console().print(log_comparison(roots[0], where, runs, groups, files), highlight=False, soft_wrap=True)
    return where / "index.html"


def _where(roots: Sequence[Path], out: Path | None) -> Path:
    if out is None and len(roots) != 1:
        raise EcgError(f"{len(roots)} folders are compared: say with --out where to write")
    return roots[0] / "compare" if out is None else out


def _left_out(runs: Sequence[Run], groups: Sequence[Group]) -> list[Run]:
    """Runs without results, and older ones that were repeated."""
    repeated = [
        replace(run, reason="the same setting and seed were run again later", state="no result")
        for group in groups
        for run in group.repeated
    ]
    return [*(run for run in runs if not run.counts), *repeated]


def _look_into(
    groups: Sequence[Group], measures: Sequence[Measure]
) -> tuple[dict[str, list[str]], dict[str, list[Shown]]]:
    """Sentences and figures per group, by its title."""
    said, figures = {}, {}
    for group in groups:
        problems: list[str] = []
        tested, histories = read_tested(group.runs, problems), read_histories(group.runs, problems)
        late = [*(f"{run.name}: {run.reason}." for run in group.runs if run.reason), *(f"{one}." for one in problems)]
        lines = [line for measure in measures for line in findings(group, measure)]
        said[group.title] = [where_tested(group, tested), *replicates(group), *dict.fromkeys(lines), *late]
        figures[group.title] = group_figures(group, measures, tested, histories)
    return said, figures


def _write_figures(where: Path, figures: Mapping[str, Sequence[Shown]]) -> dict[str, list[tuple[str, str]]]:
    """Save all figures as PNG; heading and file name of each, by the group's title."""
    files: dict[str, list[tuple[str, str]]] = {}
    for number, (title, shown) in enumerate(figures.items(), 1):
        prefix = f"{number}_" if len(figures) > 1 else ""
        files[title] = [(one.title, f"{prefix}{one.name}.png") for one in shown]
        for one in shown:
            save_figure(one.figure, where / f"{prefix}{one.name}.png")
    return files


def _show(
    groups: Sequence[Group],
    measures: Sequence[Measure],
    said: Mapping[str, Sequence[str]],
    left_out: Sequence[Run],
    where: Path,
) -> None:
    console = Console()
    for table in terminal_tables(groups, measures, left_out):
        console.print(table)
    for group in groups:
        if len(groups) > 1:
            console.print(f"\n{group.title}", style="bold", highlight=False, markup=False)
        for line in said[group.title]:
            console.print(f"- {line}", highlight=False, markup=False)
    if not groups:
        console.print("No run is finished: there is nothing to compare yet.")
    console.print(
        f"\nwritten: {where / 'index.html'} (and runs.csv, summary.csv, comparison.md, figures)",
        highlight=False,
        soft_wrap=True,
    )
