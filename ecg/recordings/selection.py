"""Which records of a database carry the diagnosis that is asked for, and which were left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
        return self.path.with_name(f"{self.name}.hea"), self.path.with_name(f"{self.name}.dat")

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
