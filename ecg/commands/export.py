"""The command that writes a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg.commands.options import DataDir


def export(
    run: Annotated[Path, typer.Argument(help="A run folder (outputs/...) or a weights.safetensors file.")],
    out: Annotated[Path | None, typer.Option(help="The file; else weights.onnx beside the weights.")] = None,
    data_dir: DataDir = None,
    beats: Annotated[int, typer.Option(help="Test beats to check the file on.")] = 2000,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a model as ONNX, with its metadata, and check it against torch on the run's own test beats.

    A file that disagrees is not kept. Where the recordings are not at hand, random beats are taken, and it says so.
    Needs onnx and onnxruntime: pip install 'onnx>=1.17,<2' 'onnxruntime>=1.20,<2'.
    """
    from ecg.export import export as work

    def doing(what: str) -> None:
        typer.echo(f"{what} ...", err=True)

    for sentence in work(run, out=out, data_dir=data_dir, beats=beats, force=force, doing=doing).sentences:
        typer.echo(sentence)
