"""What is written for each recording: all of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path

import numpy as np

from ecg import checks
from ecg.errors import EcgError
from ecg.predict.labelled import Labelled
from ecg.recordings.recording import Annotations
from ecg.recordings.wfdb_annotations import annotation_bytes
from ecg.runs.folder import write_json

ANNOTATOR = "ecg"
"""Ending of the annotation files written here."""
SYMBOLS: Mapping[str, str] = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q", "-": "?"}
"""WFDB annotation symbol of each AAMI class, and `?` (LEARN) for a beat that was not classified. Labels of other tasks
are written as `Q`, with the label in the note."""
ENDINGS = ("csv", ANNOTATOR, "html", "json")
"""In the order in which they get their names; the last one says that the others are there."""
OVERVIEW = ("index.html", "records.csv")
"""What is written for several recordings together."""


def check_out(out: Path, records: Sequence[str], inputs: Iterable[Path], *, force: bool, overview: bool = True) -> None:
    """Make the folder, and refuse to write over results, an overview among them, or over what is read.

    Raises:
        EcgError: so it would be, or the folder cannot be written.
    """
    checks.check_out(out)
    out.mkdir(parents=True, exist_ok=True)
    read = {path.resolve() for path in inputs}
    names = [f"{record}.{ending}" for record in records for ending in ENDINGS]
    for path in (out / name for name in (*names, *(OVERVIEW if overview and len(records) > 1 else ()))):
        if path.resolve() in read:
            why = f"{path.name} would replace the recording it is made from"
            raise EcgError(f"--out {out}: {why}; choose another folder")
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
        (folder / f"{record}.csv").write_text("\n".join(beats_lines(labelled)) + "\n", encoding="utf-8")
        write_annotations(folder, labelled)
        (folder / f"{record}.html").write_text(html, encoding="utf-8")
        write_json(folder / f"{record}.json", content)
        names = [f"{record}.{ending}" for ending in ENDINGS]
        try:
            _move(names, folder, out)
        except KeyboardInterrupt:  # the little that is left is done, so that --resume finds all or nothing
            _move(names, folder, out)
            raise


def _move(names: Sequence[str], folder: Path, out: Path) -> None:
    """Move the files that have not been moved yet."""
    for path in (folder / name for name in names):
        if path.exists():
            path.replace(out / path.name)


def beats_lines(labelled: Labelled) -> Iterator[str]:
    """The head, then one line for each R peak: time, sample, RR interval before it, label and its probabilities.

    What is not known stays empty. (pandas takes ten times as long for the same lines, 5 s for a day.)
    """
    head = ["time_s", "sample", "rr_s", "label", "confidence", *(f"p_{name}" for name in labelled.classes)]
    yield ",".join([*head, *(["rhythm"] if labelled.fibrillation is not None else [])])
    inside = labelled.fibrillating.tolist()
    rhythms = ("", "") if labelled.fibrillation is None else (",", ",AFIB")
    columns = ("seconds", "sample", "rr_s", "names", "confidence", "probability")
    share = ",%.4f" * (1 + len(labelled.classes))
    nothing = "," * (1 + len(labelled.classes))
    rows = zip(*(getattr(labelled, column).tolist() for column in columns), strict=True)
    for (second, sample, rr, name, confidence, p), rhythm in zip(rows, inside, strict=True):
        before = "" if isnan(rr) else f"{rr:.4f}"
        values = nothing if isnan(confidence) else share % (confidence, *p)
        yield f"{second:.4f},{sample},{before},{name}{values}{rhythms[rhythm]}"


def write_annotations(folder: Path, labelled: Labelled) -> None:
    """Write `<record>.ecg` into `folder`; the sampling rate is noted in it, so that it can be read without a header.

    Atrial fibrillation begins at a mark `+` with the note `(AFIB`, and ends at one with `(N`.
    """
    own = {"-", *SYMBOLS}
    marks = [
        (sample, SYMBOLS.get(name, "Q"), "" if name in own else name)
        for sample, name in zip(labelled.sample.tolist(), labelled.names.tolist(), strict=True)
    ]
    for start, stop in () if labelled.fibrillation is None else labelled.fibrillation.tolist():
        marks += [(start, "+", "(AFIB"), *([(stop, "+", "(N")] if stop < labelled.recording.n_samples else [])]
    if labelled.fibrillation is not None and (not len(labelled.fibrillation) or labelled.fibrillation[0, 0] > 0):
        marks.append((0, "+", "(N"))  # so that a reader knows that the rhythm was looked at
    marks.sort(key=lambda mark: mark[0])
    sample, symbol, note = (list(column) for column in zip(*marks, strict=True))
    found = Annotations(np.array(sample, dtype=np.int64), np.array(symbol), np.array(note))
    path = folder / f"{labelled.recording.record}.{ANNOTATOR}"
    path.write_bytes(annotation_bytes(found, labelled.recording.fs))
