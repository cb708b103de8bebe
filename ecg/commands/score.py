"""Scores of annotation files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def score(
    where: Annotated[Path, typer.Argument(help="A folder of test annotations, or one record without ending.")],
    reference: Annotated[str, typer.Option(help="Annotator of the reference.")] = "atr",
    test: Annotated[str, typer.Option(help="Annotator to score.")] = "ecg",
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of the reference files (or of mitdb/ with them); else beside the test's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV file for the scores of each record; else scores.csv there.")
    ] = None,
) -> None:
    """Score annotation files against reference annotations, as ANSI/AAMI EC57 and `bxb` count."""
    from ecg.atomic import whole_file
    from ecg.beats.labels import AAMI_CLASSES
    from ecg.predict.score_files import compare_files, score_table
    from ecg.predict.terminal import tell_scores

    records, problems = compare_files(where, reference, test, data_dir)
    if records:
        table = score_table(records, AAMI_CLASSES)
        target = out or (where if where.is_dir() else where.parent) / "scores.csv"
        with whole_file(target) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
        tell_scores(records, AAMI_CLASSES)
        typer.echo(f"scores of {len(records)} records: {target}")
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
