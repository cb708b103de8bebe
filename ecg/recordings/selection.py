"""Which records of a database carry the diagnosis that is asked for, and which were left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.physionet import Database, ways_on
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

MI_CLASSES: tuple[str, ...] = ("normal", "MI")
"""Class names in the order of their numbers."""


@dataclass(frozen=True)
class DiagnosedRecord:
    """One record and what is known of it before its signals are read.

    Attributes:
        path: the record without suffix.
        patient: identifier of the person.
        label: class number of the diagnosis.
    """

    path: Path
    patient: str
    label: int

    @property
    def name(self) -> str:
        """The record's own name."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, Path]:
        """Header and samples; PTB's Frank leads are not used here."""
        return Path(f"{self.path}.hea"), Path(f"{self.path}.dat")

    def read(self) -> Recording:
        """The whole recording.

        Raises:
            EcgError: a file is missing or damaged.
        """
        return read_record(self.path, patient=self.patient, annotator=None)


@dataclass(frozen=True)
class Selection:
    """Records of one database that can be used.

    Attributes:
        database: its short name, also in front of every count.
        records: in a fixed order.
        left_out: number of records that are there but not used, by reason.
        not_downloaded: number of records of the whole database that are not there.
        note: what a reader of any number must know; empty if nothing.
    """

    database: str
    records: tuple[DiagnosedRecord, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    not_downloaded: int = 0
    note: str = ""

    @classmethod
    def of(
        cls, database: Database, records: list[DiagnosedRecord], left_out: Mapping[str, int], there: int, whole: int
    ) -> Selection:
        """The selection, with a note where only `there` of the `whole` number of records are there."""
        absent = max(0, whole - there)
        note = f"Only {there:,} of the {database.n_records:,} records of {database.name} were there." if absent else ""
        return cls(database.name, tuple(records), dict(left_out), absent, note)


def nothing_there(database: Database, folder: Path, lacks: str) -> EcgError:
    """What to say where a folder has no record of a database: what it `lacks`, and the ways on."""
    return EcgError(f"{folder} {lacks if folder.is_dir() else 'does not exist'}. {ways_on(database, folder)}")
