"""Scores of annotation files against other annotation files, record by record and in all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ecg.errors import EcgError
from ecg.predict.scores import Compared, beat_list, compare, score
from ecg.recordings.wfdb_files import read_annotations


def compare_files(where: Path, reference: str, test: str, data_dir: Path | None) -> tuple[list[Compared], list[str]]:
    """Match the annotation files of one record, or of all records of a folder.

    Args:
        where: a folder with test annotations, or one record without ending.
        reference: annotator of the reference, e.g. `atr`.
        test: annotator to be scored, e.g. `ecg`.
        data_dir: folder that holds the reference files, or `mitdb/` with them; None looks beside the test files.

    Returns:
        The matched records, and a line for each that could not be scored.

    Raises:
        EcgError: there is nothing to score.
    """
    for name in (reference, test):
        if not name.isalpha():
            raise EcgError(f"{name!r}: the name of an annotator is the ending of its files: letters only, e.g. atr")
    folder, records = _records(where.expanduser(), test)
    done, problems = [], []
    for record in records:
        try:
            done.append(_one(folder, record, reference, test, data_dir))
        except EcgError as error:
            problems.append(str(error))
    return done, problems


def _records(where: Path, test: str) -> tuple[Path, list[str]]:
    if not where.is_dir():
        stem = where.with_suffix("") if where.suffix in (f".{test}", ".hea") else where
        return stem.parent, [stem.name]
    records = sorted(file.stem for file in where.glob(f"*.{test}"))
    if not records:
        raise EcgError(f"{where} has no annotation files of {test!r} (no file that ends in .{test})")
    return where, records


def _one(folder: Path, record: str, reference: str, test: str, data_dir: Path | None) -> Compared:
    places = [folder] if data_dir is None else [data_dir, data_dir / "mitdb", folder]
    file = next((p / f"{record}.{reference}" for p in places if (p / f"{record}.{reference}").is_file()), None)
    if file is None:
        looked = ", ".join(str(place) for place in places)
        raise EcgError(f"record {record}: no {record}.{reference} in {looked}; name its folder with --data-dir")
    (wanted, wanted_fs), (given, test_fs) = map(read_annotations, (file, folder / f"{record}.{test}"))
    in_headers = (_header_fs(place / f"{record}.hea") for place in (file.parent, folder))
    fs = next((found for found in (*in_headers, wanted_fs, test_fs) if found), None)
    if fs is None:
        raise EcgError(f"record {record}: its sampling rate is unknown: {record}.hea is not there, no file says it")
    if test_fs is not None and abs(test_fs - fs) > 1e-6:
        raise EcgError(f"record {record}: {test} counts time at {test_fs:g} Hz, {reference} at {fs:g} Hz")
    return compare(record, beat_list(wanted.sample, wanted.symbol), beat_list(given.sample, given.symbol), fs)


def _header_fs(header: Path) -> float | None:
    """Sampling rate of a header's first line: `100 2 360 650000`, perhaps `360/...` or `360(...)`."""
    text = header.read_text(encoding="ascii", errors="ignore") if header.is_file() else ""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = re.match(r"\s*\S+\s+\S+\s+(\d+\.?\d*)", lines[0]) if lines else None
    return float(found[1]) if found else None


def score_table(records: Sequence[Compared], classes: Sequence[str]) -> pd.DataFrame:
    """One row for each record, and `all` at the end."""
    rows = [{"record": one.record, **score([one], classes)} for one in records]
    return pd.DataFrame([*rows, {"record": "all", **score(records, classes)}])
