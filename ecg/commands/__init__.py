"""The `ecg` command. Heavy libraries load inside the commands, so that `ecg --help` is instant."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ecg import __version__
from ecg.commands.output import print_anything
from ecg.commands.subcommands import (
    compare,
    download,
    ensemble,
    evaluate,
    explain,
    export,
    kaggle_csv,
    models,
    predict,
    score,
    wandb_report,
)
from ecg.errors import EcgError

HELP = "ECG heartbeat classification: train, test, explain and compare models, and label recordings with them."
STOPPED = {
    "download": "what was fetched is kept, and the same command goes on from there",
    "predict": "no recording was finished yet; the same command begins again",
}
"""What Ctrl-C leaves of a command; of the others, no file that is half written."""


class Commands(TyperGroup):
    """All of them; Ctrl-C ends one with a line that says what is kept."""

    def invoke(self, ctx: Any) -> Any:  # typer brings a click of its own
        """Run the command.

        Raises:
            Exit: with 130, as shells do, where it was stopped.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            kept = STOPPED.get(ctx.invoked_subcommand or "", "no file is half written; the same command begins again")
            typer.echo(f"\nstopped; {kept}", err=True)
            raise typer.Exit(130) from None


cli = typer.Typer(cls=Commands, help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ecg {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """What `ecg` takes before a command."""


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def train() -> None:
    """Train models: `ecg train dataset=mi transfer.trainable_layers=3`; the same as `python train.py`.

    Takes Hydra's settings and options; `ecg train --help` lists them.
    """
    raise AssertionError("app() hands this over to Hydra")


for command in (
    download,
    kaggle_csv,
    models,
    predict,
    score,
    compare,
    wandb_report,
    evaluate,
    explain,
    export,
    ensemble,
):
    cli.command()(command)


def app() -> None:
    """Run the command; an error the user can put right is one line, without a stack trace unless ECG_TRACE=1."""
    print_anything()
    if sys.argv[1:2] == ["train"]:
        hydras = import_module("ecg.commands.train")  # the name belongs to the function above
        # processes that share a training are started with the words in sys.argv: they must lead here again
        sys.argv = [str(hydras.__file__), *sys.argv[2:]]
        hydras.main()
        return
    try:
        cli()
    except (EcgError, OSError) as error:
        if os.environ.get("ECG_TRACE") == "1":
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
