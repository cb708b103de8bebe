"""The Lobachevsky University Database: waves marked in each of twelve leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.recordings.databases.base import Database
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_annotations, read_record

LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
QRS = "N"
"""The mark of a QRS complex's peak, whatever its kind."""


@dataclass(frozen=True, kw_only=True)
class WaveDatabase(Database):
    """Recordings whose waves are marked lead by lead, in files `data/<record>.<lead>`."""

    def there(self, folder: Path) -> list[str]:
        """Names of the records of a folder, in the database's order.

        Raises:
            EcgError: there are none.
        """
        found = [file.stem for file in (folder / "data").glob("*.hea")]
        if not found:
            raise self.nothing_there(folder, "has no records in data/")
        return sorted(found, key=lambda name: (len(name), name))

    def files(self, record: str) -> list[str]:
        """Names of one record's files."""
        return [f"data/{record}.{ending}" for ending in ("hea", "dat", *LEADS)]

    def is_there(self, folder: Path) -> bool:
        """Whether any record is there."""
        return any((folder / "data").glob("*.hea"))

    def read(self, folder: Path, record: str) -> Recording:
        """One record, its twelve leads without annotations; see `qrs`.

        Raises:
            EcgError: files are missing or damaged.
        """
        found = read_record(folder / "data" / record, patient=f"{self.name} {record}", annotator=None)
        return replace(found, record=f"{self.name} {record}", database=self.name)

    def qrs(self, folder: Path, record: str, lead: str) -> npt.NDArray[np.int64]:
        """QRS peaks of one lead in samples; the outer beats of a recording bear no mark.

        Raises:
            EcgError: the file is missing or damaged.
        """
        marks, _ = read_annotations(folder / "data" / f"{record}.{lead.lower()}")
        return np.asarray(marks.sample[marks.symbol == QRS])


LUDB = WaveDatabase(
    name="ludb",
    version="1.0.1",
    title="Lobachevsky University Electrocardiography Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Kalyakulina AI, Yusipov II, Moskalenko VA, et al. LUDB: a new open-access validation tool for "
        "electrocardiogram delineation algorithms. IEEE Access 8:186181-186190 (2020)"
    ),
    doi="10.13026/eegm-h675",
    n_records=200,
    n_bytes=26_000_000,
    needed=r"data/\d+\.(hea|dat|i|ii|iii|avr|avl|avf|v[1-6])",
    instead="dataset.databases=[mitdb,svdb]",
)
