"""Commands that bring data in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg.commands.options import DataDir


def download(
    database: Annotated[str, typer.Argument(help="mitdb, ptbdb or ptb-xl.")],
    data_dir: DataDir = None,
    base_url: Annotated[str | None, typer.Option(help="A mirror of the database's files.")] = None,
) -> None:
    """Fetch a PhysioNet database; what is there and whole is kept, what is half there is resumed."""
    from ecg.checks import one_of
    from ecg.recordings.data_dir import data_folder
    from ecg.recordings.download import download as fetch
    from ecg.recordings.physionet import DATABASES

    one_of("database", database, DATABASES)
    wanted = DATABASES[database]
    report = fetch(wanted, data_folder(data_dir) / database, base_url=base_url)
    typer.echo(f"{report.folder}: {len(report.fetched)} files fetched, {len(report.kept)} were there already")
    typer.echo(f"{wanted.title} {wanted.version}, {wanted.licence}, doi {wanted.doi}. Please cite: {wanted.citation}")


def kaggle_csv(
    out: Annotated[Path, typer.Option(help="Folder for mitbih_train.csv and mitbih_test.csv.")],
    data_dir: DataDir = None,
) -> None:
    """Rebuild the Kaggle heartbeat files from MIT-BIH, equal to float32, each row in its published file.

    The test file is in its published order; the training file, whose order is not known, in record order.
    """
    from ecg.data.kaggle_files import write_kaggle_files
    from ecg.recordings.data_dir import data_folder

    for path, rows in write_kaggle_files(data_folder(data_dir), out).items():
        typer.echo(f"{path}: {rows:,} rows")
