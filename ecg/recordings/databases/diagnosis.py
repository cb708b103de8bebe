"""Which records of a database carry a diagnosis, of whom they are, and which were left out and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

NORMAL, INFARCTION, OTHER = "normal", "MI", "other"
"""Diagnoses: a healthy heart, a myocardial infarction, and anything else."""
FEMALE, MALE = "female", "male"


@dataclass(frozen=True)
class DiagnosedRecord:
    """One record and what is known of it before its signals are read.

    Attributes:
        path: the record without suffix.
        patient: identifier of the person.
        diagnosis: `normal`, `MI` or `other`.
        database: short name of the database.
        age: in years when it was recorded; NaN where nobody says.
        sex: `female`, `male`, or empty.
        gain: ADU per mV of all leads, where the headers are known to be wrong; None: as they say.
    """

    path: Path
    patient: str
    diagnosis: str
    database: str = ""
    age: float = nan
    sex: str = ""
    gain: float | None = None

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
        found = replace(read_record(self.path, patient=self.patient, annotator=None), database=self.database)
        return found if self.gain is None else replace(found, gain=np.full(len(found.leads), self.gain))


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


def header_says(header: Path) -> list[tuple[str, str]]:
    """What the comment lines of a header say: `# Age: 51` and `#<age>: 51` are ("age", "51"); some are a name alone.

    Args:
        header: a .hea file.

    Raises:
        EcgError: it cannot be read.
    """
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EcgError(f"{header}: {error.strerror or error}") from None
    lines = (line.partition(":") for line in re.findall(r"^#[ \t]*(.*)$", text, re.MULTILINE))
    return [(name.strip(" \t\r<>.").lower(), value.strip(" \t\r.")) for name, _, value in lines]


def age_of(text: object) -> float:
    """Years, from what a header or table says; NaN where that is no age."""
    try:
        years = float(str(text))
    except ValueError:
        return nan
    return years if 0 < years < 130 else nan


def sex_of(text: object) -> str:
    """`female`, `male`, or empty where the text says neither; `F` and `M` are enough."""
    said = str(text).strip().lower()
    return {"f": FEMALE, "female": FEMALE, "m": MALE, "male": MALE}.get(said, "")
