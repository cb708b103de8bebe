"""Where beats come from: what every source can do, and recordings whose beats are annotated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Protocol

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.detected import segmented
from ecg.beats.segmentations import Segmentation, key_of
from ecg.beats.table import Beats
from ecg.data.mixture import Mixture, added_beats
from ecg.data.people import Person
from ecg.errors import EcgError
from ecg.parallel import each
from ecg.recordings.databases import BeatDatabase, Database
from ecg.recordings.databases.cinc2017 import CINC2017
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording

ANNOTATED = "reference annotations"
"""Who marked the R peaks of MIT-BIH, of the Kaggle rows made from it, and of the simulated recordings."""


@dataclass(frozen=True)
class Prepared:
    """Beats of a source and what they were made of.

    Attributes:
        beats: all of them, before any split.
        fingerprint: SHA-256 over the source's files.
        cached: whether the beats came from the cache.
        facts: who marked the R peaks, what was left out and why; JSON values only.
        notes: what a reader of any number must be told.
        extra: beats that a mixture adds to the training subset; of all records that may train.
        people: by patient, where the label is a diagnosis.
        beside: beats that are tested and never trained, by database; class -1 where the task has none.
        refused: why a record could not be used, by its name.
    """

    beats: Beats
    fingerprint: str
    cached: bool
    facts: Facts
    notes: tuple[str, ...] = ()
    extra: Beats | None = None
    people: Mapping[str, Person] = field(default_factory=dict)
    beside: Mapping[str, Beats] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A place that beats come from.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether a model of the ECG made the beats.
    """

    name: str
    simulated: bool

    @property
    def databases(self) -> tuple[str, ...]:
        """Short names of the databases whose hearts these are; empty for a simulation."""

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """All beats of the source, downloaded or simulated first if need be, kept in and taken from `cache`."""

    def recording(self, name: str) -> Recording | None:
        """One whole recording, or None where the source has only beats."""

    def at_hand(self) -> bool:
        """Whether `prepare` needs no download."""


Place = Callable[[], Path]
"""Makes sure that a database is there, and returns its folder."""


def downloaded(data_dir: Path, database: Database) -> Path:
    """The folder of a database, which is downloaded now if it is not there.

    Raises:
        EcgError: it is not there and cannot be downloaded.
    """
    folder = data_dir / database.name
    if not database.is_there(folder):
        if not database.n_bytes:
            raise database.nothing_there(folder, "has no records")
        from ecg.recordings.download import download

        download(database, folder)
    return folder


def nothing_to_download() -> bool:
    """What a source that is made, not downloaded, says when asked whether it is at hand."""
    return True


def all_there(data_dir: Path, databases: Sequence[Database]) -> bool:
    """Whether none of these must be downloaded."""
    return all(database.is_there(data_dir / database.name) for database in databases)


@dataclass
class AnnotatedSource:
    """Databases whose beats are annotated.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether they come from a model of the ECG.
        places: databases, and where each is.
        ready: whether each needs no download.
        mixture: what is added to the training subset.
        examples: where the recordings of one rhythm are, which a mixture may ask for.
    """

    name: str
    simulated: bool
    places: Sequence[tuple[BeatDatabase, Place]]
    ready: Callable[[], bool] = nothing_to_download
    mixture: Mixture = Mixture()  # noqa: RUF009 (frozen)
    examples: Place | None = None

    @property
    def databases(self) -> tuple[str, ...]:
        """Short names; none of a simulation."""
        return () if self.simulated else tuple(database.name for database, _ in self.places)

    def at_hand(self) -> bool:
        """Whether nothing must be downloaded."""
        return self.ready()

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """Read and segment every record, or take the result from the cache.

        Raises:
            EcgError: files are missing or damaged, or records of two databases have one name.
        """
        parts = [self._one(database, place(), segmentation, leads, cache) for database, place in self.places]
        marks = [part.fingerprint for part in parts]
        extra = added_beats(self.mixture, self.places, marks, self.examples, segmentation, leads, cache)
        if len(parts) == 1:
            return replace(parts[0], extra=extra)
        for (one, mine), (other, its) in combinations(zip(self.databases, parts, strict=True), 2):
            if same := sorted(set(mine.beats.record.tolist()) & set(its.beats.record.tolist())):
                raise EcgError(
                    f"dataset.databases: {one} and {other} both have a record {same[0]}, so their beats could not be "
                    "told apart; rename the records of one of them"
                )
        return Prepared(
            Beats.concatenate([part.beats for part in parts]),
            hashlib.sha256(" ".join(part.fingerprint for part in parts).encode()).hexdigest(),
            all(part.cached for part in parts),
            {"r_peaks": ANNOTATED, "records": sum(int(str(part.facts["records"])) for part in parts)},
            (f"{' and '.join(self.databases)} are taken to share no patient.",),
            extra,
        )

    def _one(
        self, database: BeatDatabase, folder: Path, segmentation: Segmentation, leads: Sequence[str], cache: Path
    ) -> Prepared:
        records = database.there(folder)
        files = [folder / name for record in records for name in database.files(record)]
        mark = fingerprint(path for path in files if path.exists())

        def build(add: Callable[[Beats], None]) -> Facts:
            work = partial(_segmented, database, folder, segmentation, leads)
            for beats in each(records, work, f"segmenting beats ({segmentation.name})"):
                add(beats)
            return {"r_peaks": ANNOTATED, "records": len(records)}

        key = {"files": mark, "database": database.name, **key_of(segmentation, leads)}
        beats, facts, cached = cached_beats(cache, key, build)
        return Prepared(beats, mark, cached, facts)

    def recording(self, name: str) -> Recording | None:
        """The whole recording called `name`."""
        for database, place in self.places:
            folder = place()
            if name in database.there(folder):
                return database.read(folder, name)
        return None


def _segmented(
    database: BeatDatabase, folder: Path, segmentation: Segmentation, leads: Sequence[str], record: str
) -> Beats:
    return segmented(with_leads(database.read(folder, record), leads), segmentation)[0]


def annotated_source(
    databases: Sequence[BeatDatabase],
    data_dir: Path,
    mixture: Mixture = Mixture(),  # noqa: B008 (frozen)
) -> AnnotatedSource:
    """Databases below `data_dir`; files that are missing there are downloaded."""
    places = [(database, partial(downloaded, data_dir, database)) for database in databases]
    ready = partial(all_there, data_dir, databases)
    return AnnotatedSource("physionet", False, places, ready, mixture, partial(downloaded, data_dir, CINC2017))
