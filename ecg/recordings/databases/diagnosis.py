"""Which records of a database carry the diagnosis that is asked for, and which were left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

NORMAL, INFARCTION = "normal", "MI"
"""Diagnoses that records are selected by."""


@dataclass(frozen=True)
class DiagnosedRecord:
    """One record and what is known of it before its signals are read.

    Attributes:
        path: the record without suffix.
        patient: identifier of the person.
        diagnosis: in a word, e.g. `normal` or `MI`.
        database: short name of the database.
    """

    path: Path
    patient: str
    diagnosis: str
    database: str = ""

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
        return replace(read_record(self.path, patient=self.patient, annotator=None), database=self.database)


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
    def of(cls, name: str, records: list[DiagnosedRecord], left_out: Counter[str], whole: int, all_: int) -> Selection:
        """The selection from the database `name`, with a note where not all of its `whole` number of records are there.

        `all_` is the number of records of the published database.
        """
        there = len(records) + left_out.total()
        absent = max(0, whole - there)
        note = f"Only {there:,} of the {all_:,} records of {name} were there." if absent else ""
        return cls(name, tuple(records), dict(left_out), absent, note)
