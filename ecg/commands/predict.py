"""Labels for one's own recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    records: Annotated[list[Path], typer.Argument(help="WFDB, EDF, CSV or NumPy files, or folders of them.")],
    weights: Annotated[Path, typer.Option(help="A run folder (outputs/...) or a weights.safetensors file.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if missing.")],
    lead: Annotated[str | None, typer.Option(help="Lead by name; else the weights' own, else II.")] = None,
    fs: Annotated[float | None, typer.Option(help="Sampling rate in Hz, for files that do not say it.")] = None,
    unit: Annotated[str | None, typer.Option(help="mV, uV, V or ADU, for files that do not say it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there already.")] = False,
) -> None:
    """Find and label the heartbeats of one's own recordings. Research software: no diagnosis.

    Writes for each record a CSV (a row per beat), a WFDB annotation file (.ecg), a summary (.json) and a page (.html)
    to scroll through; for several records also index.html and records.csv.
    """
    from ecg.predict.story import predict as label
    from ecg.predict.terminal import Teller

    known, inputs, outcomes = label(records, weights, out, fs=fs, lead=lead, unit=unit, force=force)
    teller = Teller(known, out, len(inputs))
    teller.begin()
    done = []
    for outcome in outcomes:
        teller.tell(outcome)
        done.append(outcome)
    if not teller.finish(done):
        raise typer.Exit(1)
