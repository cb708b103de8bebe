"""Runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them, e.g. that of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; else compare/ in the given folder.")] = None,
    metric: Annotated[str, typer.Option(help="The headline score, a key of metrics.json.")] = "test/macro_f1",
    wandb: Annotated[bool, typer.Option("--wandb", help="Also log the comparison as a W&B run.")] = False,
) -> None:
    """Compare runs: tables, figures and one HTML page, from their folders alone.

    Runs that differ in seed or fold only are one setting; what was tested on other data or another split is not mixed.
    """
    from ecg.compare.story import compare_runs

    compare_runs(runs, out=out, metric=metric, wandb=wandb)
