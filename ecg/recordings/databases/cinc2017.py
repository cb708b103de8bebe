"""The AF Classification Challenge 2017: short recordings of one lead, each with one label and no beat marked."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from ecg.errors import EcgError
from ecg.recordings.databases.base import Database
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

LABELS = "REFERENCE-v3.csv"
"""The third review of the labels."""


@dataclass(frozen=True, kw_only=True)
class RhythmDatabase(Database):
    """Recordings with one rhythm each, flat in the database's folder or in folders below it."""

    @property
    def url(self) -> str:
        """Where its files are."""
        return f"https://physionet.org/files/challenge-2017/{self.version}/"

    def headers(self, folder: Path) -> dict[str, Path]:
        """The header of each record that has a label, by name.

        Raises:
            EcgError: there are none, or the file of labels is damaged.
        """
        found = {path.stem: path for path in sorted(folder.rglob("A*.hea"))}
        have = {record: found[record] for record in self.labels(folder) if record in found}
        if not have:
            raise self.nothing_there(folder, "has no records")
        return have

    def labels(self, folder: Path) -> dict[str, str]:
        """Label of each record: A atrial fibrillation, N normal, O another rhythm, ~ noise.

        Raises:
            EcgError: the file of labels is missing or damaged.
        """
        file = folder / LABELS
        if not file.is_file():
            raise self.nothing_there(folder, f"has no {LABELS}")
        with file.open(newline="", encoding="utf-8") as handle:
            rows = [row for row in csv.reader(handle) if row]
        if not all(len(row) == 2 for row in rows):
            raise EcgError(f"{file}: every line must be a record and its label")
        return {row[0]: row[1] for row in rows}

    def is_there(self, folder: Path) -> bool:
        """Whether labels and any of their records are there."""
        return (folder / LABELS).is_file() and any(folder.rglob("A*.hea"))

    def read(self, header: Path) -> Recording:
        """One recording, without annotations; whose it is is unknown, so each is taken for a patient.

        Raises:
            EcgError: files are missing or damaged.
        """
        found = read_record(header, patient=f"{self.name} {header.stem}", annotator=None)
        return replace(found, database=self.name)


CINC2017 = RhythmDatabase(
    name="cinc2017",
    version="1.0.0",
    title="AF Classification from a Short Single Lead ECG Recording, Challenge 2017",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Clifford GD, Liu C, Moody B, et al. AF classification from a short single lead ECG recording: the "
        "PhysioNet/Computing in Cardiology Challenge 2017. Computing in Cardiology 44 (2017)"
    ),
    doi="10.22489/CinC.2017.065-469",
    n_records=8528,
    n_bytes=98_000_000,
    instead="dataset.mixture.cinc2017=0",
    needed=r"REFERENCE-v3\.csv|training/A\d\d/A\d{5}\.(hea|mat)",
)
