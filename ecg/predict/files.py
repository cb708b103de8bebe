"""What is written for each recording: all of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from ecg.errors import EcgError
from ecg.predict.annotations import ANNOTATOR, write_annotations
from ecg.predict.labelled import Labelled
from ecg.training.folder import write_json

ENDINGS = ("csv", ANNOTATOR, "html", "json")
"""In the order in which they get their names; the last one says that the others are there."""


def check_out(out: Path, records: Iterable[str], inputs: Iterable[Path], *, force: bool) -> None:
    """Make the folder, and refuse to write over results or over what is read.

    Raises:
        EcgError: so it would be, or the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out):
            pass
    except OSError as error:
        raise EcgError(f"--out {out}: cannot be written ({error.strerror or error}); choose another folder") from None
    read = {path.resolve() for path in inputs}
    for record in records:
        for path in (out / f"{record}.{ending}" for ending in ENDINGS):
            if path.resolve() in read:
                raise EcgError(
                    f"--out {out}: {path.name} would replace the recording it is made from; choose another folder"
                )
            if path.exists() and not force:
                raise EcgError(f"{path} exists; choose another --out, or replace results with --force")


def write_files(out: Path, labelled: Labelled, content: dict[str, object], html: str) -> None:
    """Write the four files of one recording.

    Raises:
        OSError: the folder cannot be written or the disk is full; nothing half-written is left.
    """
    record = labelled.recording.record
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{record}.") as name:
        folder = Path(name)
        beats_table(labelled).to_csv(folder / f"{record}.csv", index=False, float_format="%.4f")
        write_annotations(folder, record, labelled.sample, labelled.names.tolist(), labelled.recording.fs)
        (folder / f"{record}.html").write_text(html, encoding="utf-8")
        write_json(folder / f"{record}.json", content)
        for ending in ENDINGS:
            (folder / f"{record}.{ending}").replace(out / f"{record}.{ending}")


def beats_table(labelled: Labelled) -> pd.DataFrame:
    """One row for each R peak: `time_s`, `sample`, `rr_s`, `label`, `confidence`, and a probability per class."""
    columns: dict[str, object] = {
        "time_s": labelled.seconds,
        "sample": labelled.sample,
        "rr_s": labelled.rr_s,
        "label": labelled.names,
        "confidence": labelled.confidence.astype(np.float64),
    }
    for i, name in enumerate(labelled.classes):
        columns[f"p_{name}"] = labelled.probability[:, i].astype(np.float64)
    return pd.DataFrame(columns)
