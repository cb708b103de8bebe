"""`ecg score --rpeaks`: any detector on any records with marked beats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ecg.beats.rpeaks import detector
from ecg.checks import one_of
from ecg.errors import EcgError
from ecg.metrics.rpeaks import LEADS, Detected, detect_all
from ecg.recordings.databases import DATABASES, BeatDatabase

SUBSETS = ("all", "test", "train", "left_out")


def score_rpeaks(
    where: Path, name: str, *, data_dir: Path, annotator: str = "atr", lead: str | None = None, subset: str = "all"
) -> tuple[str, Sequence[Detected]]:
    """Find R peaks and compare them with the marked beats.

    Args:
        where: a database's short name, a folder of WFDB records, or one record.
        name: the detector, see `ecg.beats.rpeaks.detector`.
        data_dir: holds mitdb/ and so on.
        annotator: suffix of the reference annotations.
        lead: by name; None: MLII, else the first.
        subset: records of the database's standard split: all, test, train, left_out.

    Returns:
        The detector's name with its version, and the records.

    Raises:
        EcgError: no such detector, database, subset or records.
    """
    one_of("--subset", subset, SUBSETS)
    find = detector(name)
    database, folder, records = _records(where, data_dir, annotator, subset)
    return find.name, detect_all(find, database, folder, records, [lead] if lead else LEADS)


def _records(where: Path, data_dir: Path, annotator: str, subset: str) -> tuple[BeatDatabase, Path, Sequence[str]]:
    known = DATABASES.get(str(where))
    if isinstance(known, BeatDatabase):
        folder = data_dir / known.name
        if not known.is_there(folder):
            raise known.nothing_there(folder, "lacks records")
        there = known.there(folder)
        chosen = {"all": there, "test": known.test, "train": known.trains(there), "left_out": known.left_out}[subset]
        if not chosen:
            raise EcgError(f"--subset {subset}: {known.name} has no such records")
        return known, folder, [record for record in there if record in chosen]
    if subset != "all":
        raise EcgError(f"--subset {subset}: only a database with a standard split has subsets, not {where}")
    where = where.expanduser()
    folder = where if where.is_dir() else where.parent
    own = BeatDatabase(name=folder.name or "own", title=str(folder), annotator=annotator, calibrated=False)
    records = own.there(folder) if where.is_dir() else [where.with_suffix("").name if where.suffix else where.name]
    if not records or not all((folder / f"{record}.{annotator}").is_file() for record in records):
        names = ", ".join(name for name, one in DATABASES.items() if isinstance(one, BeatDatabase))
        raise EcgError(f"{where}: no WFDB records with .{annotator} annotations there; or name a database: {names}")
    return own, folder, records
