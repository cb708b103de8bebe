"""What is written for each recording: all of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from pathlib import Path

from ecg.errors import EcgError
from ecg.predict.annotations import ANNOTATOR, write_annotations
from ecg.predict.labelled import Labelled
from ecg.training.folder import write_json

ENDINGS = ("csv", ANNOTATOR, "html", "json")
"""In the order in which they get their names; the last one says that the others are there."""
OVERVIEW = ("index.html", "records.csv")
"""What is written for several recordings together."""


def check_out(out: Path, records: Sequence[str], inputs: Iterable[Path], *, force: bool) -> None:
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
    names = [f"{record}.{ending}" for record in records for ending in ENDINGS]
    for path in (out / name for name in (*names, *(OVERVIEW if len(records) > 1 else ()))):
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
        lines = "\n".join(beats_lines(labelled))
        (folder / f"{record}.csv").write_text(lines + "\n", encoding="utf-8")
        write_annotations(folder, record, labelled.sample, labelled.names.tolist(), labelled.recording.fs)
        (folder / f"{record}.html").write_text(html, encoding="utf-8")
        write_json(folder / f"{record}.json", content)
        for ending in ENDINGS:
            (folder / f"{record}.{ending}").replace(out / f"{record}.{ending}")


def beats_lines(labelled: Labelled) -> Iterator[str]:
    """The head, then one line for each R peak: time, sample, RR interval before it, label and its probabilities.

    What is not known stays empty. (pandas takes ten times as long for the same lines, 5 s for a day.)
    """
    yield ",".join(["time_s", "sample", "rr_s", "label", "confidence", *(f"p_{name}" for name in labelled.classes)])
    rows = zip(
        labelled.seconds.tolist(),
        labelled.sample.tolist(),
        labelled.rr_s.tolist(),
        labelled.names.tolist(),
        labelled.confidence.tolist(),
        labelled.probability.tolist(),
        strict=True,
    )
    share = ",%.4f" * (1 + len(labelled.classes))
    nothing = "," * (1 + len(labelled.classes))
    for second, sample, rr, name, confidence, p in rows:
        before = "" if isnan(rr) else f"{rr:.4f}"
        values = nothing if isnan(confidence) else share % (confidence, *p)
        yield f"{second:.4f},{sample},{before},{name}{values}"
