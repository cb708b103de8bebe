"""What is known of a database: where it comes from, which of its files are needed, who was recorded, who tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ecg.errors import EcgError
from ecg.recordings.databases.diagnosis import Selection
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database, published or one's own.

    Attributes:
        name: short name, PhysioNet's if it has one; also the name of its folder below the data folder.
        title: full title.
        version: the published version.
        licence: name of the licence.
        citation: the paper to cite.
        doi: of the database.
        n_records: number of records.
        n_bytes: size of the files needed here, about; 0: it cannot be downloaded.
        needed: a pattern that the names of the needed files match as a whole.
        instead: the setting with which a run does without it.
    """

    name: str
    title: str
    version: str = ""
    licence: str = ""
    citation: str = ""
    doi: str = ""
    n_records: int = 0
    n_bytes: int = 0
    needed: str = r".*\.(hea|dat|atr)"
    instead: str = "dataset.source=synthetic"

    @property
    def url(self) -> str:
        """Where its files are, with a slash at the end."""
        return f"https://physionet.org/files/{self.name}/{self.version}/"

    def needed_files(self, listed: Iterable[str]) -> list[str]:
        """Which files are used here, of all that its SHA256SUMS.txt lists; names relative to its folder."""
        return sorted(name for name in listed if re.fullmatch(self.needed, name))

    def is_there(self, folder: Path) -> bool:
        """Whether a folder holds enough of it to begin with."""
        raise NotImplementedError

    def ways_on(self, folder: Path) -> str:
        """The sentence that ends every message about absent data: what the reader can do now."""
        if not self.n_bytes:
            return f"Put the records of {self.name} into {folder}, or set data_dir= to the folder that has {self.name}/"
        return (
            f"Three ways on: fill {folder} with the files of {self.url} "
            f"(`ecg download {self.name} --data-dir {folder.parent}`); "
            f"set data_dir= (or ECG_DATA) to a folder that has {self.name}/; or {self.instead}"
        )

    def nothing_there(self, folder: Path, lacks: str) -> EcgError:
        """What to say where a folder has no record: what it `lacks`, and the ways on."""
        return EcgError(f"{folder} {lacks if folder.is_dir() else 'does not exist'}. {self.ways_on(folder)}")


class Dominant(NamedTuple):
    """A test record that holds most beats of a class, so that a total says mostly how a model does on one patient.

    Attributes:
        record: its name.
        beat: the class.
        note: in words.
    """

    record: str
    beat: str
    note: str


@dataclass(frozen=True, kw_only=True)
class BeatDatabase(Database):
    """Recordings whose beats are annotated.

    Attributes:
        records: names of the records, in the database's own order; empty: all that the folder has, by name.
        patient: identifier of the person, by record; two records of one person share it.
        train: records of the standard split that train; empty: all that are neither in `test` nor in `left_out`.
        test: records that test; empty: whole patients are drawn.
        left_out: records of neither.
        split_note: what a reader of any number from the standard split must be told.
        annotator: suffix of the annotation files.
        dominant: test records that hold most beats of a class.
        loose_marks: whether annotations may lie some 25 ms beside the R peak.
        calibrated: whether its amplitudes are in mV; without, a gain of 0 in a header is no error.
    """

    records: Sequence[str] = ()
    patient: Callable[[str], str] = str
    train: Sequence[str] = ()
    test: Sequence[str] = ()
    left_out: Sequence[str] = ()
    split_note: str = ""
    annotator: str = "atr"
    calibrated: bool = True
    loose_marks: bool = False
    dominant: Sequence[Dominant] = ()

    def trains(self, records: Iterable[str]) -> list[str]:
        """Those of the records that train, by the standard split."""
        left = {*self.test, *self.left_out}
        return [record for record in records if (record in self.train if self.train else record not in left)]

    def files(self, record: str) -> list[str]:
        """Names of one record's files."""
        return [f"{record}.hea", f"{record}.dat", f"{record}.{self.annotator}"]

    def needed_files(self, listed: Iterable[str]) -> list[str]:
        """RECORDS and the files of all records, listed or not."""
        if not self.records:
            return super().needed_files(listed)
        return ["RECORDS", *(name for record in self.records for name in self.files(record))]

    def there(self, folder: Path) -> list[str]:
        """Names of the records of a folder."""
        if self.records:
            return list(self.records)
        headers = sorted(path.stem for path in folder.glob("*.hea"))
        return [record for record in headers if all((folder / name).is_file() for name in self.files(record))]

    def missing_files(self, folder: Path) -> list[str]:
        """Names of the files that a folder lacks."""
        return [name for record in self.records for name in self.files(record) if not (folder / name).is_file()]

    def is_there(self, folder: Path) -> bool:
        """Whether a folder holds all records; any, where their names are not known beforehand."""
        return bool(self.there(folder)) and not self.missing_files(folder)

    def read(self, folder: Path, record: str) -> Recording:
        """One record.

        Raises:
            EcgError: files are missing or damaged.
        """
        how: dict[str, Any] = {"annotator": self.annotator, "calibrated": self.calibrated}
        return replace(read_record(folder / record, patient=self.patient(record), **how), database=self.name)


@dataclass(frozen=True, kw_only=True)
class DiagnosisDatabase(Database):
    """Recordings of patients with a diagnosis; their beats are not annotated.

    Attributes:
        select: from a folder, and those of `min_likelihood`, `statements` and `stages` that the database states and the
            function therefore takes, to the records that can be used, with their diagnoses.
        present: whether a folder holds enough of it to begin with.
    """

    select: Callable[..., Selection] = field()
    present: Callable[[Path], bool] = field()

    def is_there(self, folder: Path) -> bool:
        """As `present` says."""
        return self.present(folder)
