"""The `ecg` command. Heavy libraries load inside the commands, so that `ecg --help` is instant."""

from __future__ import annotations

import os
import sys

import typer

from ecg.cli.compare import compare
from ecg.cli.data import download, kaggle_csv
from ecg.cli.evaluate import evaluate
from ecg.cli.explain import explain
from ecg.cli.export import export
from ecg.cli.predict import predict
from ecg.cli.score import score
from ecg.errors import EcgError

cli = typer.Typer(
    help="ECG heartbeat classification: data in and out. Models are trained with `python train.py`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (download, kaggle_csv, compare, evaluate, explain, export, predict, score):
    cli.command()(command)


def app() -> None:
    """Run the command; an error the user can put right is one line, without a stack trace unless ECG_TRACE=1."""
    try:
        cli()
    except (EcgError, OSError) as error:
        if os.environ.get("ECG_TRACE") == "1":
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
