"""The command that explains a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg.commands.options import DataDir


def explain(
    runs: Annotated[
        list[Path], typer.Argument(help="A run folder or weights file; further seeds of the same run may follow.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for page, figures and tables; else RUN/explain.")] = None,
    data_dir: DataDir = None,
    dataset_from: Annotated[
        Path | None, typer.Option(help="A run folder whose dataset is used; for weights that stand alone.")
    ] = None,
    beats: Annotated[int, typer.Option(help="Beats per probe; maps and checks take a share of them.")] = 3000,
    layer: Annotated[
        str | None, typer.Option(help="Where Grad-CAM looks; else the last layer that tells moments apart.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 0,
) -> None:
    """Show what a model looks at, whether that can be trusted, and what each of its layers knows.

    Takes one to three minutes. Needs captum: pip install 'captum>=0.8,<1'.
    """
    from ecg.explain import explain as work

    def doing(what: str) -> None:
        typer.echo(f"{what} ...", err=True)

    made = work(
        runs, out=out, dataset_from=dataset_from, data_dir=data_dir, beats=beats, layer=layer, seed=seed, doing=doing
    )
    for sentence in made.sentences:
        typer.echo(sentence)
    typer.echo(f"page: {made.page}")
