"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder that holds mitdb/, ptbdb/, ptb-xl/; else ECG_DATA, else the platform's cache folder."),
]
