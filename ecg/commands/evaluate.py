"""The command that scores a trained model on other beats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder (outputs/...) or a weights.safetensors file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Changes as for train.py: dataset.split=patients, dataset.source=..., data_dir=..."),
    ] = None,
    side: Annotated[str, typer.Option(help="Side of the split: test, val, train, or all beats.")] = "test",
    out: Annotated[Path | None, typer.Option(help="Folder for the results; else RUN/evaluations/...")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there.")] = False,
) -> None:
    """Score a trained model on another dataset, source or split, without training.

    Says first how many of the evaluated beats and patients trained the model. With --side all every beat of a
    database that the model never saw is a test beat.
    """
    from ecg.evaluate import evaluate as work
    from ecg.evaluate.terminal import tell

    def doing(what: str) -> None:
        typer.echo(f"{what} ...", err=True)

    tell(work(run, overrides or [], side=side, out=out, force=force, doing=doing))
